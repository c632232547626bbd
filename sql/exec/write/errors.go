package write

import (
	"errors"
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

func schemaName(ec *run.Context, t *catalog.Table) string {
	if ec.Catalog != nil {
		if s := ec.Catalog.SchemaByOID(t.Schema); s != nil {
			return s.Name
		}
	}
	return ""
}

// maxFieldText is how many bytes of a value "Failing row contains" shows.
const maxFieldText = 64

// failingRow is the DETAIL that shows a row as PostgreSQL's messages do: (1, null, abc), or (a, c) = (1, abc) where the role may not
// read the whole table. Columns that the statement itself has given, by attribute number, are shown in any case. "": nothing may be.
func failingRow(ec *run.Context, t *catalog.Table, vals []types.Datum, given []int16) string {
	s := shownOf(ec, t)
	if s.nothing {
		return ""
	}
	var names, b []byte
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Dropped || !s.all && !slices.Contains(given, c.AttNum) && !s.column(c.AttNum) {
			continue
		}
		if len(b) > 0 {
			names, b = append(names, ", "...), append(b, ", "...)
		}
		names = append(names, c.Name...)
		y := ec.Env.Type(c.Type)
		switch {
		case vals[i].IsNull():
			b = append(b, "null"...)
		case y == nil:
			b = append(b, '?')
		default:
			b = append(b, clipText(string(y.AppendText(nil, vals[i], ec.Env)))...)
		}
	}
	switch {
	case s.all:
		return "Failing row contains (" + string(b) + ")."
	case len(b) == 0:
		return ""
	}
	return "Failing row contains (" + string(names) + ") = (" + string(b) + ")."
}

// clipText cuts a value to what messages show.
func clipText(text string) string {
	if len(text) <= maxFieldText {
		return text
	}
	cut := maxFieldText
	for cut > 0 && text[cut]&0xc0 == 0x80 {
		cut--
	}
	return text[:cut] + "..."
}

func notNullError(ec *run.Context, t *catalog.Table, c *catalog.Column, vals []types.Datum, given []int16) error {
	return pgerr.New(pgerr.NotNullViolation, "null value in column \"%s\" of relation \"%s\" violates not-null constraint", c.Name, t.Name).
		WithDetail("%s", failingRow(ec, t, vals, given)).WithTable(schemaName(ec, t), t.Name).WithColumn(c.Name)
}

func checkError(ec *run.Context, t *catalog.Table, constraint string, vals []types.Datum, given []int16) error {
	return pgerr.New(pgerr.CheckViolation, "new row for relation \"%s\" violates check constraint \"%s\"", t.Name, constraint).
		WithDetail("%s", failingRow(ec, t, vals, given)).WithTable(schemaName(ec, t), t.Name).WithConstraint(constraint)
}

func viewOptionError(ec *run.Context, t *catalog.Table, view string, vals []types.Datum, given []int16) error {
	return pgerr.New(pgerr.WithCheckOptionViolation, "new row violates check option for view \"%s\"", view).
		WithDetail("%s", failingRow(ec, t, vals, given))
}

// policyError is row security's refusal of a row.
func policyError(t *catalog.Table, c *rowCheck) error {
	what, of := "new", ""
	if c.kind == plan.CheckMergeTarget {
		what = "target"
	}
	if c.kind != plan.CheckPolicy {
		of = " (USING expression)"
	}
	name := ""
	if c.name != "" {
		name = " \"" + c.name + "\""
	}
	return pgerr.New(pgerr.InsufficientPrivilege, "%s row violates row-level security policy%s%s for table \"%s\"", what, name, of, t.Name)
}

// constraintError adds the schema to an error that rowstore has made, and takes a key from it that the role may not read.
func constraintError(ec *run.Context, err error, t *catalog.Table) error {
	var e *pgerr.Error
	if errors.As(err, &e) {
		if e.Table == t.Name && e.Schema == "" {
			e.Schema = schemaName(ec, t)
		}
		if e.Code == pgerr.UniqueViolation && e.Table == t.Name {
			s := shownOf(ec, t)
			if !s.all && !slices.ContainsFunc(t.Indexes, func(ix *catalog.Index) bool { return ix.Name == e.Constraint && s.key(indexAtts(ix)) }) {
				e.Detail = ""
			}
		}
		return err
	}
	return run.LockError(err, t)
}
