package exec

import (
	"sync"

	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/exec/spill"
	"github.com/tarndb/tarn/sql/exec/write"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Options of a Program.
type Options struct {
	// Analyze counts rows, loops and time per node (EXPLAIN ANALYZE). Without it nothing is counted.
	Analyze bool
}

// Program is a physical plan ready to run. It is safe for concurrent use.
type Program struct {
	plan   *plan.Physical
	opts   Options
	pool   sync.Pool // of *instance
	failed error     // of a constant expression
	early  bool
	steps  []*Program // of a rewritten statement
}

// Prepare compiles a plan. Functions and types that are not built are reported here (0A000). env finds user types.
func Prepare(p *plan.Physical, env *types.Env, opts Options) (*Program, error) {
	g := &Program{plan: p, opts: opts}
	in, err := g.build(env)
	if err != nil {
		return nil, err
	}
	g.failed, g.early = in.failed, in.early
	g.pool.Put(in)
	for _, s := range p.Steps {
		q, err := Prepare(s, env, opts)
		if err != nil {
			return nil, err
		}
		if g.failed == nil {
			g.failed = q.failed
		}
		g.steps = append(g.steps, q)
	}
	return g, nil
}

// Failed is the error of a constant expression of the plan, nil without one. PostgreSQL's planner computes these, so there the
// statement fails even if the expression is never reached: callers that run it look here first.
func (g *Program) Failed() error { return g.failed }

// Early tells that an immutable call has parameters only for its arguments: with constants in their place it would be computed
// ahead, and could have Failed.
func (g *Program) Early() bool { return g.early }

// Plan is what the Program runs.
func (g *Program) Plan() *plan.Physical { return g.plan }

// operator is one node at work. After next returns true the slots of its columns hold a row, until its following call.
type operator interface {
	// open starts from the first row. It is called again, without close, for a rescan.
	open() error
	next() (bool, error)
	// close gives up memory, files and iterators. It may be called in any state; open may follow.
	close()
}

// instance is a Program for one execution at a time.
type instance struct {
	prog *Program
	run.Run
	root   operator
	out    []int // slots of the result columns
	row    []types.Datum
	subs   []operator // roots of subqueries, closed with the execution
	failed error      // see Program.Failed
	early  bool       // see Program.Early
	modify *modifyOp  // the root, where it is one
	stats  map[plan.Node]*NodeStats

	// Of the execution under way.
	virtual  VirtualSource
	columnar ColumnarRunner
	running  bool
	finished bool
	ended    bool // the statement's last actions have run
	each     bool // the tree runs once for each set of parameters: see ExecEach
	writes   write.Statement
	budget   spill.Budget
}

func (g *Program) take(env *types.Env) (*instance, error) {
	if in, ok := g.pool.Get().(*instance); ok {
		return in, nil
	}
	return g.build(env)
}

// Run starts an execution: what it sees is what there is now, but nothing is computed before the first row is asked for. DML
// runs as rows are asked for; Exec runs it to its end.
func (g *Program) Run(ec *Context) (Cursor, error) {
	if g.plan.Stmt.Rewritten {
		return nil, pgerr.Unsupported("running a statement that rules rewrite step by step")
	}
	in, err := g.ready(ec)
	if err != nil {
		return nil, err
	}
	return &cursor{in: in}, nil
}

// Exec runs to the end and gives each row to emit, which may be nil. The count is what the command tag says: rows
// changed by the statement, or rows given.
func (g *Program) Exec(ec *Context, emit func(row []types.Datum) error) (int64, error) {
	if g.plan.Stmt.Rewritten {
		return g.execSteps(ec, emit)
	}
	in, err := g.start(ec)
	if err != nil {
		return 0, err
	}
	n, err := in.exec(emit)
	in.finish()
	return n, err
}

// execSteps runs the commands of a rewritten statement: each sees what those before it did.
func (g *Program) execSteps(ec *Context, emit func(row []types.Datum) error) (n int64, err error) {
	for i, s := range g.steps {
		counted := i == g.plan.Stmt.Counted
		give := emit
		if !counted {
			give = nil
		}
		rows, err := s.Exec(ec, give)
		if err != nil {
			return 0, err
		}
		if counted {
			n = rows
		}
	}
	return n, nil
}

func (in *instance) exec(emit func(row []types.Datum) error) (n int64, err error) {
	for {
		ok, err := in.next()
		if err != nil {
			return 0, err
		}
		if !ok {
			break
		}
		n++
		if emit != nil {
			if err := emit(in.result()); err != nil {
				return 0, err
			}
		}
	}
	if in.modify != nil {
		n = in.modify.count
	}
	return n, nil
}

func (g *Program) start(ec *Context) (*instance, error) {
	in, err := g.ready(ec)
	if err != nil {
		return nil, err
	}
	if err := in.root.open(); err != nil {
		in.finish()
		return nil, err
	}
	return in, nil
}

// ready takes an instance for an execution and does not open it yet.
func (g *Program) ready(ec *Context) (*instance, error) {
	in, err := g.take(ec.Env)
	if err != nil {
		return nil, err
	}
	if len(ec.Params) < len(in.Params) {
		g.pool.Put(in)
		return nil, pgerr.New(pgerr.ProtocolViolation, "bind message supplies %d parameters, but prepared statement requires %d",
			len(ec.Params), len(in.Params))
	}
	in.begin(ec)
	return in, nil
}

// ExecEach runs a data-modifying statement once for each set of parameters that next writes into ec.Params, as one
// statement: one View, constraint checks that wait for its end after the last row. COPY FROM is that. next is told how many rows
// have been written. An error of next ends it; wrap, if not nil, adds to an error of the row at hand what the caller knows of it.
func (g *Program) ExecEach(ec *Context, next func(params []types.Datum, written int64) (bool, error), wrap func(error) error) (n int64, err error) {
	in, err := g.start(ec)
	if err != nil {
		return 0, err
	}
	in.each = true
	defer in.finish()
	for {
		ok, err := next(ec.Params, n)
		if err != nil {
			return 0, err
		}
		if !ok {
			if in.modify != nil {
				if err := in.modify.change.End(); err != nil {
					return 0, err
				}
			}
			return n, in.endStatement()
		}
		in.Again(ec.Params)
		rows, err := in.once()
		if err != nil {
			if wrap != nil {
				err = wrap(err)
			}
			return 0, err
		}
		n += rows
	}
}

// once runs the tree from the beginning to its end.
func (in *instance) once() (int64, error) {
	if err := in.root.open(); err != nil {
		return 0, err
	}
	rows := int64(0)
	for {
		if err := in.Tick(); err != nil {
			return 0, err
		}
		ok, err := in.root.next()
		if err != nil {
			return 0, err
		}
		if !ok {
			break
		}
		rows++
	}
	if in.modify != nil {
		rows = in.modify.count
	}
	return rows, nil
}

// begin binds the instance to an execution.
func (in *instance) begin(ec *Context) {
	in.BeginStatement(&ec.Context)
	in.virtual, in.columnar = ec.Virtual, ec.Columnar
	in.writes.Begin(ec.Deferred)
	in.budget.Mem, in.budget.Dir = ec.Memory(), ec.TempDir
	in.budget.Reset()
	in.running, in.finished, in.ended, in.each = true, false, false, false
}

// next gives the next row; at the end it runs what waits for it.
func (in *instance) next() (bool, error) {
	if in.finished {
		return false, nil
	}
	ok, err := in.root.next()
	if ok || err != nil {
		return ok, err
	}
	in.finished = true
	return false, in.endStatement()
}

// endStatement runs the constraint checks that wait for the end of the statement.
func (in *instance) endStatement() error {
	if in.ended {
		return nil
	}
	in.ended = true
	return in.writes.Finish()
}

func (in *instance) result() []types.Datum {
	for i, s := range in.out {
		in.row[i] = in.F.S[s]
	}
	return in.row
}

// finish ends the execution and gives the instance back.
func (in *instance) finish() {
	if !in.running {
		return
	}
	in.running = false
	in.root.close()
	for _, s := range in.subs {
		s.close()
	}
	in.writes.Drop()
	in.End()
	in.virtual, in.columnar = nil, nil
	if in.stats == nil { // EXPLAIN ANALYZE reads its counters after the end
		in.prog.pool.Put(in)
	}
}

// cursor is an instance seen from outside.
type cursor struct {
	in     *instance
	opened bool
	stats  map[plan.Node]*NodeStats
}

func (c *cursor) Next() ([]types.Datum, bool, error) {
	if c.in == nil {
		return nil, false, nil
	}
	if !c.opened {
		c.opened = true
		if err := c.in.root.open(); err != nil {
			return nil, false, err
		}
	}
	ok, err := c.in.next()
	if !ok || err != nil {
		return nil, false, err
	}
	return c.in.result(), true, nil
}

func (c *cursor) Close() error {
	if c.in != nil {
		c.stats = c.in.stats
		c.in.finish()
		c.in = nil
	}
	return nil
}

// Stats are the counters of an execution with Options.Analyze.
func (c *cursor) Stats() map[plan.Node]*NodeStats {
	if c.in != nil {
		return c.in.stats
	}
	return c.stats
}
