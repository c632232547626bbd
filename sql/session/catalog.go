package session

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

// mergedCatalog is the committed catalog with the session's temporary relations in it.
type mergedCatalog struct {
	base  uint64 // version that it was made from
	temps int    // generation of temps
	cat   *catalog.Catalog
}

// catalog is what the session sees: its transaction's own, or the newest committed one; its temporary relations are in both.
func (s *Session) catalog() *catalog.Catalog {
	if s.shown != nil {
		return s.shown
	}
	cat := s.newestCatalog()
	if cat.AnyDetaching() && s.block.editor == nil {
		return s.seenPartitions(cat)
	}
	return cat
}

// newestCatalog is catalog without what an old snapshot still sees (seenPartitions).
func (s *Session) newestCatalog() *catalog.Catalog {
	base := s.committedCatalog()
	if b := &s.block; b.editor != nil {
		// Others' committed DDL is seen inside a transaction with DDL of its own, too.
		if b.editorBase != base.Version {
			b.editor.Rebase(base)
			b.editorBase = base.Version
		}
		return b.editor.Catalog()
	}
	return base
}

// seenCatalog is a catalog with the partitions that one transaction's snapshot has.
type seenCatalog struct {
	base  uint64
	start time.Time
	cat   *catalog.Catalog
}

// seenPartitions is base, the newest catalog, with the partitions in their places that DETACH CONCURRENTLY has begun to take away since the
// transaction's snapshot was taken: the second half of it waits for the transaction if that has used the table.
func (s *Session) seenPartitions(base *catalog.Catalog) *catalog.Catalog {
	if s.block.t == nil {
		return base
	}
	if m := &s.seen; m.cat != nil && m.base == base.Version && m.start.Equal(s.block.start) {
		return m.cat
	}
	var e *catalog.Editor
	base.EachDetaching(func(t *catalog.Table) bool {
		key := binary.BigEndian.AppendUint32(append(tuple.AppendPrefix(nil, database.CatalogStorage, database.StateIndex), byte(catalog.KindRelation)), t.OID)
		raw, ok, kept, err := s.block.t.AtSnapshot(nil, key)
		if err != nil || !ok {
			return kept && err == nil
		}
		var was struct{ Detaching catalog.OID }
		if json.Unmarshal(raw, &was) != nil || was.Detaching != 0 {
			return true
		}
		if e == nil {
			e = base.Edit(s.db.Alloc)
		}
		back, parent := *t, *base.Table(t.Detaching)
		back.Detaching = 0
		e.PutTable(&back)
		e.PutTable(&parent) // what is computed from its partitions is another thing now
		return true
	})
	if e == nil {
		return base
	}
	s.seen = seenCatalog{base: base.Version, start: s.block.start, cat: e.Catalog()}
	return s.seen.cat
}

// committedCatalog is the newest committed catalog with the session's temporary relations.
func (s *Session) committedCatalog() *catalog.Catalog {
	base := s.db.Catalog()
	if len(s.temps) == 0 {
		return base
	}
	if m := &s.merged; m.base != base.Version || m.temps != s.tempGen {
		e := base.Edit(s.db.Alloc)
		s.addTemps(e)
		*m = mergedCatalog{base: base.Version, temps: s.tempGen, cat: e.Catalog()}
	}
	return s.merged.cat
}

func (s *Session) addTemps(e *catalog.Editor) {
	e.PutSchema(&catalog.Schema{OID: s.tempSchema, Name: s.tempSchemaName(), Owner: s.UserOID()})
	for _, t := range s.temps {
		e.PutTable(t)
	}
}

func (s *Session) tempSchemaName() string { return "pg_temp_" + itoa(int64(s.client.PID)) }

// Editor is the transaction's own catalog; DDL makes it.
func (s *Session) Editor() *catalog.Editor {
	s.open()
	if s.block.editor == nil {
		// Temporary relations are there from the start, and are not changes.
		base := s.committedCatalog()
		s.block.editor, s.block.editorBase = base.Edit(s.db.Alloc), base.Version
	}
	return s.block.editor
}

// TempSchema returns the session's schema for temporary relations, made on first use.
func (s *Session) TempSchema() catalog.OID {
	if s.tempSchema == 0 {
		s.tempSchema = s.db.Alloc.OID()
	}
	e := s.Editor()
	if e.Catalog().SchemaByOID(s.tempSchema) == nil {
		e.PutSchema(&catalog.Schema{OID: s.tempSchema, Name: s.tempSchemaName(), Owner: s.UserOID()})
	}
	return s.tempSchema
}

