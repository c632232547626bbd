// Package event knows what the functions of event triggers are told of a command: the objects that it has made, changed and dropped
// (manual: chapter 40, Functions 9.29). The session fires them.
package event

import (
	"cmp"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/syscat"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Event is a command whose event triggers fire, as their functions see it.
type Event struct {
	Name, Tag string
	Dropped   []stmt.Dropped
	Commands  []Command
	// The table that is rewritten, and why (table_rewrite).
	Rewritten catalog.OID
	Reason    int32
}

// Command is a row of pg_event_trigger_ddl_commands().
type Command struct {
	stmt.Dropped
	Tag string
}

// Commands are the objects that a statement has made or changed: new sequences first, new tables with their indexes, then the rest.
func Commands(env *types.Env, e *catalog.Editor, mark catalog.Mark, tag string) (out []Command) {
	cat, was := e.Catalog(), mark.Catalog()
	add := func(a catalog.Address, tag string) {
		c := Command{stmt.Dropped{Address: a}, tag}
		if sc := cat.SchemaByOID(a.OID); a.Kind == catalog.KindSchema && sc != nil && stmt.IsTempSchema(sc) {
			return // made along with its first relation
		}
		if depend.Identify(cat, env, &c.Dropped); c.Type != "" {
			out = append(out, c)
		}
	}
	made := map[catalog.RelKind]string{catalog.RelTable: "CREATE TABLE", catalog.RelPartitioned: "CREATE TABLE", catalog.RelView: "CREATE VIEW",
		catalog.RelMatView: "CREATE MATERIALIZED VIEW", catalog.RelSequence: "CREATE SEQUENCE", catalog.RelComposite: "CREATE TYPE"}
	changed := e.Since(mark)
	for _, sequences := range []bool{true, false} {
		for _, a := range changed {
			t := cat.Table(a.OID)
			if a.Kind == catalog.KindRelation && (t == nil || (t.Kind == catalog.RelSequence) != sequences) || a.Kind != catalog.KindRelation && sequences {
				continue
			}
			if a.Kind != catalog.KindRelation {
				add(a, tag)
				continue
			}
			before := was.Table(a.OID)
			switch {
			case before == nil && tag == "CREATE TABLE AS":
				add(a, tag)
			case before == nil:
				add(a, made[t.Kind])
			case tag != "CREATE INDEX" && tag != "CREATE TRIGGER" && tag != "CREATE TABLE":
				add(a, tag)
			}
			for _, ix := range t.Indexes {
				if before == nil || before.IndexByOID(ix.OID) == nil {
					add(catalog.Address{Kind: catalog.KindIndex, OID: ix.OID}, "CREATE INDEX")
				}
			}
			for _, g := range t.Triggers {
				if tag == "CREATE TRIGGER" && (before == nil || before.TriggerByName(g.Name) != g) {
					add(catalog.Address{Kind: catalog.KindTrigger, OID: g.OID}, tag)
				}
			}
		}
	}
	for _, a := range changed {
		// A sequence that belongs to a column was made first and given to it then.
		if t := cat.Table(a.OID); a.Kind == catalog.KindRelation && t != nil && t.Sequence != nil && t.Sequence.OwnerTable != 0 && was.Table(a.OID) == nil {
			add(a, "ALTER SEQUENCE")
		}
	}
	return out
}

const classClass types.OID = 1259

// classOfKind is the catalog that objects of a kind have their rows in.
func classOfKind(k catalog.Kind) types.OID { return cmp.Or(syscat.ClassOf(k), classClass) }

func orNull(s string) types.Datum {
	if s == "" {
		return types.Null
	}
	return tuple.String(s)
}

// DroppedRows are those of pg_event_trigger_dropped_objects().
func (ev *Event) DroppedRows() ([][]types.Datum, error) {
	if ev == nil || ev.Name != "sql_drop" {
		return nil, pgerr.New(pgerr.ERIEEventTriggerProtocolViolated, "%s can only be called in a sql_drop event trigger function", "pg_event_trigger_dropped_objects()")
	}
	var out [][]types.Datum
	for _, d := range ev.Dropped {
		out = append(out, []types.Datum{tuple.Uint(uint64(classOfKind(d.Kind))), tuple.Uint(uint64(d.OID)), tuple.Int(int64(d.Sub)), tuple.Bool(d.Original),
			tuple.Bool(d.Normal), tuple.Bool(d.Temporary), tuple.String(d.Type), orNull(d.Schema), orNull(d.Name), tuple.String(d.Identity),
			textList(d.Names), textList(d.Args)})
	}
	return out, nil
}

func textList(list []string) types.Datum {
	vals := make([]types.Datum, len(list))
	for i, v := range list {
		vals[i] = tuple.String(v)
	}
	return types.MakeArray(types.Lookup(types.Text), vals)
}

// CommandRows are those of pg_event_trigger_ddl_commands(); the command itself (pg_ddl_command) has no value here.
func (ev *Event) CommandRows() ([][]types.Datum, error) {
	if ev == nil {
		return nil, pgerr.New(pgerr.ERIEEventTriggerProtocolViolated, "%s can only be called in an event trigger function", "pg_event_trigger_ddl_commands()")
	}
	var out [][]types.Datum
	if ev.Name == "ddl_command_start" {
		return nil, nil
	}
	for _, c := range ev.Commands {
		out = append(out, []types.Datum{tuple.Uint(uint64(classOfKind(c.Kind))), tuple.Uint(uint64(c.OID)), tuple.Int(int64(c.Sub)), tuple.String(c.Tag),
			tuple.String(c.Type), orNull(c.Schema), tuple.String(c.Identity), tuple.Bool(false), types.Null})
	}
	return out, nil
}
