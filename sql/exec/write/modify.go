package write

import (
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/trigger"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/txn"
)

// Change is a compiled INSERT, UPDATE, DELETE or MERGE.
type Change struct {
	target target
	act    func() (bool, error)
	ops    []catalog.TriggerType // see events
	loads  bool                  // see MayLoad
}

// Source is where the row that is to be changed stands, if whoever gives its columns has it at hand: in *Point, or under Iter. The zero
// Source: it is looked up.
type Source struct {
	Point *[]byte
	Iter  *rowstore.Iter
}

func (s *Source) known() bool { return s.Point != nil || s.Iter != nil }

func (s *Source) row() []byte {
	if s.Point != nil {
		return *s.Point
	}
	return s.Iter.Row()
}

// compiler compiles changes.
type compiler struct {
	*eval.Builder
	st *Statement
}

// Compile compiles the statement of a node, without its input and RETURNING. source is of the statement's own table.
func Compile(b *eval.Builder, st *Statement, x *plan.Modify, source Source) (*Change, error) {
	c, ch := &compiler{b, st}, &Change{}
	var err error
	switch {
	case x.Insert != nil:
		err = c.insert(ch, x.Insert)
	case x.Update != nil:
		err = c.update(ch, x.Update, source)
	case x.Delete != nil:
		err = c.delete(ch, x.Delete, source)
	case x.Merge != nil:
		err = c.merge(ch, x.Merge)
	default:
		err = pgerr.Internal("modify node without statement")
	}
	return ch, err
}

// MayLoad says that nobody looks at the rows of an INSERT before End: rows of lake tables may go to files until then.
func (c *Change) MayLoad() { c.loads = c.target.conflict == nil }

// Begin opens the table for an execution.
func (c *Change) Begin() error {
	fresh := c.target.gen != c.target.in.Gen // COPY begins anew with each row
	if err := c.target.begin(); err != nil {
		return err
	}
	if c.loads && fresh {
		c.target.mayLoad()
	}
	return c.beginStatement()
}

// Row acts on the source row in the slots; true: a row was changed, and RETURNING's columns stand in their slots.
func (c *Change) Row() (bool, error) { return c.act() }

// target is the table that is changed, with what a new row must satisfy.
type target struct {
	in     *Statement
	table  *catalog.Table
	rel    *rowstore.Rel
	w      *rowstore.Writer
	ev     *indexEval
	excl   *excluder // of exclusion constraints
	gen    uint64
	row    eval.RowCols // the new row as checks and RETURNING see it
	gens   []genCol
	checks []rowCheck
	// policies are row security's checks of the new rows of the action at hand; those of a root hold for its tree.
	policies []rowCheck
	nnull    []int // columns that must not be NULL
	vals     []types.Datum

	// Of UPDATE and DELETE.
	loc      int
	old      eval.RowCols
	recheck  eval.Cond
	strength lock.Mode
	keys     []int   // see keyCols
	given    []int16 // columns that the statement gives values: messages may show them
	source   Source
	buf      []byte
	oldVals  []types.Datum
	fk       *fkTable
	inserts  bool
	deletes  bool
	merges   bool

	// Of a target whose rows stand in several tables, and of the tables of its tree.
	parts    *parts
	allSets  []setFn // what the statement may assign
	root     *target // nil: the statement's own target
	atts     []int16 // the root's attribute numbers - 1 to those of the table
	evals    []*eval.Evaluator
	above    []upLevel
	aboveOf  *catalog.Catalog
	boundsIn *catalog.Catalog // not nil: the bounds are those of this catalog, and rows that have been routed here may not fit
	trusted  bool             // the row in vals has been routed here
	conflict *conflictOp
	// deferrable: the table has unique constraints that are checked later.
	deferrable bool

	// fires: a change of a row has triggers, or rows are kept for transition tables (captures).
	fires    bool
	captures bool
	trig     *triggers // nil: there are none
	cols     []int16   // see assigned
	allKeys  bool      // keys are those of the whole table
	stmts    map[catalog.TriggerType]*trigger.Statement
	stmtsOf  *queue
}

