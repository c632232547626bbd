package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cockroachdb/errors/oserror"

	"github.com/tarndb/tarn/storage/wal"
)

// The restore window is the past that Restore can bring back: checkpoints of the key-value state (bases), the log from the
// oldest of them on, and the sorted files that came in past the log since.
//
//	base/VALID-KEEP-MICROS/   a checkpoint, by hard links; the numbers in hexadecimal
//	ingested/STAMP-NAME       a sorted file as BulkWriter made it, a second name
//
//	VALID   positions from here on can be restored from the base
//	KEEP    the log is kept from here on; at or before the state in the base, and where the log's followers were
//	MICROS  when the base was taken, Unix time; every commit up to VALID is from before. 0: it is the store's beginning, no
//	        commit of its own is in it
//	STAMP   a base that lacks the file is not newer
//
// A base has its name once it is whole and durable, and loses it before its files go; what has another name is debris and
// goes when the store is opened.
const (
	baseDir     = "base"
	ingestedDir = "ingested"
)

type base struct {
	valid, keep wal.LSN
	micros      int64
	files       []string // names of its sorted files
}

func (b base) name() string {
	return fmt.Sprintf("%016X-%016X-%016X", uint64(b.valid), uint64(b.keep), b.micros)
}

func parseBase(name string) (b base, ok bool) {
	n, err := fmt.Sscanf(name, "%016X-%016X-%016X", &b.valid, &b.keep, &b.micros)
	return b, err == nil && n == 3 && b.name() == name
}

// window is the state of the restore window. Its lock is taken before Engine.logTurn.
type window struct {
	mu       sync.Mutex
	bases    []base // oldest first; protected by mu
	readers  int    // Restores under way: nothing goes; protected by mu
	ingested bool   // ingestedDir is there; protected by mu

	tending sync.Mutex // held while bases come and go; taken before mu
	first   *base      // linked by openWindow and not named yet; written with tending and mu
}

const (
	// baseSpacing and baseShare of the window's size are how much log there is between two bases, at most: what a Restore replays.
	baseSpacing = 256 << 20
	baseShare   = 8
	// baseTicks is how many bases an age of the window has, when less than that is logged.
	baseTicks = 8
	// windowTick is how often the age of bases is looked at.
	windowTick = time.Minute
)

// windowed reports whether the store keeps a restore window.
func (e *Engine) windowed() bool { return e.opts.Window > 0 }

// openWindow finds the bases and removes debris. A store without one gets its first, of the state that it is opened with.
func (e *Engine) openWindow() error {
	fs, dir := e.opts.FS, e.opts.FS.PathJoin(e.opts.Dir, baseDir)
	names, err := fs.List(dir)
	if err != nil && !oserror.IsNotExist(err) {
		return err
	}
	if err := fs.RemoveAll(fs.PathJoin(e.opts.Dir, archiveDir)); err != nil {
		return err
	}
	oldest := e.log.OldestLSN()
	w := &e.window
	for _, name := range names {
		b, ok := parseBase(name)
		if ok && e.windowed() && b.keep >= oldest {
			if b.files, err = e.sortedFiles(fs.PathJoin(dir, name)); err != nil {
				return err
			}
			w.bases = append(w.bases, b)
			continue
		}
		if err := e.dropDir(dir, name); err != nil {
			return err
		}
	}
	slices.SortFunc(w.bases, func(a, b base) int { return int(int64(a.valid) - int64(b.valid)) })
	if _, err := fs.Stat(fs.PathJoin(e.opts.Dir, ingestedDir)); err == nil {
		w.ingested = true
	}
	if !e.windowed() {
		return fs.RemoveAll(fs.PathJoin(e.opts.Dir, ingestedDir))
	}
	if len(w.bases) > 0 {
		return nil
	}
	// Linked before this process commits. Named later, for that waits for the disk.
	valid, micros := max(e.kv.State().LSN, e.log.WrittenLSN()), int64(0)
	if begins, err := e.beginning(); err != nil {
		return err
	} else if valid != begins {
		micros = time.Now().UnixMicro() // processes before this one have kept no window, or have not come to name a base
	}
	if w.first, err = e.newBase(func() (wal.LSN, int64) { return valid, micros }); err == nil {
		w.first.keep = oldest // for followers, which have not said yet from where on they need it
	}
	return err
}

