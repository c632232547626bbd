package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tarndb/tarn/branching"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/session"
	"github.com/tarndb/tarn/storage/wal"
)

var pastNumber atomic.Uint64

// Past opens the session's branch as of a point of its past: a branch that nobody else is on and that goes when it is released. After a
// crash it expires.
func (c *cluster) Past(ctx context.Context, s *session.Session, at string) (*database.DB, func(), error) {
	point := ast.BranchPoint{Timestamp: at}
	if _, err := wal.ParseLSN(at); err == nil {
		point = ast.BranchPoint{LSN: at}
	}
	p, err := branchPoint(s, point)
	if err != nil {
		return nil, nil, err
	}
	if p.Present() {
		return nil, nil, pgerr.New(pgerr.InvalidParameterValue, "invalid value for parameter \"tarn.as_of\": \"%s\"", at)
	}
	db, branch := s.DB().Name, s.DB().Branch
	name := fmt.Sprintf("as of %s (%d)", at, pastNumber.Add(1))
	_, err = c.branches.CreateBranch(ctx, db, name, branching.CreateOptions{Parent: branch, CreatedBy: s.User(), Expires: time.Now().Add(time.Minute), At: p})
	if err != nil {
		return nil, nil, outsideWindow(branch, p, err)
	}
	drop := func() {
		if err := c.branches.DropBranch(context.Background(), db, name, false); err != nil {
			c.log.Warn("past state of a branch is left to expire", "database", db, "branch", name, "error", err)
		}
	}
	past, release, err := c.Open(ctx, db, name)
	if err != nil {
		drop()
		return nil, nil, err
	}
	return past, func() { release(); drop() }, nil
}