type genCol struct {
	att  int
	eval eval.Fn
}

type rowCheck struct {
	name string
	kind plan.CheckKind
	cond eval.Cond
}

// rowChecks compiles checks.
func (b *compiler) rowChecks(list []plan.Check) ([]rowCheck, error) {
	var out []rowCheck
	for _, c := range list {
		cond, err := b.Cond(c.Expr)
		if err != nil {
			return nil, err
		}
		out = append(out, rowCheck{name: c.Constraint, kind: c.Kind, cond: cond})
	}
	return out, nil
}

func (b *compiler) target(t *catalog.Table, row []plan.Col, gens []plan.GenCol, checks []plan.Check) (target, error) {
	tg := target{in: b.st, table: t, vals: make([]types.Datum, len(t.Columns))}
	var err error
	if tg.row, err = b.RowCols(t, row); err != nil {
		return tg, err
	}
	for _, g := range gens {
		fn, err := b.Fn(g.Expr)
		if err != nil {
			return tg, err
		}
		tg.gens = append(tg.gens, genCol{att: int(g.AttNum), eval: fn})
	}
	all, err := b.rowChecks(checks)
	if err != nil {
		return tg, err
	}
	for _, c := range all {
		if c.kind == plan.CheckPolicy {
			tg.policies = append(tg.policies, c)
		} else {
			tg.checks = append(tg.checks, c)
		}
	}
	tg.deferrable = slices.ContainsFunc(t.Indexes, func(ix *catalog.Index) bool { return ix.Deferrable })
	for i := range t.Columns {
		if t.Columns[i].NotNull && !t.Columns[i].Dropped {
			tg.nnull = append(tg.nnull, i)
		}
	}
	return tg, nil
}

// begin opens the table for the execution.
func (tg *target) begin() error {
	in := tg.in
	if tg.table.Kind == catalog.RelView && !tg.table.Virtual {
		return tg.loadTriggers()
	}
	if tg.table.Virtual || !tg.table.LikeTable() {
		return pgerr.New(pgerr.WrongObjectType, "cannot change relation \"%s\"", tg.table.Name)
	}
	if tg.root == nil {
		tg.tree()
	}
	if tg.gen != in.Gen {
		if err := tg.loadTriggers(); err != nil {
			return err
		}
	}
	if tg.table.Partitioned() {
		tg.gen = in.Gen
		return nil
	}
	if tg.rel == nil {
		rel, err := in.EC.Rels.Get(tg.table)
		if err != nil {
			return err
		}
		tg.rel = rel
	}
	if tg.gen == in.Gen {
		return nil
	}
	tg.gen = in.Gen
	var ev rowstore.IndexEval
	if tg.rel.NeedsEval() {
		if tg.ev == nil {
			made, err := NewIndexEval(in.EC, tg.table)
			if err != nil {
				return err
			}
			tg.ev = made.(*indexEval)
		}
		tg.ev.begin(in.EC)
		ev = tg.ev
	}
	if in.EC.Manager == nil {
		return pgerr.Internal("exec.Context.Manager is not set")
	}
	if tg.w == nil {
		tg.w = tg.rel.NewWriter(in.EC.Manager, in.EC.Txn, ev, in.EC.LockOptions(), in.EC.Env)
	} else {
		tg.w.Reset(in.EC.Txn, in.EC.Env)
	}
	if err := tg.exclusions(); err != nil {
		return err
	}
	tg.w.Pending = nil
	if tg.deferrable {
		tg.w.Pending = in.queue().pending(tg.table)
	}
	// A table that the transaction has made or truncated is its own: rows need no locks.
	tg.w.Exclusive = tg.inserts && in.EC.Txn.LockOwner().HoldsTable(uint64(tg.table.OID), lock.AccessExclusive)
	if tg.fk == nil || tg.fk.catalog != in.EC.Catalog || tg.fk.replica != in.EC.Replica {
		tg.fk = newFKTable(in.EC, tg.table)
	}
	return nil
}