// beginning is the position of the store before its first own commit.
func (e *Engine) beginning() (wal.LSN, error) {
	if e.manifest.BranchLSN == "" {
		return wal.FirstLSN, nil
	}
	return wal.ParseLSN(e.manifest.BranchLSN)
}

func (e *Engine) sortedFiles(dir string) ([]string, error) {
	names, err := e.opts.FS.List(dir)
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasSuffix(name, sortedSuffix) }), err
}

const (
	sortedSuffix = ".sst"
	newSuffix    = ".new"
	goneSuffix   = ".gone"
)

// dropDir takes a directory's name away and removes it.
func (e *Engine) dropDir(dir, name string) error {
	fs := e.opts.FS
	if _, ok := parseBase(name); ok {
		if err := fs.Rename(fs.PathJoin(dir, name), fs.PathJoin(dir, name+goneSuffix)); err != nil {
			return err
		}
		if err := syncDir(fs, dir); err != nil {
			return err
		}
		name += goneSuffix
	}
	if err := e.opts.Step("base unnamed"); err != nil {
		return err
	}
	return fs.RemoveAll(fs.PathJoin(dir, name))
}

// newBase is linkBase for one of the window's bases, which has no name yet.
func (e *Engine) newBase(at func() (wal.LSN, int64)) (*base, error) {
	fs, dir := e.opts.FS, e.opts.FS.PathJoin(e.opts.Dir, baseDir)
	if err := fs.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	fresh := fs.PathJoin(dir, newSuffix)
	if err := fs.RemoveAll(fresh); err != nil {
		return nil, err
	}
	return e.linkBase(fresh, at)
}

// presentBase is the position and the time of a base whose files have been linked just now.
func (e *Engine) presentBase() (wal.LSN, int64) {
	// Of the group that is being applied some may be in the linked files already (I2).
	e.applyTurn.Lock()
	defer e.applyTurn.Unlock()
	return e.visible.Load(), time.Now().UnixMicro()
}

// linkBase makes a base in a directory that does not exist; at says, after the files are linked, from where on it is valid, and when.
// Called with window.mu, or before anybody else has the store.
func (e *Engine) linkBase(fresh string, at func() (wal.LSN, int64)) (*base, error) {
	// Both read before the files are linked: what those hold is at least this.
	b := &base{keep: e.durableApplied()}
	for _, h := range e.log.Holds() {
		if h.Name != ownHold && h.Name != ArchiveHold {
			b.keep = min(b.keep, h.From)
		}
	}
	b.keep = max(b.keep, e.log.OldestLSN())
	if err := e.kv.Checkpoint(fresh); err != nil {
		return nil, err
	}
	b.valid, b.micros = at()
	var err error
	b.files, err = e.sortedFiles(fresh)
	return b, err
}

// nameBase makes a linked base durable and one of the bases.
func (e *Engine) nameBase(b *base) error {
	fs, dir := e.opts.FS, e.opts.FS.PathJoin(e.opts.Dir, baseDir)
	fresh := fs.PathJoin(dir, newSuffix)
	if err := e.log.SyncTo(b.valid); err != nil {
		return err
	}
	if err := syncTree(fs, fresh, []string{e.opts.Dir}); err != nil {
		return err
	}
	if err := e.opts.Step("base linked"); err != nil {
		return err
	}
	if err := fs.Rename(fresh, fs.PathJoin(dir, b.name())); err != nil {
		return err
	}
	if err := syncDir(fs, dir); err != nil {
		return err
	}
	e.window.mu.Lock()
	e.window.bases = append(e.window.bases, *b)
	e.window.mu.Unlock()
	return e.opts.Step("base named")
}

