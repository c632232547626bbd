package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/kv"
	"github.com/tarndb/tarn/storage/wal"
)

// Point is a moment of a store's past: a position, or a time when Time is not zero. It is the state after the last commit that is
// not after it.
type Point struct {
	LSN  wal.LSN
	Time time.Time
}

func (p Point) String() string {
	if p.Time.IsZero() {
		return p.LSN.String()
	}
	return p.Time.Format(time.RFC3339Nano)
}

// OutsideError says that a point is not in the restore window.
type OutsideError struct {
	Point  Point
	Window Window
	None   bool // there is no window
}

func (e *OutsideError) Error() string {
	if e.None {
		return fmt.Sprintf("%s: the store keeps no restore window", e.Point)
	}
	return fmt.Sprintf("%s is outside of the restore window, %s to %s", e.Point, e.Window.From, e.Window.To)
}

// Past is the key-value state of a store that is being restored.
type Past struct{ kv *kv.Store }

// Get returns a copy of a key's value.
func (p Past) Get(key []byte) (value []byte, ok bool, err error) {
	v, c, ok, err := p.kv.Get(key)
	if !ok {
		return nil, false, err
	}
	value = append([]byte(nil), v...)
	return value, true, c.Close()
}

// Next returns a copy of the first key from lo on that is before hi.
func (p Past) Next(lo, hi []byte) (key []byte, ok bool, err error) {
	snap := p.kv.NewSnapshot()
	defer func() { err = errors.Join(err, snap.Close()) }()
	it, err := snap.NewIter(&pebble.IterOptions{LowerBound: lo, UpperBound: hi})
	if err != nil {
		return nil, false, err
	}
	if it.First() {
		key, ok = append([]byte(nil), it.Key()...), true
	}
	return key, ok, it.Close()
}

// Look is shown the state of a store that is being restored, which has the id store and is at the position at, and says from where
// the log is followed: it goes back as far as that if it is kept, 0: as far as recovery needs it. The window does not move on meanwhile.
type Look func(past Past, store wal.StoreID, at wal.LSN) (follow wal.LSN, err error)

// Restored is the last commit that a restored store has. A zero time: it is the beginning of the store that it was restored from.
type Restored struct {
	LSN  wal.LSN
	Time time.Time
}

// Restore makes a store of its own in dir, which must not exist, that equals this one as it was at a point of the restore
// window (I6). It is durable, and opened with Open as a Checkpoint's is. look may be nil.
//
// The cost is that of replaying the log since the base before the point. Nothing waits for it.
func (e *Engine) Restore(ctx context.Context, dir string, p Point, look Look) (Restored, error) {
	if err := e.stopped(); err != nil {
		return Restored{}, err
	}
	at, err := e.restore(ctx, dir, p, look)
	if err != nil {
		return Restored{}, fmt.Errorf("restore %s at %s to %s: %w", e.opts.Dir, p, dir, spaceError(err))
	}
	return at, nil
}

func (e *Engine) restore(ctx context.Context, dir string, p Point, look Look) (at Restored, err error) {
	fs := e.opts.FS
	if _, err := fs.Stat(dir); err == nil {
		return at, errors.New("directory exists")
	}
	b, oldest, release, err := e.readBase(p)
	if err != nil {
		return at, err
	}
	defer release()
	parents, err := missingParents(fs, dir)
	if err != nil {
		return at, err
	}
	if err := fs.MkdirAll(dir, 0o755); err != nil {
		return at, err
	}
	defer func() {
		if err != nil {
			fs.RemoveAll(dir)
		}
	}()
	m, err := newManifest()
	if err != nil {
		return at, err
	}
	if err := e.linkState(fs.PathJoin(e.opts.Dir, baseDir, b.name()), fs.PathJoin(dir, kvDir)); err != nil {
		return at, err
	}
	from, at, err := e.advance(ctx, fs.PathJoin(dir, kvDir), b, p, func(past Past, state, at wal.LSN) (wal.LSN, error) {
		if look == nil {
			return state, nil
		}
		follow, err := look(past, m.id, at)
		if follow == 0 {
			return state, err
		}
		return max(min(state, follow), oldest), err
	})
	if err != nil {
		return at, err
	}
	if err := e.opts.Step("restored"); err != nil {
		return at, err
	}
	logDir := fs.PathJoin(dir, walDir)
	if err := fs.MkdirAll(logDir, 0o755); err != nil {
		return at, err
	}
	if err := e.log.CopyTo(logDir, from, at.LSN); err != nil {
		return at, err
	}
	if err := e.opts.Step("restored log"); err != nil {
		return at, err
	}
	m.ParentStore, m.BranchLSN = e.manifest.Store, at.LSN.String()
	if err := m.create(fs, fs.PathJoin(dir, manifestFile)); err != nil {
		return at, err
	}
	return at, syncTree(fs, dir, parents)
}

// readBase chooses the newest base that is not after the point, and keeps it, and the log from oldest on, until release.
func (e *Engine) readBase(p Point) (b base, oldest wal.LSN, release func(), err error) {
	w := &e.window
	w.mu.Lock()
	defer w.mu.Unlock()
	outside := &OutsideError{Point: p, None: len(w.bases) == 0}
	if outside.None {
		return b, 0, nil, outside
	}
	now, visible := time.Now(), e.visible.Load()
	after := p.LSN > visible
	if !p.Time.IsZero() {
		after = p.Time.After(now)
	}
	found := -1
	for i, b := range w.bases {
		if p.Time.IsZero() && b.valid <= p.LSN || !p.Time.IsZero() && b.micros <= p.Time.UnixMicro() {
			found = i
		}
	}
	if after || found < 0 {
		outside.Window = Window{From: w.bases[0].valid, To: visible}
		if w.bases[0].micros > 0 {
			outside.Window.Since = time.UnixMicro(w.bases[0].micros)
		}
		return b, 0, nil, outside
	}
	hold, err := e.log.Hold(ownHold, 0)
	if err != nil {
		return b, 0, nil, err
	}
	w.readers++
	return w.bases[found], hold.From(), func() {
		hold.Release()
		w.mu.Lock()
		w.readers--
		w.mu.Unlock()
	}, e.log.SyncTo(visible)
}

