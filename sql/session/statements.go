package session

import (
	"context"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/session/cursor"
	"github.com/tarndb/tarn/sql/stmtstats"
	"github.com/tarndb/tarn/sql/types"
)

// statementsExtension is the extension where whose databases statements are counted.
const statementsExtension = "pg_stat_statements"

// StatementStats is where statements are counted (call.Statements).
func (f *functions) StatementStats() *stmtstats.Store { return f.s().shared.Statements }

var _ builtin.Statements = (*functions)(nil)

// tracking are the extension's settings.
type tracking struct{ top, nested, utility, planning bool }

func (s *Session) trackingSettings() tracking {
	level, _ := s.settings.Get("pg_stat_statements.track")
	return tracking{top: level != "none", nested: level == "all", utility: s.settings.Bool("pg_stat_statements.track_utility"),
		planning: s.settings.Bool("pg_stat_statements.track_planning")}
}

// counter is what a plan's executions count for. The entries are looked for once, at the top level and in functions.
type counter struct {
	id      int64
	text    string
	entries [2]*stmtstats.Entry
}

// countsIn remembers whether a version of the catalog has the extension.
type countsIn struct {
	version uint64
	yes     bool
}

// counts reports whether statements are counted in the session's database.
func (s *Session) counts(cat *catalog.Catalog) bool {
	if s.shared.Statements == nil {
		return false
	}
	if s.counted.version != cat.Version {
		s.counted = countsIn{cat.Version, cat.Extension(statementsExtension) != nil}
	}
	return s.counted.yes
}

// counterOf makes the counter of a statement; nil where nothing is counted. Statements over different relations of the same names are
// different ones.
func (s *Session) counterOf(cat *catalog.Catalog, text string, bound *plan.Statement) *counter {
	if !s.counts(cat) || text == "" {
		return nil
	}
	text, form, err := parser.Identify(text)
	if err != nil {
		return nil // a statement of Tarn's own grammar
	}
	oids := make([]catalog.OID, 0, len(bound.Tables))
	for _, u := range bound.Tables {
		oids = append(oids, u.Table.OID)
	}
	slices.Sort(oids)
	h := fnv.New64a()
	h.Write(strconv.AppendUint(nil, form, 16))
	for _, oid := range slices.Compact(oids) {
		h.Write(strconv.AppendUint([]byte{' '}, uint64(oid), 16))
	}
	return &counter{id: queryID(h.Sum64()), text: text}
}

// planCounted is planFor, for any parameters, of a statement that is counted as the text says.
func (s *Session) planCounted(cat *catalog.Catalog, stmt ast.Stmt, bound *plan.Statement, text string) (*query, error) {
	var began time.Time
	if s.hotSettings().tracking.planning {
		began = time.Now()
	}
	q, err := s.planFor(cat, stmt, bound, nil)
	if err != nil {
		return nil, err
	}
	q.counter = s.counterOf(cat, text, bound)
	s.countPlanning(q, began)
	return q, nil
}

// queryID: 0 means none.
func queryID(h uint64) int64 {
	if h == 0 {
		h = 1
	}
	return int64(h)
}

// Places of a counter's entries.
const (
	topLevel = iota
	inFunction
)

// place is where a statement of the client counts, or one that its utility statements run.
func (s *Session) place() int {
	if s.depth > 0 {
		return inFunction
	}
	return topLevel
}

// tracked reports whether executions at a place are counted.
func (s *Session) tracked(place int) bool {
	t := &s.hotSettings().tracking
	return t.top && place == topLevel || t.nested
}

// startCount is the time now if an execution of q is counted, else zero.
func (s *Session) startCount(q *query, place int) (began time.Time) {
	if q.counter != nil && s.tracked(place) {
		began = time.Now()
	}
	return began
}

// count counts an execution without an error whose start startCount has given.
func (s *Session) count(q *query, place int, began time.Time, rows int64, err error) {
	if err == nil && !began.IsZero() {
		took := time.Since(began)
		s.countAs(q, place, func(e *stmtstats.Entry) bool { return e.Ran(took, rows) })
	}
}

