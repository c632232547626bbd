package session

import (
	"github.com/tarndb/tarn/sql/catalog"
)

// begunQuery and endedQuery note the queries under way: what they read and write must not be altered by functions that they call.
func (s *Session) begunQuery(q *query) { s.running = append(s.running, q) }

func (s *Session) endedQuery() { s.running = s.running[:len(s.running)-1] }

// inUse reports whether a relation is used by a query under way, and whether checks or constraint triggers of it wait for the commit.
func (s *Session) inUse(oid catalog.OID) (active, pending bool) {
	cat := s.catalog()
	for _, q := range s.running {
		if q == nil { // a cursor of a utility statement
			continue
		}
		for _, l := range q.locks {
			active = active || l.oid == oid || cat.Inherits(oid, l.oid) || cat.Inherits(l.oid, oid)
		}
	}
	return active, s.block.deferred.Waits(oid)
}
