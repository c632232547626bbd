package write

import (
	"errors"

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

// rowText prints a row as PostgreSQL's messages do: (1, null, abc).
func rowText(env *types.Env, t *catalog.Table, vals []types.Datum) string {
	var b []byte
	b = append(b, '(')
	first := true
	for i := range t.Columns {
		if t.Columns[i].Dropped {
			continue
		}
		if !first {
			b = append(b, ", "...)
		}
		first = false
		if vals[i].IsNull() {
			b = append(b, "null"...)
			continue
		}
		y := env.Type(t.Columns[i].Type)
		if y == nil {
			b = append(b, '?')
			continue
		}
		b = append(b, clipText(string(y.AppendText(nil, vals[i], env)))...)
	}
	return string(append(b, ')'))
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

func notNullError(ec *run.Context, t *catalog.Table, c *catalog.Column, vals []types.Datum) error {
	return pgerr.New(pgerr.NotNullViolation, "null value in column \"%s\" of relation \"%s\" violates not-null constraint", c.Name, t.Name).
		WithDetail("Failing row contains %s.", rowText(ec.Env, t, vals)).WithTable(schemaName(ec, t), t.Name).WithColumn(c.Name)
}

func checkError(ec *run.Context, t *catalog.Table, constraint string, vals []types.Datum) error {
	return pgerr.New(pgerr.CheckViolation, "new row for relation \"%s\" violates check constraint \"%s\"", t.Name, constraint).
		WithDetail("Failing row contains %s.", rowText(ec.Env, t, vals)).WithTable(schemaName(ec, t), t.Name).WithConstraint(constraint)
}

func viewOptionError(ec *run.Context, t *catalog.Table, view string, vals []types.Datum) error {
	return pgerr.New(pgerr.WithCheckOptionViolation, "new row violates check option for view \"%s\"", view).
		WithDetail("Failing row contains %s.", rowText(ec.Env, t, vals))
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

// constraintError adds the schema to an error that rowstore has made.
func constraintError(ec *run.Context, err error, t *catalog.Table) error {
	var e *pgerr.Error
	if errors.As(err, &e) {
		if e.Table == t.Name && e.Schema == "" {
			e.Schema = schemaName(ec, t)
		}
		return err
	}
	return run.LockError(err, t)
}
