package branchdiff

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/threeway"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/wal"
)

// Branches opens branches of a database to be compared. cmd/tarn wires it.
type Branches interface {
	// Compare opens two branches as they are now. Errors: 42704, 0A000 for branches that have no single newest state in common, 22023
	// for one that is not kept.
	Compare(ctx context.Context, database, source, target string) (*Pair, error)
}

// State is a database at a position.
type State struct {
	DB   *database.DB
	Snap *engine.Snapshot
	Cat  *catalog.Catalog
}

// See takes the newest state of an open branch; it is released with Snap.
func See(db *database.DB) (State, error) {
	snap := db.Engine.Snapshot()
	cat, err := database.CatalogAt(snap)
	if err != nil {
		snap.Release()
		return State{}, err
	}
	return State{DB: db, Snap: snap, Cat: cat}, nil
}

// Pair is a source, which has changed, and a target that might have the changes. It is for one goroutine.
type Pair struct {
	Source, Target     State
	SourceID, TargetID uint32 // of the branches
	// SourceSince and TargetSince are what the logs name since the base; nil: they are not kept that far back.
	SourceSince, TargetSince *engine.Touched
	// Forked: the rows of tables without primary keys that the base has stand under the same keys on both sides.
	Forked bool
	// SourceDescends and TargetDescends: what the side's log does not name has not changed in its store since the base. Elsewhere that
	// holds for rows alone, which a merge has brought.
	SourceDescends, TargetDescends bool
	// OpenBase opens the base, for as long as the pair is open.
	OpenBase func(ctx context.Context) (*State, error)
	Close    func()

	base    *State
	baseCat *catalog.Catalog // set by Tables
}

// Wanted picks the keys of a log that a comparison is interested in.
func Wanted(key []byte) bool {
	switch change.TableOf(key) {
	case database.CatalogStorage, database.SequenceStorage:
		return true
	}
	return change.IndexOf(key) == change.PrimaryIndex
}

// Base is the newest state that both sides come from.
func (p *Pair) Base(ctx context.Context) (*State, error) {
	if p.base == nil {
		s, err := p.OpenBase(ctx)
		if err != nil {
			return nil, err
		}
		p.base = s
	}
	return p.base, nil
}

// BaseCatalog is the base's catalog: that of a side which has not changed its own since.
func (p *Pair) BaseCatalog(ctx context.Context) (*catalog.Catalog, error) {
	switch {
	case p.TargetDescends && !Touches(p.TargetSince, database.CatalogStorage):
		return p.Target.Cat, nil
	case p.SourceDescends && !Touches(p.SourceSince, database.CatalogStorage):
		return p.Source.Cat, nil
	}
	base, err := p.Base(ctx)
	if err != nil {
		return nil, err
	}
	return base.Cat, nil
}

// Touches reports whether the log names keys of a system table.
func Touches(t *engine.Touched, storage uint32) bool {
	return t == nil || t.Whole[storage] || len(t.Of(storage)) > 0
}

// Touch reads what stretches of a log name; nil if it is too much, or gone.
func Touch(ctx context.Context, t *engine.Touched, e *engine.Engine, from, to wal.LSN) (*engine.Touched, error) {
	err := e.Touch(ctx, t, from, to, Wanted)
	if errors.Is(err, wal.ErrTruncated) || errors.Is(err, engine.ErrManyTouched) {
		return nil, nil
	}
	return t, err
}

// Table is a table of the source with what it is on the other sides; nil where it is not there.
type Table struct {
	Source, Target, Base *catalog.Table
	Name                 string // schema and name, quoted
}

// Tables matches the tables of the source that have rows. Partitions and the tables that inherit stand for themselves.
func (p *Pair) Tables(ctx context.Context) ([]Table, error) {
	base, err := p.BaseCatalog(ctx)
	if err != nil {
		return nil, err
	}
	p.baseCat = base
	var out []Table
	for _, x := range threeway.Relations(base, p.Source.Cat, p.Target.Cat) {
		t := x.Source
		if t == nil || !t.Stored() {
			continue
		}
		if x.Target != nil && !x.Target.Stored() {
			x.Target = nil
		}
		out = append(out, Table{Source: t, Target: x.Target, Base: x.Base, Name: ruleutils.Qualified(p.Source.Cat, t.Schema, t.Name)})
	}
	slices.SortFunc(out, func(a, b Table) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// New reports a table that the source has made since the base, and the target does not have.
func (t Table) New() bool { return t.Base == nil && t.Target == nil }

// errDiffers ends a comparison that has found something.
var errDiffers = errors.New("rows differ")

// ChangedRows reports whether the rows of a table of the target are others than those of the base, whose columns are the same.
func (p *Pair) ChangedRows(ctx context.Context, now, was *catalog.Table) (bool, error) {
	if since := p.TargetSince; since != nil && was.StorageID == now.StorageID && told(since, now) && len(p.keysOf(target, now.StorageID)) == 0 {
		return false, nil
	}
	base, err := p.Base(ctx)
	if err != nil {
		return false, err
	}
	back := &Pair{Source: p.Target, Target: *base, SourceSince: p.TargetSince, base: base, baseCat: base.Cat}
	err = back.Rows(ctx, Table{Source: now, Target: was, Base: was, Name: now.Name}, func(*Shape, Change) error { return errDiffers })
	if errors.Is(err, errDiffers) {
		return true, nil
	}
	return false, err
}

// All calls visit with all rows of a table of the source, by attribute number - 1; they are valid during the call.
func (p *Pair) All(ctx context.Context, t *catalog.Table, visit func(vals []types.Datum) error) error {
	rel, err := rowstore.Open(t)
	if err != nil {
		return err
	}
	vals := make([]types.Datum, len(t.Columns))
	it := p.Source.Snap.NewIter(change.AppendKeyPrefix(nil, t.StorageID, change.PrimaryIndex), change.AppendKeyPrefix(nil, t.StorageID, change.PrimaryIndex+1))
	n := 0
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		row := it.Value()
		if row == nil {
			break
		}
		if err = rel.Layout().Check(row); err == nil {
			err = rel.Decode(row, vals)
		}
		if err == nil {
			err = visit(vals)
		}
		if n++; n&1023 == 0 && err == nil && ctx.Err() != nil {
			err = pgerr.From(context.Cause(ctx))
		}
	}
	if cerr := it.Close(); err == nil {
		err = cerr
	}
	return err
}