// mayLoad lets the table's writer load rows.
func (tg *target) mayLoad() {
	ec := tg.in.EC
	if tg.w == nil || !tg.table.Lake() || tg.trig != nil || tg.table.Bound != nil {
		return
	}
	l, begun := tg.in.loaders[tg]
	if !begun {
		l = rowstore.NewLoader(ec.Loads, ec.Catalog, tg.table, ec.Txn)
		if tg.in.loaders == nil {
			tg.in.loaders = map[*target]*rowstore.Loader{}
		}
		tg.in.loaders[tg] = l
	}
	tg.w.Loader = l
}

// complete computes the generated columns of the row in vals, puts the row into its slots and checks it.
func (tg *target) complete() error {
	f := &tg.in.F
	for _, g := range tg.gens {
		tg.vals[g.att-1] = types.Null
	}
	tg.row.LoadVals(f, tg.vals)
	for _, g := range tg.gens {
		v, err := g.eval()
		if err != nil {
			return err
		}
		tg.vals[g.att-1] = v
	}
	if len(tg.gens) > 0 {
		tg.row.LoadVals(f, tg.vals)
	}
	trusted := tg.trusted
	tg.trusted = false
	policies := tg.policies
	if tg.root != nil {
		policies = tg.root.policies
	}
	if err := tg.permitted(policies); err != nil {
		return err
	}
	for _, i := range tg.nnull {
		if tg.vals[i].IsNull() {
			return notNullError(tg.in.EC, tg.table, &tg.table.Columns[i], tg.vals, tg.given)
		}
	}
	for i := range tg.checks {
		c := &tg.checks[i]
		t, err := c.cond()
		if err != nil {
			return err
		}
		switch {
		case t == eval.True, t == eval.Null && c.kind == plan.CheckConstraint:
		case c.kind == plan.CheckViewOption:
			return viewOptionError(tg.in.EC, tg.table, c.name, tg.vals, tg.given)
		default:
			return checkError(tg.in.EC, tg.table, c.name, tg.vals, tg.given)
		}
	}
	if tg.table.Bound != nil && (!trusted || tg.boundsIn != nil) {
		return tg.inBounds()
	}
	return nil
}

// permitted applies row security's checks to the row in the slots that they name.
func (tg *target) permitted(list []rowCheck) error {
	for i := range list {
		t, err := list[i].cond()
		if err != nil {
			return err
		}
		if t != eval.True {
			named := tg.table
			if tg.root != nil {
				named = tg.root.table
			}
			return policyError(named, &list[i])
		}
	}
	return nil
}

// locked is a target row that may be changed now.
type locked struct {
	in       *target // the table that it stands in
	key, row []byte
	state    txn.RowState
	changed  bool // it is not the version that the source has seen
}

// lock locks the row that the locator slot names and finds its newest version. A row that has changed since the statement
// began is loaded into the slots again and must satisfy the conditions still (READ COMMITTED, manual 13.2.1).
// ok false: the row is left alone.
func (tg *target) lock() (l locked, ok bool, err error) {
	in := tg.in
	key, id, err := rowstore.ParseLoc(in.F.S[tg.loc].Bytes())
	if err != nil {
		return l, false, err
	}
	if tg.parts != nil {
		leaf, err := tg.at(key)
		if err != nil {
			return l, false, err
		}
		if leaf != tg {
			return leaf.lock()
		}
	}
	r, err := in.View.LockVersion(in.EC.Ctx, key, id, tg.strength, in.EC.LockOptions(), tg.buf[:0])
	if err != nil {
		return l, false, run.LockError(err, tg.table)
	}
	l = locked{in: tg, key: r.Key, state: r.State}
	switch r.State {
	case txn.RowSame:
		if tg.source.known() {
			l.row = tg.source.row()
			return l, true, nil
		}
		tg.buf, ok, err = tg.rel.Get(in.View, tg.buf[:0], key)
		if err == nil && !ok {
			err = pgerr.Internal("a locked row of %s is gone", tg.table.Name)
		}
		l.row = tg.buf
		return l, err == nil, err
	case txn.RowChanged:
		tg.buf = r.Row
		l.row, l.changed = r.Row, true
		tg.old.Load(&in.F, tg.rel, r.Key, r.Row)
		if tg.recheck != nil {
			t, err := tg.recheck()
			return l, t == eval.True, err
		}
		return l, true, nil
	case txn.RowOwn:
		// A scan gives each row once: what has changed this one is a trigger.
		if ri := in.ri; ri != nil && ri.fired && tg.source.known() {
			op := catalog.TriggerUpdate
			if tg.deletes {
				op = catalog.TriggerDelete
			}
			return l, false, modifiedAlready(op)
		}
	}
	return l, false, nil
}