// tendWindow takes a base when one is due, and drops those that the window has passed.
func (e *Engine) tendWindow() error {
	if !e.windowed() {
		return nil
	}
	w := &e.window
	w.tending.Lock()
	defer w.tending.Unlock()
	if b := w.first; b != nil {
		if err := e.nameBase(b); err != nil {
			return fmt.Errorf("first base of the restore window: %w", err)
		}
		w.mu.Lock()
		w.first = nil
		w.mu.Unlock()
	}
	if e.baseDue() {
		w.mu.Lock()
		b, err := e.newBase(e.presentBase)
		w.mu.Unlock()
		if err == nil {
			err = e.nameBase(b)
		}
		if err != nil {
			return fmt.Errorf("base of the restore window: %w", err)
		}
	}
	return e.shrinkWindow()
}

// spacing is how much log there is between two bases.
func (e *Engine) spacing() wal.LSN {
	return wal.LSN(max(1, min(baseSpacing, e.opts.WindowBytes/baseShare)))
}

func (e *Engine) baseDue() bool {
	e.window.mu.Lock()
	defer e.window.mu.Unlock()
	n := len(e.window.bases)
	if n == 0 {
		return true // lost to an error
	}
	last := e.window.bases[n-1]
	// A base is of what is in files: before there is more of that it would be the same one again.
	state := e.durableApplied()
	if state <= last.valid {
		return false
	}
	return e.logged(last.valid, state) >= int64(e.spacing()) || time.Since(time.UnixMicro(last.micros)) >= e.opts.Window/baseTicks && last.micros > 0 ||
		last.micros == 0 && time.Since(e.opened) >= e.opts.Window/baseTicks
}

// shrinkWindow drops the bases that are beyond the window's age, or its size; one stays.
func (e *Engine) shrinkWindow() error {
	w := &e.window
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.readers > 0 {
		return nil
	}
	dir := e.opts.FS.PathJoin(e.opts.Dir, baseDir)
	start := time.Now().Add(-e.opts.Window).UnixMicro()
	for len(w.bases) > 1 {
		if w.bases[1].micros > start {
			bytes, err := e.windowBytesLocked()
			if err != nil {
				return err
			}
			if bytes <= e.opts.WindowBytes {
				break
			}
		}
		if err := e.dropDir(dir, w.bases[0].name()); err != nil {
			return err
		}
		w.bases = slices.Delete(w.bases, 0, 1)
	}
	return e.trimIngestedLocked()
}

