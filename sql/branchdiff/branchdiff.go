package branchdiff

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/ruleutils"
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

	base *State
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

// Tables matches the tables of the source that have rows: by their numbers where the base has them, others by name. Partitions and the
// tables that inherit stand for themselves.
func (p *Pair) Tables(ctx context.Context) ([]Table, error) {
	base, err := p.BaseCatalog(ctx)
	if err != nil {
		return nil, err
	}
	var out []Table
	p.Source.Cat.Tables(func(t *catalog.Table) bool {
		if !t.Stored() || t.Persistence == catalog.Temporary {
			return true
		}
		x := Table{Source: t, Base: base.Table(t.OID), Name: ruleutils.Qualified(p.Source.Cat, t.Schema, t.Name)}
		if x.Base != nil {
			x.Target = p.Target.Cat.Table(t.OID)
		} else {
			x.Target = named(p.Target.Cat, p.Source.Cat, t)
			if x.Target != nil && base.Table(x.Target.OID) != nil {
				x.Target = nil // an old table that has got the name
			}
		}
		out = append(out, x)
		return true
	})
	slices.SortFunc(out, func(a, b Table) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// named is the table of a catalog that has the name of another catalog's.
func named(in, of *catalog.Catalog, t *catalog.Table) *catalog.Table {
	sc := of.SchemaByOID(t.Schema)
	if sc == nil {
		return nil
	}
	if sc = in.Schema(sc.Name); sc == nil {
		return nil
	}
	found, ix := in.Relation(sc.OID, t.Name)
	if ix != nil || found == nil || !found.Stored() {
		return nil
	}
	return found
}
