package branching

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
)

const (
	treeName    = "tarn.json"
	journalName = "tarn.journal"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrDamaged is wrapped by errors about a tree file whose checksum is wrong.
var ErrDamaged = errors.New("file is damaged")

// treeFile is the tree on disk (docs/formats/tree.md): a file with all of it, and a journal of the changes since, so that a change
// costs what it changes. Its methods run under Manager.change.
type treeFile struct {
	dir     string
	journal *os.File // nil: the next change writes everything
	seq     uint64   // of the newest entry
	size    int64    // of the journal's entries
	whole   int64    // size of the file
}

// openTreeFile reads the tree of a data directory, which is to be changed. Errors: fs.ErrNotExist, ErrDamaged.
func openTreeFile(dir string) (*treeFile, *Tree, error) {
	f, t, current, err := readTreeFile(dir)
	if err != nil {
		return nil, nil, err
	}
	if !current {
		return f, t, f.writeAll(t)
	}
	f.begin()
	return f, t, nil
}

// readTreeFile reads the tree of a data directory with its journal and changes nothing. current: all of it is in the file, in the newest
// format. Errors: fs.ErrNotExist, ErrDamaged.
func readTreeFile(dir string) (f *treeFile, t *Tree, current bool, err error) {
	t, format, size, err := readTree(dir)
	if err != nil {
		return nil, nil, false, err
	}
	f = &treeFile{dir: dir, whole: size}
	raw, err := os.ReadFile(filepath.Join(dir, journalName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, false, err
	}
	if f.seq, err = t.replay(raw); err != nil {
		return nil, nil, false, fmt.Errorf("%s: %w", journalName, err)
	}
	return f, t, len(raw) == 0 && format == treeFormat, nil
}

// makeTreeFile puts the first tree of a data directory on disk.
func makeTreeFile(dir string, t *Tree) (*treeFile, error) {
	f := &treeFile{dir: dir}
	return f, f.writeAll(t)
}

// write makes a change of the tree durable: that of old to t. After an error the change is not in force, now or after a restart.
func (f *treeFile) write(old, t *Tree) error {
	if f.journal == nil || f.size > max(f.whole, 64<<10) {
		return f.writeAll(t)
	}
	c := difference(old, t)
	c.Seq = f.seq + 1
	entry := c.encode()
	_, err := f.journal.WriteAt(entry, f.size)
	if err == nil {
		err = f.journal.Sync()
	}
	if err != nil {
		// What of the entry came to the disk must not be read at the next start, nor come before another's.
		if back := errors.Join(f.journal.Truncate(f.size), f.journal.Sync()); back != nil {
			f.close()
			err = errors.Join(err, back)
		}
		return err
	}
	f.seq = c.Seq
	f.size += int64(len(entry))
	return nil
}

// writeAll replaces the file by one with the whole tree, and begins the journal anew.
func (f *treeFile) writeAll(t *Tree) error {
	f.close()
	t.Journal = f.seq + 1 // an entry with this number is one that could not be taken back
	size, err := t.write(f.dir)
	if err != nil {
		return err
	}
	f.seq, f.whole = t.Journal, size
	f.begin()
	return nil
}

// begin opens an empty journal behind a file that has everything. A crash before it is empty leaves entries that the file has in it; a
// failure leaves it to the next change to write everything again.
func (f *treeFile) begin() {
	journal, err := os.OpenFile(filepath.Join(f.dir, journalName), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	if err := errors.Join(journal.Sync(), syncDir(f.dir)); err != nil {
		journal.Close()
		return
	}
	f.journal, f.size = journal, 0
}

func (f *treeFile) close() error {
	if f.journal == nil {
		return nil
	}
	err := f.journal.Close()
	f.journal = nil
	return err
}

// readTree reads the file alone, and tells the format that it is in and its size.
func readTree(dir string) (t *Tree, format int, size int64, err error) {
	raw, err := os.ReadFile(filepath.Join(dir, treeName))
	if err != nil {
		return nil, 0, 0, err
	}
	if t, format, err = decodeTree(raw); err != nil {
		return nil, 0, 0, err
	}
	return t, format, int64(len(raw)), nil
}

// decodeTree reads the text of a tree and tells the format that it is in.
func decodeTree(raw []byte) (t *Tree, format int, err error) {
	t = &Tree{}
	if err := json.Unmarshal(raw, t); err != nil {
		return nil, 0, fmt.Errorf("%s: %w: %w", treeName, ErrDamaged, err)
	}
	if t.Format < oldestTreeFormat || t.Format > treeFormat {
		return nil, 0, fmt.Errorf("%s: format %d, this program reads %d to %d", treeName, t.Format, oldestTreeFormat, treeFormat)
	}
	if t.Checksum != crc32.Checksum(withoutChecksum(raw), castagnoli) {
		return nil, 0, fmt.Errorf("%s: %w: checksum does not match", treeName, ErrDamaged)
	}
	format = t.Format
	t.Checksum, t.Format = 0, treeFormat
	return t, format, nil
}

// withoutChecksum is the file's text with a checksum of 0: what the checksum is of, whatever fields the program that wrote it
// knew.
func withoutChecksum(raw []byte) []byte {
	const field = `"Checksum": `
	at := bytes.LastIndex(raw, []byte(field))
	if at < 0 {
		return raw
	}
	at += len(field)
	end := at
	for end < len(raw) && raw[end] >= '0' && raw[end] <= '9' {
		end++
	}
	return append(append(append([]byte(nil), raw[:at]...), '0'), raw[end:]...)
}

func (t *Tree) encode() []byte {
	raw, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		panic(err) // only plain data in it
	}
	return append(raw, '\n')
}

// seal is the file's text, with its checksum.
func (t *Tree) seal() []byte {
	t.Checksum = 0
	t.Checksum = crc32.Checksum(t.encode(), castagnoli)
	raw := t.encode()
	t.Checksum = 0
	return raw
}

// write replaces the file: new file, sync, rename, sync of the directory. It returns the file's size.
func (t *Tree) write(dir string) (size int64, err error) {
	raw := t.seal()
	tmp := filepath.Join(dir, treeName+".new")
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return 0, err
	}
	if err := os.Rename(tmp, filepath.Join(dir, treeName)); err != nil {
		return 0, err
	}
	return int64(len(raw)), syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// change is an entry of the journal: what is otherwise than in the tree before it.
type change struct {
	Seq       uint64
	NextID    uint32
	Gone      []uint32         `json:",omitempty"` // databases that are there no more
	Databases []databaseChange `json:",omitempty"`
	Roles     []*Role          `json:",omitempty"` // all of them, if any is another
}

type databaseChange struct {
	ID   uint32
	Head *Database `json:",omitempty"` // without its branches; nil: as it was
	Gone []uint32  `json:",omitempty"` // branches
	Put  []*Branch `json:",omitempty"` // in the place of the one with this number, or at the end
}

// difference is what makes t of old.
func difference(old, t *Tree) change {
	c := change{NextID: t.NextID}
	if !slices.Equal(old.Roles, t.Roles) {
		c.Roles = t.Roles
	}
	before := make(map[uint32]*Database, len(old.Databases))
	for _, d := range old.Databases {
		before[d.ID] = d
	}
	for _, d := range t.Databases {
		if dc := differenceOf(before[d.ID], d); dc.Head != nil || dc.Gone != nil || dc.Put != nil {
			c.Databases = append(c.Databases, dc)
		}
		delete(before, d.ID)
	}
	for _, d := range old.Databases {
		if before[d.ID] != nil {
			c.Gone = append(c.Gone, d.ID)
		}
	}
	return c
}

func differenceOf(old, d *Database) databaseChange {
	c := databaseChange{ID: d.ID}
	if old == nil {
		old = &Database{}
	}
	if head := d.head(); !reflect.DeepEqual(old.head(), head) {
		c.Head = head
	}
	// Branches keep their order, so both lists are walked together.
	at := 0
	for _, b := range d.Branches {
		from := at
		for at < len(old.Branches) && old.Branches[at].ID != b.ID {
			at++
		}
		for _, x := range old.Branches[from:at] {
			c.Gone = append(c.Gone, x.ID)
		}
		if at == len(old.Branches) || *old.Branches[at] != *b {
			c.Put = append(c.Put, b)
		}
		at = min(at+1, len(old.Branches))
	}
	for _, x := range old.Branches[at:] {
		c.Gone = append(c.Gone, x.ID)
	}
	return c
}

// head is the database without its branches.
func (d *Database) head() *Database {
	h := *d
	h.Branches = nil
	return &h
}

// apply makes the change in the tree.
func (c *change) apply(t *Tree) {
	t.NextID = c.NextID
	if c.Roles != nil {
		t.Roles = c.Roles
	}
	t.Databases = slices.DeleteFunc(t.Databases, func(d *Database) bool { return slices.Contains(c.Gone, d.ID) })
	for _, dc := range c.Databases {
		i := slices.IndexFunc(t.Databases, func(d *Database) bool { return d.ID == dc.ID })
		if i < 0 {
			i = len(t.Databases)
			t.Databases = append(t.Databases, &Database{ID: dc.ID})
		}
		d := t.Databases[i]
		if dc.Head != nil {
			branches := d.Branches
			d = dc.Head
			d.Branches = branches
			t.Databases[i] = d
		}
		d.Branches = slices.DeleteFunc(d.Branches, func(b *Branch) bool { return slices.Contains(dc.Gone, b.ID) })
		for _, b := range dc.Put {
			if i := slices.IndexFunc(d.Branches, func(x *Branch) bool { return x.ID == b.ID }); i >= 0 {
				d.Branches[i] = b
			} else {
				d.Branches = append(d.Branches, b)
			}
		}
	}
}

// encode is the entry as a line: CRC-32C of the text in eight hexadecimal digits, a space, the text.
func (c *change) encode() []byte {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // only plain data in it
	}
	return fmt.Appendf(nil, "%08x %s\n", crc32.Checksum(text, castagnoli), text)
}

// replay makes the changes of a journal in the tree and returns the number of the last. A line
// without an end, or of zeros, is what a crash left of an entry that was never acknowledged.
func (t *Tree) replay(journal []byte) (seq uint64, err error) {
	seq = t.Journal
	size := 0
	for {
		line, _, whole := bytes.Cut(journal[size:], []byte("\n"))
		if !whole {
			return seq, nil
		}
		c, err := decodeChange(line)
		if err != nil {
			return seq, fmt.Errorf("entry at byte %d: %w", size, err)
		}
		size += len(line) + 1
		if c.Seq <= t.Journal {
			continue
		}
		if c.Seq != seq+1 {
			return seq, fmt.Errorf("%w: entry %d comes after entry %d", ErrDamaged, c.Seq, seq)
		}
		c.apply(t)
		seq = c.Seq
	}
}

func decodeChange(line []byte) (*change, error) {
	if len(line) < 9 || line[8] != ' ' {
		return nil, fmt.Errorf("%w: no checksum", ErrDamaged)
	}
	sum, err := strconv.ParseUint(string(line[:8]), 16, 32)
	if err != nil || uint32(sum) != crc32.Checksum(line[9:], castagnoli) {
		return nil, fmt.Errorf("%w: checksum does not match", ErrDamaged)
	}
	c := &change{}
	if err := json.Unmarshal(line[9:], c); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	for _, d := range c.Databases {
		if slices.Contains(d.Put, nil) {
			return nil, fmt.Errorf("%w: a branch is null", ErrDamaged)
		}
	}
	return c, nil
}
