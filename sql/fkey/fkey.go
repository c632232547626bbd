// Package fkey says when the columns of a foreign key and those that they refer to, of other types, are equal.
//
// PostgreSQL compares them with the equality operator of the referenced index's family, or after an implicit cast of the
// referencing value (manual: CREATE TABLE, REFERENCES). Both come to the same: where the referencing type casts implicitly, values
// are equal as the referenced type; else the referenced type casts implicitly, and values are equal as the referencing one.
package fkey

import (
	"errors"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Func computes an expression over a row of a table, values by attribute number - 1.
type Func func(row []types.Datum) (types.Datum, error)

// Compile makes a stored expression callable.
type Compile func(t *catalog.Table, sql string) (Func, error)

// Match converts keys of one foreign key. Keys are in the order of the constraint's columns and without NULLs. It is for one
// goroutine; what it returns is valid until its next call.
type Match struct {
	cols []column
	refs []types.Datum
	keys []types.Datum
}

type column struct {
	same        bool
	kind        tuple.Kind // of the referencing column
	refKind     tuple.Kind
	att, refAtt int
	row, refRow []types.Datum
	// narrow: the referencing type holds more values than the referenced one.
	narrow, lossy bool
	forth, back   Func // referencing → referenced value, and back
}

// New prepares a foreign key; nil where all of its columns are stored as those that they refer to.
func New(child, parent *catalog.Table, con *catalog.Constraint, compile Compile) (*Match, error) {
	m := &Match{refs: make([]types.Datum, len(con.Cols)), keys: make([]types.Datum, len(con.Cols))}
	differ := false
	for i, att := range con.Cols {
		a, b := child.Column(att), parent.Column(con.RefCols[i])
		c := column{same: Same(a, b), kind: a.Kind, refKind: b.Kind, att: int(att) - 1, refAtt: int(con.RefCols[i]) - 1}
		if !c.same {
			differ = true
			c.row, c.refRow = make([]types.Datum, len(child.Columns)), make([]types.Datum, len(parent.Columns))
			for j := range c.row {
				c.row[j] = types.Null
			}
			for j := range c.refRow {
				c.refRow[j] = types.Null
			}
			c.narrow = !implicit(a.Type, b.Type)
			c.lossy = !c.narrow && (b.Type == types.Float4 || b.Type == types.Float8) && a.Type != types.Float4
			var err error
			if c.forth, err = compile(child, cast(a, b)); err != nil {
				return nil, err
			}
			if c.back, err = compile(parent, cast(b, a)); err != nil {
				return nil, err
			}
		}
		m.cols = append(m.cols, c)
	}
	if !differ {
		return nil, nil
	}
	return m, nil
}

func cast(from, to *catalog.Column) string {
	return "CAST(" + ruleutils.QuoteIdent(from.Name) + " AS " + types.FormatType(to.Type, -1, nil) + ")"
}

// Same reports whether equal values of the columns have equal stored forms.
func Same(a, b *catalog.Column) bool {
	return a.Type == b.Type || a.Kind == b.Kind && text(a.Type) && text(b.Type) || integer(a.Type) && integer(b.Type)
}

func text(t types.OID) bool {
	return t == types.Text || t == types.Varchar || t == types.BPChar || t == types.Name
}

func integer(t types.OID) bool { return t == types.Int2 || t == types.Int4 || t == types.Int8 }

func implicit(from, to types.OID) bool {
	for _, c := range pgdata.Casts() {
		if c.Source == from && c.Target == to && c.Context == 'i' {
			return true
		}
	}
	return false
}

// Referenced gives the referenced key that equals a referencing one; ok is false if there can be none.
func (m *Match) Referenced(vals []types.Datum) (ref []types.Datum, ok bool, err error) {
	if m == nil {
		return vals, true, nil
	}
	for i := range m.cols {
		c := &m.cols[i]
		if m.refs[i] = vals[i]; c.same {
			continue
		}
		if m.refs[i], err = c.referenced(vals[i]); err != nil {
			return nil, false, noValue(err)
		}
		if !c.narrow {
			continue
		}
		again, err := c.referencing(m.refs[i])
		if err != nil {
			return nil, false, noValue(err)
		}
		if !types.EqualKind(c.kind, again, vals[i]) {
			return nil, false, nil
		}
	}
	return m.refs, true, nil
}

// Referencing gives the referencing key that equals a referenced one. ok is false if there can be none; unique is false where there
// may be others: then the referencing rows have to be compared one by one.
func (m *Match) Referencing(ref []types.Datum) (vals []types.Datum, ok, unique bool, err error) {
	if m == nil {
		return ref, true, true, nil
	}
	unique = true
	for i := range m.cols {
		c := &m.cols[i]
		if m.keys[i] = ref[i]; c.same {
			continue
		}
		unique = unique && !c.lossy
		if m.keys[i], err = c.referencing(ref[i]); err != nil {
			return nil, false, unique, noValue(err)
		}
		if c.narrow || c.lossy {
			continue
		}
		again, err := c.referenced(m.keys[i])
		if err != nil {
			return nil, false, unique, noValue(err)
		}
		if !types.EqualKind(c.refKind, again, ref[i]) {
			return nil, false, unique, nil
		}
	}
	return m.keys, true, unique, nil
}

// Equal compares a referencing with a referenced key.
func (m *Match) Equal(vals, ref []types.Datum) (bool, error) {
	got, ok, err := m.Referenced(vals)
	if !ok || err != nil {
		return false, err
	}
	for i := range m.cols {
		if !types.EqualKind(m.cols[i].refKind, got[i], ref[i]) {
			return false, nil
		}
	}
	return true, nil
}

// Assign converts a value of the i-th referenced column for the referencing one, as an assignment does (ON UPDATE CASCADE).
func (m *Match) Assign(i int, ref types.Datum) (types.Datum, error) {
	if m == nil || m.cols[i].same || ref.IsNull() {
		return ref, nil
	}
	return m.cols[i].referencing(ref)
}

func (c *column) referenced(v types.Datum) (types.Datum, error) {
	c.row[c.att] = v
	return c.forth(c.row)
}

func (c *column) referencing(v types.Datum) (types.Datum, error) {
	c.refRow[c.refAtt] = v
	return c.back(c.refRow)
}

// noValue forgets that a value has no counterpart in the other type (class 22): it then equals none.
func noValue(err error) error {
	var e *pgerr.Error
	if errors.As(err, &e) && strings.HasPrefix(e.Code, "22") {
		return nil
	}
	return err
}
