package session

import (
	"context"
	"time"

	"github.com/tarndb/tarn/sql/notify"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/txn"
)

// notify adds a message to the transaction's, which leave when it commits.
func (s *Session) notify(channel, payload string) error {
	s.open()
	return s.block.pending.Notify(notify.Message{PID: s.client.PID, Channel: channel, Payload: payload})
}

// commitNotifying commits a transaction that has messages or registrations.
func (s *Session) commitNotifying(ctx context.Context, t *txn.Txn, d engine.Durability) error {
	ran := false
	err := s.db.Notify.Commit(ctx, s.listener, &s.block.pending, func() error {
		ran = true
		_, err := t.Commit(ctx, d)
		return err
	})
	if !ran {
		t.Rollback()
	}
	return err
}

// Notifications writes what waits for the client while it is in no transaction: messages of NOTIFY and changed settings.
func (s *Session) Notifications(out Output) {
	s.out = out
	for _, m := range s.listener.Take() {
		out.Notification(m.PID, m.Channel, m.Payload)
	}
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
