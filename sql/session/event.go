package session

import (
	"cmp"
	"context"
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/syscat"
	"github.com/tarndb/tarn/sql/ddl"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/plpgsql"
	"github.com/tarndb/tarn/sql/trigger"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// event is a command whose event triggers fire, as their functions see it.
type event struct {
	name, tag string
	dropped   []stmt.Dropped
	commands  []command
	// The table that is rewritten, and why (table_rewrite).
	rewritten catalog.OID
	reason    int32
}

// command is a row of pg_event_trigger_ddl_commands().
type command struct {
	stmt.Dropped
	tag string
}

// withEvents runs a statement that changes descriptors between its event triggers (manual: chapter 40).
func (s *Session) withEvents(ctx context.Context, x *stmt.Ctx, node ast.Node) (string, error) {
	tag := ddl.Tag(node)
	if _, fires := trigger.Tag(tag); !fires || !s.hasEvents() {
		return ddl.Exec(x, node)
	}
	ev := &event{tag: tag}
	if err := s.fireEvents(ctx, ev, "ddl_command_start"); err != nil {
		return "", err
	}
	x.Dropping = func(d stmt.Dropped) { ev.dropped = append(ev.dropped, d) }
	x.Ran = func(since catalog.Mark, tag string) {
		ev.commands = append(ev.commands, s.commands(x.Editor, since, tag)...)
	}
	x.Rewritten = func(table catalog.OID, reason int32) error {
		ev.rewritten, ev.reason = table, reason
		return s.fireEvents(ctx, ev, "table_rewrite")
	}
	mark := x.Editor.Mark()
	tag, err := ddl.Exec(x, node)
	if err != nil {
		return "", err
	}
	if ev.commands == nil {
		ev.commands = s.commands(x.Editor, mark, ev.tag)
	}
	if len(ev.dropped) > 0 {
		if err := s.fireEvents(ctx, ev, "sql_drop"); err != nil {
			return "", err
		}
	}
	return tag, s.fireEvents(ctx, ev, "ddl_command_end")
}

func (s *Session) hasEvents() (found bool) {
	s.catalog().Objects(catalog.KindEventTrigger, func(catalog.Object) bool {
		found = true
		return false
	})
	return found
}

// fireEvents calls the functions of the event's triggers in the order of their names.
func (s *Session) fireEvents(ctx context.Context, ev *event, name string) error {
	var list []*catalog.EventTrigger
	replica := s.hotSettings().replica
	s.catalog().Objects(catalog.KindEventTrigger, func(o catalog.Object) bool {
		e := o.(*catalog.EventTrigger)
		if e.Event == name && catalog.Fires(e.Enabled, replica) && (e.Tags == nil || slices.Contains(e.Tags, ev.tag)) {
			list = append(list, e)
		}
		return true
	})
	slices.SortFunc(list, func(a, b *catalog.EventTrigger) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	for _, e := range list {
		ev.name = name
		if err := s.fireEvent(ctx, ev, e); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) fireEvent(ctx context.Context, ev *event, e *catalog.EventTrigger) error {
	if s.depth >= maxCallDepth {
		return errTooDeep()
	}
	fn := s.catalog().Function(e.Func)
	if fn == nil || fn.Language != "plpgsql" {
		return pgerr.Unsupported("this function as an event trigger")
	}
	rc := &run.RoutineCall{Func: fn, Ret: plan.Type{OID: types.EventTrigger, Mod: -1}}
	r, err := s.compilePLFor(ctx, rc, true, "event trigger")
	if err != nil {
		return err
	}
	leave, err := s.enterRoutine(fn)
	if err != nil {
		return err
	}
	defer leave()
	old, nonAtomic, vars := s.event, s.nonAtomic, s.innerVars
	s.event, s.nonAtomic, s.innerVars = ev, false, nil
	s.depth++
	restore := s.innermost(nil)
	defer func() {
		restore()
		s.depth--
		s.event, s.nonAtomic, s.innerVars = old, nonAtomic, vars
	}()
	code := r.take(s, ctx, nil)
	if _, err := r.fn.Run(code.h, code.code, plpgsql.Call{Trigger: &plpgsql.TriggerCall{Event: ev.name, Tag: ev.tag}}); err != nil {
		return err
	}
	code.h.ctx, code.h.view = nil, nil
	r.codes = append(r.codes, code)
	return nil
}

// commands are the objects that a statement has made or changed: new sequences first, new tables with their indexes, then the rest.
func (s *Session) commands(e *catalog.Editor, mark catalog.Mark, tag string) (out []command) {
	cat, was := e.Catalog(), mark.Catalog()
	add := func(a catalog.Address, tag string) {
		c := command{stmt.Dropped{Address: a}, tag}
		if sc := cat.SchemaByOID(a.OID); a.Kind == catalog.KindSchema && sc != nil && stmt.IsTempSchema(sc) {
			return // made along with its first relation
		}
		if depend.Identify(cat, s.env, &c.Dropped); c.Type != "" {
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

// RewriteEvent is the table that the event trigger under way is told of, and the reason; ok false: its event is not table_rewrite.
func (f *functions) RewriteEvent() (table types.OID, reason int32, ok bool) {
	if f.event == nil || f.event.name != "table_rewrite" {
		return 0, 0, false
	}
	return f.event.rewritten, f.event.reason, true
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

// droppedRows are those of pg_event_trigger_dropped_objects().
func (s *Session) droppedRows() ([][]types.Datum, error) {
	if s.event == nil || s.event.name != "sql_drop" {
		return nil, pgerr.New(pgerr.ERIEEventTriggerProtocolViolated, "%s can only be called in a sql_drop event trigger function", "pg_event_trigger_dropped_objects()")
	}
	var out [][]types.Datum
	for _, d := range s.event.dropped {
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

// commandRows are those of pg_event_trigger_ddl_commands(); the command itself (pg_ddl_command) has no value here.
func (s *Session) commandRows() ([][]types.Datum, error) {
	if s.event == nil {
		return nil, pgerr.New(pgerr.ERIEEventTriggerProtocolViolated, "%s can only be called in an event trigger function", "pg_event_trigger_ddl_commands()")
	}
	var out [][]types.Datum
	if s.event.name == "ddl_command_start" {
		return nil, nil
	}
	for _, c := range s.event.commands {
		out = append(out, []types.Datum{tuple.Uint(uint64(classOfKind(c.Kind))), tuple.Uint(uint64(c.OID)), tuple.Int(int64(c.Sub)), tuple.String(c.tag),
			tuple.String(c.Type), orNull(c.Schema), tuple.String(c.Identity), tuple.Bool(false), types.Null})
	}
	return out, nil
}
