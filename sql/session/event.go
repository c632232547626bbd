package session

import (
	"context"
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/plpgsql"
	"github.com/tarndb/tarn/sql/session/event"
	"github.com/tarndb/tarn/sql/trigger"
	"github.com/tarndb/tarn/sql/types"
)

// withEvents runs a statement that changes descriptors between its event triggers (manual: chapter 40).
func (s *Session) withEvents(ctx context.Context, x *stmt.Ctx, node ast.Node) (string, error) {
	tag := ddl.Tag(node)
	if _, fires := trigger.Tag(tag); !fires || !s.hasEvents() {
		return ddl.Exec(x, node)
	}
	ev := &event.Event{Tag: tag}
	if err := s.fireEvents(ctx, ev, "ddl_command_start"); err != nil {
		return "", err
	}
	x.Dropping = func(d stmt.Dropped) { ev.Dropped = append(ev.Dropped, d) }
	x.Ran = func(since catalog.Mark, tag string) {
		ev.Commands = append(ev.Commands, event.Commands(s.env, x.Editor, since, tag)...)
	}
	x.Rewritten = func(table catalog.OID, reason int32) error {
		ev.Rewritten, ev.Reason = table, reason
		return s.fireEvents(ctx, ev, "table_rewrite")
	}
	mark := x.Editor.Mark()
	tag, err := ddl.Exec(x, node)
	if err != nil {
		return "", err
	}
	if ev.Commands == nil {
		ev.Commands = event.Commands(s.env, x.Editor, mark, ev.Tag)
	}
	if len(ev.Dropped) > 0 {
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
func (s *Session) fireEvents(ctx context.Context, ev *event.Event, name string) error {
	var list []*catalog.EventTrigger
	replica := s.hotSettings().replica
	s.catalog().Objects(catalog.KindEventTrigger, func(o catalog.Object) bool {
		e := o.(*catalog.EventTrigger)
		if e.Event == name && catalog.Fires(e.Enabled, replica) && (e.Tags == nil || slices.Contains(e.Tags, ev.Tag)) {
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
		ev.Name = name
		if err := s.fireEvent(ctx, ev, e); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) fireEvent(ctx context.Context, ev *event.Event, e *catalog.EventTrigger) error {
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
	if _, err := r.fn.Run(code.h, code.code, plpgsql.Call{Trigger: &plpgsql.TriggerCall{Event: ev.Name, Tag: ev.Tag}}); err != nil {
		return err
	}
	code.h.ctx, code.h.view = nil, nil
	r.codes = append(r.codes, code)
	return nil
}

// RewriteEvent is the table that the event trigger under way is told of, and the reason; ok false: its event is not table_rewrite.
func (f *functions) RewriteEvent() (table types.OID, reason int32, ok bool) {
	if f.event == nil || f.event.Name != "table_rewrite" {
		return 0, 0, false
	}
	return f.event.Rewritten, f.event.Reason, true
}
