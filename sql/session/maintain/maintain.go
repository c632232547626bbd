// Package maintain reads VACUUM and ANALYZE: their options, and which tables and columns they are for. Running them is the session's.
package maintain

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
)

// Session is what is asked of the session.
type Session interface {
	Table(rv *ast.RangeVar) (*catalog.Table, error)
	Catalog() *catalog.Catalog
	// Maintains reports whether the user may do so, and warns where not.
	Maintains(t *catalog.Table, verb string) bool
	Notice(e *pgerr.Error)
}

// Options of VACUUM and ANALYZE.
type Options struct {
	Vacuum, Analyze, Full, SkipLocked bool
}

// Verb is the statement's word in messages.
func (o Options) Verb() string {
	if o.Vacuum {
		return "vacuum"
	}
	return "analyze"
}

// Target is a table that is to be worked on, with its columns; none: all. Named: the statement names it.
type Target struct {
	Table *catalog.Table
	Cols  []int16
	Named bool
}

// ParseOptions reads the options. Errors: 42601.
func ParseOptions(n *ast.VacuumStmt) (Options, error) {
	o := Options{Vacuum: n.IsVacuumcmd, Analyze: !n.IsVacuumcmd}
	for _, x := range n.Options {
		d, ok := x.(*ast.DefElem)
		if !ok {
			continue
		}
		on := true
		if v, ok := d.Arg.(*ast.String); ok {
			on = !strings.EqualFold(v.Sval, "off") && !strings.EqualFold(v.Sval, "false")
		} else if v, ok := d.Arg.(*ast.Integer); ok {
			on = v.Ival != 0
		} else if v, ok := d.Arg.(*ast.Boolean); ok {
			on = v.Boolval
		}
		switch d.Defname {
		case "analyze":
			if !n.IsVacuumcmd {
				return o, pgerr.New(pgerr.SyntaxError, "unrecognized ANALYZE option \"%s\"", d.Defname)
			}
			o.Analyze = on
		case "skip_locked":
			o.SkipLocked = on
		case "verbose", "buffer_usage_limit":
		case "freeze", "full", "disable_page_skipping", "index_cleanup", "process_toast", "process_main", "truncate", "parallel",
			"skip_database_stats", "only_database_stats":
			if !n.IsVacuumcmd {
				return o, pgerr.New(pgerr.SyntaxError, "unrecognized ANALYZE option \"%s\"", d.Defname)
			}
			o.Full = o.Full || d.Defname == "full" && on
		default:
			command := "ANALYZE"
			if n.IsVacuumcmd {
				command = "VACUUM"
			}
			return o, pgerr.New(pgerr.SyntaxError, "unrecognized %s option \"%s\"", command, d.Defname)
		}
	}
	return o, nil
}

// Targets are the tables, partitions in the place of partitioned tables; none named: all that the user may work on.
func Targets(s Session, n *ast.VacuumStmt, o Options) ([]Target, error) {
	var out []Target
	verb := o.Verb()
	for _, r := range n.Rels {
		v, ok := r.(*ast.VacuumRelation)
		if !ok {
			continue
		}
		if len(v.VaCols) > 0 && !o.Analyze {
			return nil, pgerr.New(pgerr.FeatureNotSupported, "ANALYZE option must be specified when a column list is provided")
		}
		t, err := s.Table(v.Relation)
		if err != nil {
			e := *pgerr.From(err)
			e.Position = 0 // PostgreSQL gives none
			return nil, &e
		}
		if t.Virtual {
			continue // rows that are computed
		}
		if !t.LikeTable() && t.Kind != catalog.RelMatView {
			s.Notice(pgerr.Notice(pgerr.SeverityWarning, "01000", "skipping \"%s\" --- cannot %s non-tables or special system tables", t.Name, verb))
			continue
		}
		if !s.Maintains(t, verb) {
			continue
		}
		x := Target{Table: t, Named: true}
		for _, col := range v.VaCols {
			name := col.(*ast.String).Sval
			a := t.ColumnByName(name)
			if a == nil {
				return nil, pgerr.New(pgerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", name, t.Name)
			}
			if slices.Contains(x.Cols, a.AttNum) {
				return nil, pgerr.New(pgerr.DuplicateColumn, "column \"%s\" of relation \"%s\" appears more than once", name, t.Name)
			}
			x.Cols = append(x.Cols, a.AttNum)
		}
		if !t.Partitioned() {
			out = append(out, x)
			continue
		}
		for _, leaf := range s.Catalog().Descendants(t) {
			if !leaf.Stored() {
				continue
			}
			l := Target{Table: leaf}
			m := catalog.AttMap(t, leaf)
			for _, att := range x.Cols {
				l.Cols = append(l.Cols, m[att-1])
			}
			out = append(out, l)
		}
	}
	if len(n.Rels) == 0 {
		s.Catalog().Tables(func(t *catalog.Table) bool {
			if (t.Kind == catalog.RelTable || t.Kind == catalog.RelMatView) && !t.Virtual && s.Maintains(t, verb) {
				out = append(out, Target{Table: t})
			}
			return true
		})
	}
	return out, nil
}
