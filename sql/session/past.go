package session

import (
	"context"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/notify"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/storage/lock"
)

const asOf = "tarn.as_of"

// present is what the session goes back to at the end of a transaction of the past.
type present struct {
	db       *database.DB
	release  func()
	owner    *lock.Owner
	listener *notify.Listener
}

// setAsOf makes the transaction one of the past: until it ends the session is on a copy of its branch as of a position of its log or a
// time, and reads only. Errors: 25001 after the first query, 55000, 22023 for a point outside of the restore window.
func (s *Session) setAsOf(ctx context.Context, value string, local bool) error {
	b := &s.block
	switch {
	case s.shared.Past == nil:
		return pgerr.Unsupported("tarn.as_of")
	case !local || b.mode != inBlock:
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "tarn.as_of can only be set for a transaction").
			WithHint("BEGIN; SET LOCAL tarn.as_of = '…'; SELECT …; COMMIT")
	case s.past != nil:
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "the transaction is of the past already")
	case b.levelFixed || len(b.saves) > 0 || b.editor != nil || b.t != nil && b.t.Wrote():
		return pgerr.New(pgerr.ActiveSQLTransaction, "SET LOCAL tarn.as_of must be called before any query")
	case len(s.temps) > 0:
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "a session with temporary tables cannot read the past").
			WithHint("Drop them, or use another session.")
	case b.level == "serializable" && b.deferrable:
		return pgerr.Unsupported("a deferrable transaction of the past")
	}
	db, release, err := s.shared.Past(ctx, s, value)
	if err != nil {
		return err
	}
	if b.t != nil {
		b.t.Rollback() // nothing has been read or written through it
		b.t = nil
	}
	s.past = &present{s.db, s.release, s.owner, s.listener}
	s.attach(db, release)
	s.forgetPlans()
	b.readOnly = true
	s.settings.Force(asOf, value)
	return nil
}

// leavePast ends the stay on the past when the transaction has ended.
func (s *Session) leavePast() {
	if s.past == nil {
		return
	}
	s.listener.Close()
	s.owner.UnlockAllAdvisory()
	release := s.release
	s.db, s.release, s.owner, s.listener = s.past.db, s.past.release, s.past.owner, s.past.listener
	s.past = nil
	s.forgetPlans()
	s.settings.Force(asOf, "")
	release()
}

// maySeePast checks that a role may read now what it could read then. What has been dropped since is its owner's.
func (s *Session) maySeePast(roles *privilege.Roles, role catalog.OID, a *plan.Access) bool {
	if s.past == nil || roles.IsSuper(role) || a.Table.Virtual {
		return true
	}
	t := s.past.db.Catalog().Table(a.Table.OID)
	if t == nil || t.RowSecurity && !a.Table.RowSecurity || t.ForceRowSecurity && !a.Table.ForceRowSecurity {
		return roles.HasPrivsOf(role, a.Table.Owner)
	}
	now := *a
	now.Table = t
	return now.Allowed(roles, role)
}

func isAsOf(name string) bool { return strings.EqualFold(name, asOf) }
