package branching

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// randomChange makes one of the changes that the manager makes.
func randomChange(t *Tree, rng *rand.Rand) {
	d := t.Databases[rng.IntN(len(t.Databases))]
	b := d.Branches[rng.IntN(len(d.Branches))]
	switch rng.IntN(8) {
	case 0, 1, 2:
		n := &Branch{ID: t.newID(), Parent: b.ID, LSN: b.LSN + 1, Depth: b.Depth + 1, Created: time.Now().UTC()}
		n.Name = fmt.Sprint("b", n.ID)
		d.Branches = append(d.Branches, n)
	case 3:
		if b.Name != MainBranch {
			d.forget([]uint32{b.ID})
		}
	case 4:
		b.Protected, b.Expires = !b.Protected, time.Now().UTC()
	case 5:
		d.Settings = map[string]string{"work_mem": fmt.Sprint(rng.IntN(100))}
	case 6:
		if rng.IntN(3) > 0 || len(t.Databases) == 1 {
			t.addDatabase(fmt.Sprint("d", t.NextID), superuserID)
		} else if d != t.Databases[0] {
			for i, x := range t.Databases {
				if x == d {
					t.Databases = append(t.Databases[:i], t.Databases[i+1:]...)
					break
				}
			}
		}
	case 7:
		t.Roles = append(copyRoles(t.Roles), &Role{ID: t.newID(), Name: "r", MemberOf: []Membership{{Role: 10}}})
	}
}

func content(t *Tree) string {
	c := *t
	c.Journal, c.Checksum = 0, 0
	raw, _ := json.Marshal(c)
	return string(raw)
}

// TestTreeFile makes random changes. A file and a journal that end anywhere in the last entry are the tree with it or without it.
func TestTreeFile(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	dir := t.TempDir()
	tree := &Tree{Format: treeFormat, NextID: 16384, Roles: []*Role{{ID: superuserID, Name: "postgres"}}}
	tree.addDatabase("postgres", superuserID)
	f, err := makeTreeFile(dir, tree)
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		old := tree
		before, size, journal := content(old), f.size, f.journal
		tree = old.clone()
		randomChange(tree, rng)
		if got := content(old); got != before {
			t.Fatalf("a change of the copy changed the tree in force:\n%s\n%s", before, got)
		}
		if err := f.write(old, tree); err != nil {
			t.Fatal(err)
		}
		raw, _ := os.ReadFile(filepath.Join(dir, journalName))
		ends := []int{len(raw)}
		if f.journal == journal && int(f.size) > int(size) {
			ends = append(ends, int(size), int(size)+rng.IntN(int(f.size-size)), int(f.size)-1)
		}
		for _, end := range ends {
			copied := t.TempDir()
			whole, _ := os.ReadFile(filepath.Join(dir, treeName))
			os.WriteFile(filepath.Join(copied, treeName), whole, 0o600)
			os.WriteFile(filepath.Join(copied, journalName), raw[:end], 0o600)
			want := content(tree)
			if end < len(raw) {
				want = before
			}
			for range 2 { // a start writes it anew
				g, got, err := openTreeFile(copied)
				if err != nil {
					t.Fatal(err)
				}
				if content(got) != want {
					t.Fatalf("journal of %d bytes of %d:\n%s\nwant\n%s", end, len(raw), content(got), want)
				}
				g.close()
			}
		}
		if rng.IntN(10) == 0 {
			f.close()
			if f, tree, err = openTreeFile(dir); err != nil {
				t.Fatal(err)
			}
		}
	}
	f.close()
}

// TestJournalDamage changes bytes of acknowledged entries.
func TestJournalDamage(t *testing.T) {
	dir := t.TempDir()
	tree := &Tree{Format: treeFormat, NextID: 16384}
	tree.addDatabase("postgres", superuserID)
	f, err := makeTreeFile(dir, tree)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		old := tree
		tree = old.clone()
		tree.addDatabase(fmt.Sprint("d", tree.NextID), superuserID)
		if err := f.write(old, tree); err != nil {
			t.Fatal(err)
		}
	}
	f.close()
	path := filepath.Join(dir, journalName)
	raw, _ := os.ReadFile(path)
	for i := 0; i < len(raw); i += 7 {
		if raw[i] == '\n' {
			continue
		}
		bad := append([]byte(nil), raw...)
		bad[i] ^= 1
		os.WriteFile(path, bad, 0o600)
		if _, _, err := openTreeFile(dir); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d (%q): %v", i, raw[i], err)
		}
	}
}

func FuzzJournal(f *testing.F) {
	tree := &Tree{Format: treeFormat, NextID: 16384}
	tree.addDatabase("postgres", superuserID)
	old := tree.clone()
	tree.addDatabase("other", superuserID)
	c := difference(old, tree)
	c.Seq = 1
	f.Add(c.encode())
	f.Add([]byte("00000000 {}\n"))
	f.Add([]byte(`{"Seq":1,"Databases":[{"ID":1,"Put":[null]}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		old.clone().replay(raw)
		if c, err := decodeChange(raw); err == nil {
			c.apply(old.clone())
		}
	})
}
