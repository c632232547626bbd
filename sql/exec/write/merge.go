package write

import (
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/txn"
)

// mergeAction is one WHEN of MERGE.
type mergeAction struct {
	matched  bool
	kind     byte
	cond     eval.Cond
	sets     []setFn
	values   []setFn
	defaults []setFn
	// target are checks of the row that is changed, policies of the new one.
	target, policies []rowCheck
}

type mergeOp struct {
	o       *Change
	actions []mergeAction
}

// merge: the first WHEN whose kind and condition fit acts (manual: MERGE). A matched row that has changed since the
// statement began is matched again on its newest version.
func (b *compiler) merge(o *Change, x *plan.Merge) error {
	var err error
	if o.target, err = b.target(x.Table, x.Row, x.Generated, x.Checks); err != nil {
		return err
	}
	tg := &o.target
	tg.loc = b.Slot(x.Loc)
	tg.strength, tg.merges = lock.NoKeyWrite, true
	if tg.old, err = b.RowCols(x.Table, x.Old); err != nil {
		return err
	}
	if tg.recheck, err = b.Conds(x.Recheck); err != nil {
		return err
	}
	m := &mergeOp{o: o}
	for _, a := range x.Actions {
		act := mergeAction{matched: a.Matched, kind: a.Kind}
		if a.Cond != nil {
			if act.cond, err = b.Cond(a.Cond); err != nil {
				return err
			}
		}
		if act.sets, err = b.sets(a.Set); err != nil {
			return err
		}
		for i, e := range a.Values {
			if e == nil {
				continue
			}
			fn, err := b.Fn(e)
			if err != nil {
				return err
			}
			act.values = append(act.values, setFn{att: int(a.Cols[i]), eval: fn})
		}
		if act.defaults, err = b.defaults(x.Table, a.Defaults); err != nil {
			return err
		}
		if act.target, err = b.rowChecks(a.Target); err != nil {
			return err
		}
		if act.policies, err = b.rowChecks(a.Policy); err != nil {
			return err
		}
		if a.Kind == 'd' {
			tg.strength = lock.Write
		}
		tg.allSets = append(tg.allSets, act.sets...)
		tg.keys = append(tg.keys, keyCols(x.Table, a.Set)...)
		tg.given = withSet(append(tg.given, a.Cols...), a.Set)
		m.actions = append(m.actions, act)
	}
	var ops []catalog.TriggerType
	for _, k := range []byte{'i', 'u', 'd'} {
		if slices.ContainsFunc(m.actions, func(a mergeAction) bool { return a.kind == k }) {
			ops = append(ops, map[byte]catalog.TriggerType{'i': catalog.TriggerInsert, 'u': catalog.TriggerUpdate, 'd': catalog.TriggerDelete}[k])
		}
	}
	o.events(ops...)
	o.act = m.act
	return nil
}

func (m *mergeOp) act() (bool, error) {
	tg := &m.o.target
	if tg.in.F.S[tg.loc].IsNull() {
		return m.insert()
	}
	a, err := m.choose(true)
	if err != nil {
		return false, err
	}
	if a == nil || a.kind == 'n' {
		return false, nil
	}
	l, ok, err := tg.lock()
	if err != nil {
		return false, err
	}
	if !ok {
		if l.state == txn.RowOwn {
			return false, pgerr.New(pgerr.CardinalityViolation, "MERGE command cannot affect row a second time").
				WithHint("Ensure that not more than one source row matches any one target row.")
		}
		tg.old.SetNull(&tg.in.F)
		return m.insert()
	}
	if l.changed {
		if a, err = m.choose(true); a == nil || err != nil {
			return false, err
		}
	}
	if err := tg.permitted(a.target); err != nil {
		return false, err
	}
	tg.policies = a.policies
	switch a.kind {
	case 'u':
		return l.in.change(a.sets, l.key, l.row)
	case 'd':
		return l.in.remove(l.key, l.row)
	}
	return false, nil
}

// choose finds the action for the row in the slots; nil: none.
func (m *mergeOp) choose(matched bool) (*mergeAction, error) {
	for i := range m.actions {
		a := &m.actions[i]
		if a.matched != matched {
			continue
		}
		if a.cond != nil {
			t, err := a.cond()
			if err != nil {
				return nil, err
			}
			if t != eval.True {
				continue
			}
		}
		return a, nil
	}
	return nil, nil
}

// insert acts on a source row without target.
func (m *mergeOp) insert() (bool, error) {
	tg := &m.o.target
	a, err := m.choose(false)
	if a == nil || err != nil || a.kind != 'i' {
		return false, err
	}
	for i := range tg.vals {
		tg.vals[i] = types.Null
	}
	for _, list := range [][]setFn{a.values, a.defaults} {
		for _, s := range list {
			v, err := s.eval()
			if err != nil {
				return false, err
			}
			tg.vals[s.att-1] = v
		}
	}
	tg.policies = a.policies
	return tg.store()
}
