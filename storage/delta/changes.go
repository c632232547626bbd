package delta

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// PropChangeDataFeed is the table property that makes writers keep row changes as such.
const (
	FeatureChangeDataFeed = "changeDataFeed"
	PropChangeDataFeed    = "delta.enableChangeDataFeed"
	changeTypeColumn      = "_change_type"
)

// Change says what a row of a change feed did.
type Change uint8

const (
	Insert Change = iota + 1
	Delete
	UpdateBefore // the row as it was
	UpdateAfter  // the row as it became
)

var changeNames = [...]string{"", "insert", "delete", "update_preimage", "update_postimage"}

// String is the change as _change_type spells it.
func (c Change) String() string { return changeNames[c] }

func parseChange(s string) (Change, bool) {
	for i, name := range changeNames {
		if i > 0 && name == s {
			return Change(i), true
		}
	}
	return 0, false
}

// ErrNoFeed says that a version in the range was made without the change data feed.
var ErrNoFeed = errors.New("change data feed is not enabled")

// ChangeOptions say what of the changes is read.
type ChangeOptions struct {
	Columns []string // as in ScanOptions
	// Inferred also reads versions that were made without the feed, from the rows that their files gained and lost. A row
	// that a version took from one file to another is no change.
	Inferred bool
}

// ChangeBatch is some changes of one version.
type ChangeBatch struct {
	Batch
	Changes []Change // by row
	Version int64
	Time    time.Time  // of the commit
	Info    CommitInfo // zero if the commit has none
	Txns    []Txn
}

// ChangeScan reads row changes version by version. It is not safe for concurrent use.
type ChangeScan struct {
	table   *Table
	opt     ChangeOptions
	layout  *layout
	columns []int
	times   []CommitTime
	enabled bool // the feed, as of the version before the next
	parts   []changePart
	commit  ChangeBatch // what the batches of the open version share
	file    *fileScan
	part    changePart // of file
	moved   *moves     // of the open version; nil: it has not both added and removed whole files
}

// changePart is a file, or some rows of it, that belongs to the changes of a version.
type changePart struct {
	path   string
	values map[string]*string
	crc    *uint32
	kind   Change          // 0: the last column says so
	dead   *roaring.Bitmap // rows that do not count
	only   *roaring.Bitmap // if not nil, the rows that count
	whole  bool            // a file that came or went
}

// Changes starts to read the changes of the versions from to to, both included. Rows have the columns of version to.
func (t *Table) Changes(ctx context.Context, from, to int64, opt ChangeOptions) (*ChangeScan, error) {
	if from < 0 || to < from {
		return nil, fmt.Errorf("no versions from %d to %d", from, to)
	}
	first, err := t.Snapshot(ctx, from)
	if err != nil {
		return nil, err
	}
	last, err := t.Snapshot(ctx, to)
	if err != nil {
		return nil, err
	}
	c := &ChangeScan{table: t, opt: opt, enabled: first.Metadata.Configuration[PropChangeDataFeed] == "true"}
	if c.layout, err = last.layout(); err != nil {
		return nil, err
	}
	if c.columns, err = c.layout.choose(opt.Columns); err != nil {
		return nil, err
	}
	times, err := commitTimes(ctx, t.store, last, from)
	if err != nil {
		return nil, err
	}
	for _, v := range times {
		if v.Version <= to {
			c.times = append(c.times, v)
		}
	}
	if int64(len(c.times)) != to-from+1 {
		return nil, fmt.Errorf("%w: the log lacks commits between versions %d and %d", ErrNoTable, from, to)
	}
	return c, nil
}

// Fields are the columns of the batches.
func (c *ChangeScan) Fields() []Field {
	out := make([]Field, len(c.columns))
	for i, k := range c.columns {
		out[i] = c.layout.fields[k]
	}
	return out
}

// Next returns changes, at least one row; io.EOF at the end.
func (c *ChangeScan) Next(ctx context.Context) (*ChangeBatch, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		switch {
		case c.file != nil:
			b, err := c.nextRows()
			if b != nil || err != nil {
				return b, err
			}
		case len(c.parts) > 0:
			p := c.parts[0]
			c.parts = c.parts[1:]
			if err := c.openPart(ctx, p); err != nil {
				return nil, fmt.Errorf("changes of version %d: file %s: %w", c.commit.Version, p.path, err)
			}
		case len(c.times) > 0:
			v := c.times[0]
			c.times = c.times[1:]
			if err := c.openVersion(ctx, v); err != nil {
				return nil, fmt.Errorf("changes of version %d: %w", v.Version, err)
			}
		default:
			return nil, io.EOF
		}
	}
}

// Close ends the scan; batches stay.
func (c *ChangeScan) Close() {
	if c.file != nil {
		c.file.close()
		c.file = nil
	}
}