// fields decodes the row that is to be changed into oldVals.
func (tg *target) fields(row []byte) error {
	if tg.oldVals == nil {
		tg.oldVals = make([]types.Datum, len(tg.table.Columns))
	}
	return tg.rel.Decode(row, tg.oldVals)
}

// keyCols are the columns of the assignments that a foreign key could name (offsets): those of unique indexes. An UPDATE that
// changes one of them locks the row more strongly (manual 13.3.2).
func keyCols(t *catalog.Table, set []plan.SetItem) (cols []int) {
	for _, s := range set {
		for _, ix := range t.Indexes {
			if ix.Unique && ix.Pred == "" && slices.ContainsFunc(ix.Keys, func(k catalog.IndexKey) bool { return k.Att == s.AttNum }) {
				cols = append(cols, int(s.AttNum)-1)
				break
			}
		}
	}
	return cols
}

// withSet adds the columns of assignments to a list of attribute numbers.
func withSet(atts []int16, set []plan.SetItem) []int16 {
	for _, s := range set {
		atts = append(atts[:len(atts):len(atts)], s.AttNum)
	}
	return atts
}

// setFn assigns one column.
type setFn struct {
	att  int
	eval eval.Fn
}

func (b *compiler) sets(items []plan.SetItem) ([]setFn, error) {
	out := make([]setFn, len(items))
	for i, s := range items {
		fn, err := b.Fn(s.Expr)
		if err != nil {
			return nil, err
		}
		out[i] = setFn{att: int(s.AttNum), eval: fn}
	}
	return out, nil
}

// assign makes the new row of oldVals and the assignments.
func (tg *target) assign(sets []setFn) error {
	copy(tg.vals, tg.oldVals)
	for i := range sets {
		v, err := sets[i].eval()
		if err != nil {
			return err
		}
		tg.vals[tg.att(sets[i].att)-1] = v
	}
	return nil
}

// change assigns and stores: the row at key gets its new values, in another partition where it belongs there now. ok false: a
// trigger wants it left alone.
func (tg *target) change(sets []setFn, key, row []byte) (ok bool, err error) {
	if err := tg.fields(row); err != nil {
		return false, err
	}
	if err := tg.assign(sets); err != nil {
		return false, err
	}
	if tg.fires {
		if ok, err := tg.before(catalog.TriggerUpdate, key, row); !ok || err != nil {
			return false, err
		}
	}
	if tg.root != nil && tg.table.Bound != nil {
		ok, err := tg.fits()
		if err != nil {
			return false, err
		}
		if !ok {
			return tg.move(key, row)
		}
		tg.trusted = tg.root.table.Bound == nil
	}
	if err := tg.complete(); err != nil {
		return false, err
	}
	return true, tg.replace(key, row)
}

// replace stores the row in vals in place of oldVals, which stands at key as row.
func (tg *target) replace(key, row []byte) error {
	for _, i := range tg.keys {
		if !frame.Identical(tg.oldVals[i], tg.vals[i]) {
			if _, err := tg.in.EC.Txn.LockRow(tg.in.EC.Ctx, key, lock.Write, tg.in.EC.LockOptions()); err != nil {
				return run.LockError(err, tg.table)
			}
			break
		}
	}
	newKey, err := tg.w.Update(tg.in.EC.Ctx, key, row, tg.vals)
	if err != nil {
		return constraintError(tg.in.EC, err, tg.table)
	}
	if err := tg.fk.updated(tg.in, key, newKey, tg.oldVals, tg.vals); err != nil {
		return err
	}
	return tg.changed(catalog.TriggerUpdate, tg.oldVals, tg.vals)
}
