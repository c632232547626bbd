package session

import (
	"context"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/copy"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/progress"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

// bulkRowIDs are reserved for one bulk load: more than a COPY can bring. What is not used is lost, of 2^64.
const bulkRowIDs = 1 << 32

// bulkable reports whether COPY may write a table's rows straight to sorted files: nobody else can see its storage (it was made
// or truncated by this transaction), and a row is nothing but its columns: no keys, checks, triggers, computed or defaulted columns.
func (s *Session) bulkable(t *catalog.Table, names []string) bool {
	b := &s.block
	if b.editor == nil || len(b.saves) > 0 || b.level.txn() != txn.ReadCommitted || b.bulk[t.StorageID] || t.Persistence != catalog.Permanent || t.Lake() ||
		len(t.Indexes) > 0 || len(t.Constraints) > 0 || len(t.Triggers) > 0 {
		return false
	}
	if old := s.db.Catalog().Table(t.OID); old != nil && old.StorageID == t.StorageID {
		return false
	}
	given := map[string]bool{}
	for _, n := range names {
		given[n] = true
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Dropped || c.Generated != 0 || !given[c.Name] {
			return false
		}
	}
	lo, hi := tuple.AppendPrefix(nil, t.StorageID, 0), tuple.AppendPrefix(nil, t.StorageID+1, 0)
	v := b.t.Latest()
	defer v.Release()
	return !v.Wrote(lo, hi)
}

// bulkLoad writes the rows of a COPY into files that become part of the transaction.
func (s *Session) bulkLoad(ctx context.Context, t *catalog.Table, cols []copy.Column, r *copy.Reader, report *progress.Report) (rows int64, err error) {
	rel, err := s.db.Rels.Get(t)
	if err != nil {
		return 0, err
	}
	eng := s.db.Engine
	first := eng.ReserveRowIDs(bulkRowIDs)
	w, err := eng.NewBulkWriter(t.StorageID, change.PrimaryIndex, first)
	if err != nil {
		return 0, err
	}
	done := false
	defer func() {
		if !done {
			w.Abort()
		}
	}()
	at := make([]int, len(cols)) // position of each COPY column in the row
	for i, c := range cols {
		at[i] = int(t.ColumnByName(c.Name).AttNum) - 1
	}
	in, vals := make([]types.Datum, len(cols)), make([]types.Datum, len(t.Columns))
	for i := range vals {
		vals[i] = types.Null
	}
	var key, row []byte
	for {
		ok, err := r.Next(in)
		if err != nil {
			return 0, err
		}
		if !ok {
			break
		}
		for i, v := range in {
			vals[at[i]] = v
		}
		for i := range t.Columns {
			if c := &t.Columns[i]; c.NotNull && vals[i].IsNull() {
				return 0, r.RowError(s.notNull(t, c, vals))
			}
		}
		key = rel.AppendHiddenKey(key[:0], s.db.Txns.NextKeyID())
		row = rel.Layout().Append(row[:0], first+uint64(rows), vals)
		if err := w.Add(key, row); err != nil {
			return 0, err
		}
		rows++
		report.Set(progress.CopyTuples, rows)
		if rows&1023 == 0 {
			if err := context.Cause(ctx); err != nil {
				return 0, err
			}
		}
	}
	done = true
	ingest, err := w.Finish(ctx)
	if err != nil || rows == 0 {
		return rows, err
	}
	b := &s.block
	b.t.AddIngest(ingest)
	if b.bulk == nil {
		b.bulk = map[uint32]bool{}
	}
	b.bulk[t.StorageID] = true
	b.onRollback = append(b.onRollback, func() {
		if err := eng.DropIngest(context.Background(), ingest); err != nil {
			s.shared.Log.Warn("rows of a rolled back COPY stay until the next start", "table", t.Name, "error", err)
		}
	})
	// Snapshots that are taken from here on have the files in them.
	var g change.Group
	g.Message("bulk", nil)
	_, err = eng.Commit(ctx, &g, engine.Async)
	return rows, err
}

func (s *Session) notNull(t *catalog.Table, c *catalog.Column, vals []types.Datum) error {
	cells := make([]string, 0, len(vals))
	for i, v := range vals {
		if t.Columns[i].Dropped {
			continue
		}
		cell := "null"
		if !v.IsNull() {
			cell = string(s.lookupType(t.Columns[i].Type).AppendText(nil, v, s.env))
		}
		cells = append(cells, cell)
	}
	e := pgerr.New(pgerr.NotNullViolation, "null value in column \"%s\" of relation \"%s\" violates not-null constraint", c.Name, t.Name).
		WithDetail("Failing row contains (%s).", strings.Join(cells, ", "))
	e.Table, e.Column = t.Name, c.Name
	if sc := s.catalog().SchemaByOID(t.Schema); sc != nil {
		e.Schema = sc.Name
	}
	return e
}