// storeCatalog writes the catalog's changes into the transaction, and schema records for who follows the log.
func (s *Session) storeCatalog(t *txn.Txn, e *catalog.Editor) error {
	writes, err := e.Writes()
	if err != nil {
		return err
	}
	prefix := tuple.AppendPrefix(nil, database.CatalogStorage, database.StateIndex)
	for _, w := range writes {
		if w.Key[0] == 's' && s.isTempSchemaKey(w.Key) {
			continue
		}
		key := append(prefix[:len(prefix):len(prefix)], w.Key...)
		if w.Value == nil {
			err = t.Delete(key, 0)
		} else {
			err = t.Put(key, w.Value, 0)
		}
		if err != nil {
			return err
		}
	}
	base := s.db.Catalog()
	e.Tables(func(oid catalog.OID, d *catalog.Table) {
		if was := base.Table(oid); d == nil && was != nil && was.Kind == catalog.RelTable {
			if e := t.Delete(database.StatKey(oid), 0); e != nil {
				err = e
			}
			if e := database.ForgetLoaded(t, oid); e != nil {
				err = e
			}
		}
	})
	for _, rec := range database.SchemaRecords(e, base) {
		t.AddSchema(rec)
	}
	return err
}

func (s *Session) isTempSchemaKey(key []byte) bool {
	return s.tempSchema != 0 && len(key) == 5 &&
		uint32(key[1])<<24|uint32(key[2])<<16|uint32(key[3])<<8|uint32(key[4]) == s.tempSchema
}

// publish puts a committed transaction's catalog in force: temporary relations stay with the session.
func (s *Session) publish(e *catalog.Editor) {
	e.Tables(func(oid catalog.OID, t *catalog.Table) {
		switch {
		case t == nil:
			if d := s.temps[oid]; d != nil {
				s.forgetTemp(d)
				s.tempGen++
			}
		case t.Persistence == catalog.Temporary:
			s.temps[oid] = t
			s.tempGen++
		}
	})
	s.db.Publish(e)
}

// endTemps does what ON COMMIT asks for.
func (s *Session) endTemps(ctx context.Context) error {
	for _, t := range s.catalogTemps() {
		switch t.OnCommit {
		case 'd':
			lo := tuple.AppendPrefix(nil, t.StorageID, 0)
			if err := s.block.t.DeleteRange(lo, tuple.AppendPrefix(nil, t.StorageID+1, 0)); err != nil {
				return err
			}
		case 'D':
			s.Editor().DropTable(t.OID)
			lo := tuple.AppendPrefix(nil, t.StorageID, 0)
			if err := s.block.t.DeleteRange(lo, tuple.AppendPrefix(nil, t.StorageID+1, 0)); err != nil {
				return err
			}
		}
	}
	return nil
}

// catalogTemps lists the session's temporary tables, those of the transaction under way included.
func (s *Session) catalogTemps() []*catalog.Table {
	if len(s.temps) == 0 && s.block.editor == nil {
		return nil
	}
	var out []*catalog.Table
	if e := s.block.editor; e != nil {
		e.Tables(func(oid catalog.OID, t *catalog.Table) {
			if t != nil && t.Persistence == catalog.Temporary && s.temps[oid] == nil {
				out = append(out, t)
			}
		})
	}
	for oid := range s.temps {
		if t := s.catalog().Table(oid); t != nil {
			out = append(out, t)
		}
	}
	return out
}

// dropTemps removes what is in the session's schema for temporary objects, and what depends on that, in the transaction under way or
// one of its own that the caller ends.
func (s *Session) dropTemps(ctx context.Context) error {
	if s.tempSchema == 0 || s.catalog().SchemaByOID(s.tempSchema) == nil {
		return nil
	}
	x := s.ddlContext(ctx, &call{})
	x.Notice = nil
	return depend.Drop(x, []catalog.Address{{Kind: catalog.KindSchema, OID: s.tempSchema}}, true)
}

// forgetTemp drops what the session and the database know of a temporary table that is gone.
func (s *Session) forgetTemp(t *catalog.Table) {
	delete(s.temps, t.OID)
	delete(s.tempStats, t.OID)
	s.db.ForgetActivity(t.StorageID)
}

func (s *Session) resolveTable(rv *ast.RangeVar, source string) (*catalog.Table, error) {
	t, ix, err := bind.ResolveTable(s.bindEnv(s.catalog(), source), rv)
	if err != nil {
		return nil, err
	}
	if ix != nil {
		return nil, pgerr.New(pgerr.WrongObjectType, "\"%s\" is an index", ix.Name)
	}
	return t, nil
}