// countAs adds to an entry. One that has been dropped is made anew.
func (s *Session) countAs(q *query, place int, add func(*stmtstats.Entry) bool) {
	c := q.counter
	if c == nil {
		return // planned anew where nothing is counted
	}
	for range 2 {
		if e := c.entries[place]; e != nil && add(e) {
			return
		}
		c.entries[place] = s.entry(c, place)
	}
}

// countPlanning counts a planning; began is zero where that is not asked for.
func (s *Session) countPlanning(q *query, began time.Time) {
	if place := s.place(); q.counter != nil && !began.IsZero() && s.tracked(place) {
		took := time.Since(began)
		s.countAs(q, place, func(e *stmtstats.Entry) bool { return e.Planned(took) })
	}
}

// countedRows are the rows of a statement in a function. However many are read, it is one execution.
type countedRows struct {
	cursor.Source
	s    *Session
	q    *query
	took time.Duration
	n    int64
	bad  bool
}

// countRows counts the execution that rows are of.
func (s *Session) countRows(q *query, rows cursor.Source) cursor.Source {
	if q.counter == nil || !s.tracked(inFunction) {
		return rows
	}
	return &countedRows{Source: rows, s: s, q: q}
}

func (r *countedRows) Next() ([]types.Datum, bool, error) {
	began := time.Now()
	row, ok, err := r.Source.Next()
	r.took += time.Since(began)
	if ok {
		r.n++
	}
	r.bad = r.bad || err != nil
	return row, ok, err
}

func (r *countedRows) Close() error {
	err := r.Source.Close()
	if err == nil && !r.bad {
		r.s.countAs(r.q, inFunction, func(e *stmtstats.Entry) bool { return e.Ran(r.took, r.n) })
	}
	r.bad = true // it counts once
	return err
}

// endPortal closes a portal. One that was read in pieces counts as one execution.
func (s *Session) endPortal(p *portal) {
	s.countPortal(p)
	p.close()
}

// brokenPortal stands for the time of a portal that an error has ended: it does not count.
const brokenPortal time.Duration = -1

// countPart notes how long a piece of a portal took, and counts the portal when it is done.
func (s *Session) countPart(p *portal, began time.Time) {
	if p.took == brokenPortal {
		return
	}
	p.took += time.Since(began)
	if p.done {
		s.countPortal(p)
	}
}

func (s *Session) countPortal(p *portal) {
	if took := p.took; took > 0 && p.query != nil {
		p.took = 0
		s.countAs(p.query, s.place(), func(e *stmtstats.Entry) bool { return e.Ran(took, p.count) })
	}
}

func (s *Session) entry(c *counter, place int) *stmtstats.Entry {
	return s.shared.Statements.Entry(stmtstats.Key{User: s.identity().current, Database: s.db.ID, ID: c.id, TopLevel: place == 0}, c.text)
}

// utilityCounted runs a utility statement and counts it. PREPARE, EXECUTE and DEALLOCATE are not counted: what is executed is.
func (s *Session) utilityCounted(ctx context.Context, c *call) (tag string, err error) {
	place := s.place()
	ok := s.tracked(place) && s.hotSettings().tracking.utility && s.counts(s.catalog())
	if ok {
		switch c.stmt.Node.(type) {
		case *ast.PrepareStmt, *ast.ExecuteStmt, *ast.DeallocateStmt:
			ok = false
		}
	}
	if !ok {
		return s.dispatch(ctx, c)
	}
	text := strings.TrimSpace(c.stmt.Text)
	h := fnv.New64a()
	h.Write([]byte(text))
	began := time.Now()
	if tag, err = s.dispatch(ctx, c); err == nil {
		s.entry(&counter{id: queryID(h.Sum64()), text: text}, place).Ran(time.Since(began), stmtstats.TagRows(tag))
	}
	return tag, err
}
