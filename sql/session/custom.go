package session

import (
	"time"

	"github.com/tarndb/tarn/sql/types"
)

// customPlans is how many executions of a statement with parameters are planned for their values before the costs decide
// (choose_custom_plan of plancache.c).
const customPlans = 5

// planningCost is about what making a plan costs, in the planner's units, per table of the statement and one more.
const planningCost = 10

// choosePlan is choose for a prepared statement, and counts.
func (s *Session) choosePlan(p *prepared, params []types.Datum) (*query, error) {
	q, err := s.choose(p.plan, params)
	if q != p.plan {
		p.customs++
	}
	return q, err
}

// choose picks the plan of an execution: the one for all values, or one that is made for these. A look-up by key is the same for
// any value.
func (s *Session) choose(q *query, params []types.Datum) (*query, error) {
	if q == nil || len(params) == 0 || q.direct {
		return q, nil
	}
	switch s.hotSettings().planCache {
	case "force_generic_plan":
		return q, nil
	case "force_custom_plan":
	default:
		generic := q.phys.Root.Estimate().Total
		if q.customs >= customPlans && generic < q.customCost/float64(q.customs) {
			return q, nil
		}
	}
	var began time.Time
	if q.counter != nil {
		began = time.Now()
	}
	c, err := s.planFor(s.catalog(), q.stmt, q.bound, params)
	if err != nil {
		return nil, err
	}
	c.counter = q.counter
	if s.hotSettings().tracking.planning {
		s.countPlanning(c, began)
	}
	q.customs++
	q.customCost += c.phys.Root.Estimate().Total + planningCost*float64(len(q.bound.Tables)+1)
	return c, nil
}
