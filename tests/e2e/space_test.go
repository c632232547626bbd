package e2e

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// diskFile is a file, whatever names it has, with the directories of branches that have it.
type diskFile struct {
	bytes int64
	in    map[string]bool
}

// diskFiles are the files below directories of the data directory by their numbers.
func diskFiles(t *testing.T, data string, dirs ...string) map[uint64]*diskFile {
	t.Helper()
	files := map[uint64]*diskFile{}
	for _, dir := range dirs {
		depth := map[string]int{"stores": 3, "warehouse": 2}[dir]
		err := filepath.WalkDir(filepath.Join(data, dir), func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // the server is at work
			}
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(data, path)
			if err != nil {
				return err
			}
			st := info.Sys().(*syscall.Stat_t)
			f := files[st.Ino]
			if f == nil {
				f = &diskFile{bytes: st.Blocks * 512, in: map[string]bool{}}
				files[st.Ino] = f
			}
			parts := strings.Split(rel, "/")
			f.in[strings.Join(parts[:min(depth, len(parts))], "/")] = true
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// ownersOf are the branches by their directories; a branch that a reset has replaced counts as the one in its place.
func ownersOf(t *testing.T, data string) map[string]uint32 {
	t.Helper()
	type branch struct {
		ID, Next        uint32
		Name, Warehouse string
	}
	type database struct {
		ID            uint32
		Name          string
		Head          struct{ Name string }
		Branches, Put []branch
	}
	whole, err := os.ReadFile(filepath.Join(data, "tarn.json"))
	if err != nil {
		t.Fatal(err)
	}
	journal, err := os.ReadFile(filepath.Join(data, "tarn.journal"))
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{string(whole)}
	for line := range strings.Lines(string(journal)) {
		_, text, _ := strings.Cut(line, " ") // after the checksum
		texts = append(texts, text)
	}
	names, branches := map[uint32]string{}, map[uint32]branch{} // as they were last; who is gone is harmless, for numbers are not used again
	of := map[uint32]uint32{}
	for _, text := range texts {
		var part struct{ Databases []database }
		if err := json.Unmarshal([]byte(text), &part); err != nil {
			t.Fatal(err)
		}
		for _, d := range part.Databases {
			if name := cmp.Or(d.Name, d.Head.Name); name != "" {
				names[d.ID] = name
			}
			for _, b := range slices.Concat(d.Branches, d.Put) {
				branches[b.ID], of[b.ID] = b, d.ID
			}
		}
	}
	owners := map[string]uint32{}
	for id, b := range branches {
		house := names[of[id]]
		if b.Name != "main" {
			house += "@" + b.Name
		}
		live := id
		for branches[live].Next != 0 {
			live = branches[live].Next
		}
		owners[fmt.Sprintf("stores/%d/%d", of[id], id)] = live
		if house = "warehouse/" + cmp.Or(b.Warehouse, house); owners[house] < live {
			owners[house] = live
		}
	}
	return owners
}

// TestSpaceOfBranches: what tarn.branches says of a tree of branches with a past of updates, drops with CASCADE, resets, merges and lake
// tables is what is on disk, and nothing is there that nobody has.
func TestSpaceOfBranches(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a server for seconds")
	}
	data := t.TempDir()
	server, stop := startServer(t, data, "--log-level", "error", "--branch-idle", "500ms")
	on := func(branch string, statements ...string) {
		t.Helper()
		c := server.on("postgres@" + branch)
		defer c.close()
		for _, sql := range statements {
			c.run(sql)
		}
	}
	update := func(branch string, rounds int) {
		t.Helper()
		for i := range rounds {
			on(branch, fmt.Sprintf("update big set v = md5(random()::text) || repeat('%d', 300) where id %% 5 = %d", i, i%5))
		}
	}
	on("main", "create table big (id int primary key, v text); create table fact (id int, v text) using delta; create table key (id int primary key, n int)",
		"insert into big select i, md5(i::text) || repeat('x', 300) from generate_series(1, 40000) i",
		"insert into fact select i, md5(i::text) from generate_series(1, 20000) i; insert into key select i, 0 from generate_series(1, 100) i")
	update("main", 4)
	on("main", "create branch a", "create branch b", "create branch c from a", "create branch past at lsn '"+strings.TrimSpace(server.run("select pg_current_wal_lsn()"))+"'")
	update("a", 6)
	on("c", "delete from fact where id % 3 = 0", "insert into fact select i, 'c' from generate_series(1, 5000) i", "update key set n = 1 where id < 50", "create index on big (v)")
	on("main", "create branch d from c", "create branch e from d", "create branch f from e")
	update("d", 6)
	on("e", "drop table big", "create table other as select i, repeat('o', 200) as t from generate_series(1, 20000) i")
	on("main", "merge branch c", "drop table if exists nothing", "insert into fact select i, 'main' from generate_series(1, 5000) i")
	update("main", 4)
	on("main", "alter branch b reset", "select tarn.mirror_sync()")
	update("b", 3)
	on("main", "alter branch b reset", "create branch gone from b", "create branch goner from gone")
	update("gone", 3)
	on("goner", "create table lake (id int) using delta", "insert into lake select generate_series(1, 10000)", "select tarn.mirror_sync()", "drop table lake")
	on("main", "create database other template postgres")
	quiet := func() {
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(200 * time.Millisecond) {
			if server.run("select count(*) from tarn.branches where state = 'active' and name <> 'main'") == "0\n" {
				return
			}
			if time.Now().After(deadline) {
				t.Fatal("branches do not become idle")
			}
		}
	}
	drop := func(sql string) {
		t.Helper()
		quiet()
		on("main", sql)
	}
	drop("drop branch gone cascade")
	drop("drop branch d cascade")
	on("main", "create branch g from a", "alter branch g rename to h", "drop database other")
	quiet()

	compare := func(when string) {
		t.Helper()
		// Files come and go in the background for a while: as long as what the two see differs, look again.
		var problem string
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(300 * time.Millisecond) {
			cells, err := query(server.c, "select sum(unique_bytes) from tarn.branches")
			if err != nil {
				t.Fatal(err)
			}
			unique, err := strconv.ParseInt(cells[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			var all, once int64
			owners := ownersOf(t, data)
			for _, f := range diskFiles(t, data, "stores", "warehouse") {
				all += f.bytes
				branches := map[uint32]bool{}
				for dir := range f.in {
					if owners[dir] == 0 {
						t.Errorf("%s: %s is no branch's", when, dir)
					}
					branches[owners[dir]] = true
				}
				if len(branches) > 1 {
					once += f.bytes
				}
			}
			if problem = ""; unique+once != all {
				problem = fmt.Sprintf("%s: %d unique and %d shared bytes, on disk %d: %d are nobody's", when, unique, once, all, all-unique-once)
			}
			if problem == "" || time.Now().After(deadline) {
				break
			}
		}
		if problem != "" {
			t.Error(problem)
		}
	}
	check := func(when string) {
		t.Helper()
		out, err := exec.Command(binary(t), "check", data).CombinedOutput()
		if err != nil || strings.Contains(string(out), "left over") {
			t.Errorf("%s: check: %v\n%s", when, err, out)
		}
	}
	compare("at the end")
	stop()
	server, _ = startServer(t, data, "--log-level", "error", "--branch-idle", "500ms")
	for _, b := range []string{"main", "a", "b", "c", "h", "past"} {
		on(b, "select count(*) from big")
	}
	quiet()
	compare("after a restart")
	server.shutdown()
	check("after a restart")
}

// TestCheckFindsStrayDirectories: tarn check names stores and Delta tables that nobody has and stores that are gone, and tells them from
// what a killed server has left, which the next start removes.
func TestCheckFindsStrayDirectories(t *testing.T) {
	data := t.TempDir()
	server, _ := startServer(t, data, "--log-level", "error")
	server.run("create table heap (id int primary key); create table fact (id int) using delta; insert into heap values (1); insert into fact values (1)")
	server.run("create branch dev")
	server.run("select tarn.mirror_sync()")
	server.shutdown()
	check := func() (string, bool) {
		out, err := exec.Command(binary(t), "check", data).CombinedOutput()
		return string(out), err == nil
	}
	if out, ok := check(); !ok || strings.Contains(out, "left over") {
		t.Fatalf("check: %s", out)
	}
	put := func(name, text string) (remove func()) {
		t.Helper()
		path := filepath.Join(data, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			for dir := filepath.Dir(path); os.Remove(dir) == nil; dir = filepath.Dir(dir) {
			}
		}
	}
	for _, c := range []struct{ file, want string }{
		{"stores/77/5/STORE", "unreferenced: stores/77/5\n"},
		{"stores/16384/5/STORE", "unreferenced: stores/16384/5\n"},
		{"stores/notes.txt", "unreferenced: stores/notes.txt\n"},
		{"stores/16384/16385/notes.txt", "unreferenced: notes.txt\n"},
		{"stores/16384/16385/slot/notes.txt", "unreferenced: slot/notes.txt\n"},
		{"warehouse/nobody/public/t-1/part-1.parquet", "/warehouse/nobody is no branch's\n"},
		{"warehouse/postgres/public/notes.txt", "/warehouse/postgres/public is no table's\n"},
		{"warehouse/postgres@dev/public/t-77/_delta_log/00000000000000000000.json", "/warehouse/postgres@dev/public/t-77 is no table's\n"},
	} {
		text := ""
		if strings.HasSuffix(c.file, ".json") {
			text = `{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
{"metaData":{"id":"5fba94ed-9794-4965-ba6e-6ee3c0d22af9","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[]}","partitionColumns":[],"configuration":{}}}
`
		}
		remove := put(c.file, text)
		if out, ok := check(); ok || !strings.Contains(out, c.want) {
			t.Errorf("%s: %v\n%s", c.file, ok, out)
		}
		remove()
	}
	// What a kill leaves.
	put("stores/16384/5/wal/x", "")
	put("stores/16384/5.warehouse", "postgres@half\n")
	put("warehouse/postgres@half/public/t-1/part-1.parquet", "")
	if err := os.Mkdir(filepath.Join(data, "stores/88"), 0o700); err != nil {
		t.Fatal(err)
	}
	out, ok := check()
	for _, want := range []string{"left over: stores/16384/5, ", "left over: stores/16384/5.warehouse, ", "/warehouse/postgres@half, ", "left over: stores/88, "} {
		if !ok || !strings.Contains(out, want) {
			t.Errorf("%s: %v\n%s", want, ok, out)
		}
	}
	server, _ = startServer(t, data, "--log-level", "error")
	server.shutdown()
	if out, ok := check(); !ok || strings.Contains(out, "left over") {
		t.Errorf("after a start: %s", out)
	}
	stores, err := filepath.Glob(filepath.Join(data, "stores/16384/*"))
	if err != nil || len(stores) != 2 {
		t.Fatalf("stores %v, %v", stores, err)
	}
	away := filepath.Join(data, "away")
	if err := os.Rename(stores[1], away); err != nil {
		t.Fatal(err)
	}
	if out, ok := check(); ok || !strings.Contains(out, "missing: stores/16384/"+filepath.Base(stores[1])+"\n") {
		t.Errorf("a store is gone: %v\n%s", ok, out)
	}
}