// nextRows returns rows of the open file; nil at its end, and where it passes over all rows of a batch.
func (c *ChangeScan) nextRows() (*ChangeBatch, error) {
	b, err := c.file.next()
	if errors.Is(err, io.EOF) {
		c.Close()
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("changes of version %d: file %s: %w", c.commit.Version, c.file.path, err)
	}
	if b.Rows == 0 {
		return nil, nil
	}
	if c.filters(c.part) {
		c.moved.keep(b, c.part.kind)
		b.Columns = pick(b.Columns, c.columns)
		if b.Rows == 0 {
			return nil, nil
		}
	}
	out := c.commit
	out.Batch, out.Changes = *b, make([]Change, b.Rows)
	if c.part.kind != 0 {
		for i := range out.Changes {
			out.Changes[i] = c.part.kind
		}
		return &out, nil
	}
	last := len(b.Columns) - 1
	for i, v := range b.Columns[last] {
		k, ok := Change(0), false
		if !v.IsNull() {
			k, ok = parseChange(v.Str())
		}
		if !ok {
			return nil, fmt.Errorf("%w: version %d: file %s: change %q", ErrCorrupt, c.commit.Version, c.file.path, changeText(v))
		}
		out.Changes[i] = k
	}
	out.Columns = b.Columns[:last]
	return &out, nil
}

func (c *ChangeScan) openPart(ctx context.Context, p changePart) error {
	columns := c.columns
	if c.filters(p) {
		columns = c.layout.all()
	}
	f, err := c.openRows(ctx, p, columns)
	if err == nil {
		c.file, c.part = f, p
	}
	return err
}

func (c *ChangeScan) openRows(ctx context.Context, p changePart, columns []int) (*fileScan, error) {
	f, err := newFileScan(p.path, c.layout, columns, p.values)
	if err != nil {
		return nil, err
	}
	if p.kind == 0 {
		f.stored = append(f.stored, parquet.Column{Name: changeTypeColumn, Type: parquet.Type{ID: parquet.String}})
		f.place = append(f.place, len(f.fixed))
		f.fixed, f.isFixed = append(f.fixed, tuple.Null), append(f.isFixed, false)
	}
	f.dead, f.only = p.dead, p.only
	f.object, f.reader, err = c.table.open(ctx, p.path, p.crc)
	return f, err
}

// openVersion lists the parts of a version: its cdc files, or without any what its adds and removes did.
func (c *ChangeScan) openVersion(ctx context.Context, v CommitTime) error {
	actions, err := readCommit(ctx, c.table.store, v.Version)
	if err != nil {
		return err
	}
	c.commit, c.moved = ChangeBatch{Version: v.Version, Time: v.Time}, nil
	adds, removes := map[string]*Add{}, map[string]*Remove{}
	var order []string
	for i := range actions {
		switch a := &actions[i]; {
		case a.CommitInfo != nil:
			c.commit.Info = *a.CommitInfo
		case a.Txn != nil:
			c.commit.Txns = append(c.commit.Txns, *a.Txn)
		case a.Protocol != nil:
			if err := a.Protocol.checkRead(); err != nil {
				return err
			}
		case a.Metadata != nil:
			c.enabled = a.Metadata.Configuration[PropChangeDataFeed] == "true"
		case a.CDC != nil:
			c.parts = append(c.parts, changePart{path: a.CDC.Path, values: a.CDC.PartitionValues})
		case a.Add != nil && a.Add.DataChange:
			if removes[a.Add.Path] == nil {
				order = append(order, a.Add.Path)
			}
			adds[a.Add.Path] = a.Add
		case a.Remove != nil && a.Remove.DataChange:
			if adds[a.Remove.Path] == nil {
				order = append(order, a.Remove.Path)
			}
			removes[a.Remove.Path] = a.Remove
		}
	}
	if !c.enabled && !c.opt.Inferred {
		return ErrNoFeed
	}
	if len(c.parts) > 0 {
		return nil
	}
	for _, path := range order {
		if err := c.infer(ctx, adds[path], removes[path]); err != nil {
			return fmt.Errorf("file %s: %w", path, err)
		}
	}
	if c.enabled {
		return nil // what adds and removes say is what the writer means
	}
	return c.findMoves(ctx)
}

// infer adds the parts of a file that came, went, or has another deletion vector than before.
func (c *ChangeScan) infer(ctx context.Context, add *Add, remove *Remove) error {
	var before, after *roaring.Bitmap // rows that were dead, that are dead
	var err error
	if remove != nil {
		if before, err = c.table.deleted(ctx, remove.DeletionVector); err != nil {
			return err
		}
	}
	if add == nil {
		if remove.PartitionValues == nil && c.partitioned() {
			return fmt.Errorf("%w: remove without partition values", ErrCorrupt)
		}
		c.parts = append(c.parts, changePart{path: remove.Path, values: remove.PartitionValues, kind: Delete, dead: before, whole: true})
		return nil
	}
	if after, err = c.table.deleted(ctx, add.DeletionVector); err != nil {
		return err
	}
	part := changePart{path: add.Path, values: add.PartitionValues, crc: add.crc()}
	if remove == nil {
		part.kind, part.dead, part.whole = Insert, after, true
		c.parts = append(c.parts, part)
		return nil
	}
	if before == nil {
		before = roaring.New()
	}
	if after == nil {
		after = roaring.New()
	}
	if gone := roaring.AndNot(after, before); !gone.IsEmpty() {
		part.kind, part.only = Delete, gone
		c.parts = append(c.parts, part)
	}
	if back := roaring.AndNot(before, after); !back.IsEmpty() {
		part.kind, part.only = Insert, back
		c.parts = append(c.parts, part)
	}
	return nil
}

func (c *ChangeScan) partitioned() bool {
	for _, k := range c.columns {
		if c.layout.partition[k] {
			return true
		}
	}
	return false
}

func changeText(v tuple.Value) string {
	if v.IsNull() {
		return "NULL"
	}
	return v.Str()
}