// trimIngestedLocked removes the sorted files that every base has.
func (e *Engine) trimIngestedLocked() error {
	fs, dir := e.opts.FS, e.opts.FS.PathJoin(e.opts.Dir, ingestedDir)
	if !e.window.ingested || len(e.window.bases) == 0 {
		return nil
	}
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if stamp, _, ok := parseIngested(name); ok && stamp >= e.window.bases[0].valid {
			continue
		}
		if err := fs.Remove(fs.PathJoin(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

func parseIngested(name string) (stamp wal.LSN, file string, ok bool) {
	digits, file, ok := strings.Cut(name, "-")
	if !ok || len(digits) != 16 {
		return 0, "", false
	}
	_, err := fmt.Sscanf(digits, "%X", &stamp)
	return stamp, file, err == nil
}

// keepIngested gives finished sorted files second names before they enter the store. Called with window.mu, which is held
// until they have entered: a base has them or is from before.
func (e *Engine) keepIngestedLocked(paths []string) error {
	fs, dir := e.opts.FS, e.opts.FS.PathJoin(e.opts.Dir, ingestedDir)
	if !e.window.ingested {
		if err := errors.Join(fs.MkdirAll(dir, 0o755), syncDir(fs, e.opts.Dir)); err != nil {
			return err
		}
		e.window.ingested = true
	}
	stamp := e.visible.Load()
	for _, path := range paths {
		if err := fs.Link(path, fs.PathJoin(dir, fmt.Sprintf("%016X-%s", uint64(stamp), fs.PathBase(path)))); err != nil {
			return err
		}
	}
	return syncDir(fs, dir)
}

// windowBytesLocked is what is on disk for the window's sake: the log, and sorted files that are in bases alone.
func (e *Engine) windowBytesLocked() (int64, error) {
	w, fs := &e.window, e.opts.FS
	if len(w.bases) == 0 {
		return 0, nil
	}
	from := max(w.bases[0].keep, e.log.OldestLSN())
	bytes, err := e.log.AttachedBytes(from)
	if err != nil {
		return 0, err
	}
	bytes += int64(e.log.WrittenLSN() - from)
	names, err := e.sortedFiles(fs.PathJoin(e.opts.Dir, kvDir))
	if err != nil {
		return 0, err
	}
	seen := map[string]bool{}
	for _, name := range names {
		seen[name] = true
	}
	add := func(path string) error {
		info, err := fs.Stat(path)
		if err == nil {
			bytes += info.Size()
		}
		return err
	}
	for _, b := range w.bases {
		for _, name := range b.files {
			if !seen[name] {
				seen[name] = true
				if err := add(fs.PathJoin(e.opts.Dir, baseDir, b.name(), name)); err != nil {
					return 0, err
				}
			}
		}
	}
	if !w.ingested {
		return bytes, nil
	}
	dir := fs.PathJoin(e.opts.Dir, ingestedDir)
	if names, err = fs.List(dir); err != nil {
		return 0, err
	}
	for _, name := range names {
		if err := add(fs.PathJoin(dir, name)); err != nil {
			return 0, err
		}
	}
	return bytes, nil
}

// windowKeep is the position from which on the window needs the log; ok is false if it needs none.
func (e *Engine) windowKeep() (at wal.LSN, ok bool) {
	if !e.windowed() {
		return 0, false
	}
	e.window.mu.Lock()
	defer e.window.mu.Unlock()
	if len(e.window.bases) == 0 {
		return 0, true // the first one is being made
	}
	at = e.window.bases[0].keep
	for _, b := range e.window.bases {
		at = min(at, b.keep) // a follower may have been slow
	}
	return at, true
}

// Window is the past that Restore can bring back.
type Window struct {
	From wal.LSN // the oldest position
	// Since is from when on each moment can be restored; zero: from the store's first commit on.
	Since time.Time
	To    wal.LSN // the newest position
	Bytes int64   // on disk, for its sake alone
}

// Window describes the restore window; ok is false if the store keeps none.
func (e *Engine) Window() (w Window, ok bool, err error) {
	e.window.mu.Lock()
	defer e.window.mu.Unlock()
	if len(e.window.bases) == 0 {
		return w, false, nil
	}
	b := e.window.bases[0]
	w.From, w.To = b.valid, e.visible.Load()
	if b.micros > 0 {
		w.Since = time.UnixMicro(b.micros)
	}
	w.Bytes, err = e.windowBytesLocked()
	return w, true, err
}

// PastFrom is the position and the time from which on Restore can bring back the store's past; the newest ones if there is no
// restore window, and a zero time if that reaches back to the store's beginning.
func (e *Engine) PastFrom() (wal.LSN, time.Time) {
	e.window.mu.Lock()
	defer e.window.mu.Unlock()
	oldest := e.window.first
	if len(e.window.bases) > 0 {
		oldest = &e.window.bases[0]
	}
	if !e.windowed() || oldest == nil {
		return e.visible.Load(), time.Now()
	}
	if oldest.micros == 0 {
		return 0, time.Time{}
	}
	return oldest.valid, time.UnixMicro(oldest.micros)
}