// linkState makes a key-value store of a base: its sorted files by second names, the few others copied.
func (e *Engine) linkState(from, to string) error {
	fs := e.opts.FS
	if err := fs.MkdirAll(to, 0o755); err != nil {
		return err
	}
	names, err := fs.List(from)
	if err != nil {
		return err
	}
	for _, name := range names {
		src, dst := fs.PathJoin(from, name), fs.PathJoin(to, name)
		if strings.HasSuffix(name, sortedSuffix) {
			err = fs.Link(src, dst)
		} else {
			err = copyFile(fs, src, dst)
		}
		if err != nil {
			return fmt.Errorf("link base of the restore window: %w", err)
		}
	}
	return nil
}

func copyFile(fs vfs.FS, src, dst string) error {
	in, err := fs.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := fs.Create(dst, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// advance brings the state of a base in dir to the point, for good, and returns what it has reached and from where on follow, which is
// told where recovery would need it, wants the log.
func (e *Engine) advance(ctx context.Context, dir string, b base, p Point, follow func(past Past, state, at wal.LSN) (wal.LSN, error)) (
	from wal.LSN, at Restored, err error) {
	ingested, err := e.ingestedFiles()
	if err != nil {
		return 0, at, err
	}
	a := advancing{fs: e.opts.FS, dir: dir, memTable: e.opts.MemTableBytes, base: b, point: p, reader: e.log.NewReader, ingested: ingested}
	return a.run(ctx, follow)
}

// advancing is the way of a base's state to a point.
type advancing struct {
	fs       vfs.FS
	dir      string // of the key-value state
	memTable int64
	base     base
	point    Point
	reader   func(from wal.LSN) (*wal.Reader, error)
	ingested map[string]string // paths of sorted files by their names in the log
	beyond   func()            // called when the log goes on behind the point; may be nil
}

func (a *advancing) run(ctx context.Context, follow func(past Past, state, at wal.LSN) (wal.LSN, error)) (from wal.LSN, at Restored, err error) {
	s, err := kv.Open(a.dir, kv.Options{FS: a.fs, CacheBytes: 8 << 20, MemTableBytes: a.memTable,
		Logger: slog.New(slog.DiscardHandler), OnFatal: func(error) {}})
	if err != nil {
		return 0, at, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	r, err := a.reader(s.State().LSN)
	if err != nil {
		return 0, at, err
	}
	defer r.Close()
	p, micros := a.point, a.base.micros
	_, err = replay(ctx, s, r, func(rec wal.Record, apply func() error) (bool, error) {
		d, err := change.Decode(rec.Payload)
		if err != nil {
			return false, err
		}
		// A time before the base's is that of the base: the clock has been set back.
		past := rec.End <= a.base.valid
		if p.Time.IsZero() && rec.End > p.LSN || !p.Time.IsZero() && !past && d.CommitMicros > p.Time.UnixMicro() {
			if a.beyond != nil {
				a.beyond()
			}
			return false, nil
		}
		micros = d.CommitMicros
		return true, replayIngests(ctx, s, d, a.ingested, apply)
	})
	if err != nil {
		return 0, at, err
	}
	if err := s.Flush(); err != nil {
		return 0, at, err
	}
	state := s.State().LSN
	at = Restored{LSN: max(state, a.base.valid)}
	if micros != 0 {
		at.Time = time.UnixMicro(micros) // the base's before the first commit
	}
	from, err = follow(Past{s}, state, at.LSN)
	return from, at, err
}

// ingestedFiles are the paths of the sorted files that the window keeps, by their names in the log.
func (e *Engine) ingestedFiles() (map[string]string, error) {
	e.window.mu.Lock()
	there := e.window.ingested
	e.window.mu.Unlock()
	if !there {
		return nil, nil
	}
	fs, dir := e.opts.FS, e.opts.FS.PathJoin(e.opts.Dir, ingestedDir)
	names, err := fs.List(dir)
	out := map[string]string{}
	for _, name := range names {
		if _, file, ok := parseIngested(name); ok {
			out[file] = fs.PathJoin(dir, name)
		}
	}
	return out, err
}

// replayIngests brings in the sorted files that a group names, which the log does not hold, unless the base has them.
func replayIngests(ctx context.Context, s *kv.Store, d change.Decoder, ingested map[string]string, apply func() error) error {
	op := new(change.Op)
	for d.Next(op) {
		if op.Kind != change.KindIngest || op.RowCount == 0 {
			continue
		}
		if err := apply(); err != nil {
			return err
		}
		if there, err := s.Holds(op.Table, op.Index); there || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		var paths []string
		for _, name := range op.Ingest().Files {
			path, ok := ingested[name]
			if !ok {
				return fmt.Errorf("%w: sorted file %s is not in the restore window", ErrCorrupt, name)
			}
			paths = append(paths, path)
		}
		if err := s.Flush(); err != nil {
			return err
		}
		if err := s.IngestLinks(ctx, paths); err != nil {
			return err
		}
	}
	return d.Err()
}
