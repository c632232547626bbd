package session

import (
	"time"

	"github.com/tarndb/tarn/sql/pgerr"
)

// Notifications writes what waits for the client while it is idle: nothing yet but changed settings.
func (s *Session) Notifications(out Output) {
	s.out = out
	s.sendReports()
	s.out = nil
}

// IdleLimit is how long the client may stay silent now, and the error that it gets then; 0 is for ever.
func (s *Session) IdleLimit() (time.Duration, *pgerr.Error) {
	if s.block.mode == inBlock {
		ms := s.settings.Int("idle_in_transaction_session_timeout")
		return time.Duration(ms) * time.Millisecond, pgerr.Fatal(pgerr.IdleInTransactionSessionTimeout, "terminating connection due to idle-in-transaction timeout")
	}
	ms := s.settings.Int("idle_session_timeout")
	return time.Duration(ms) * time.Millisecond, pgerr.Fatal(pgerr.IdleSessionTimeout, "terminating connection due to idle-session timeout")
}
