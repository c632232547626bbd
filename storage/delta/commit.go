package delta

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/tarndb/tarn/storage/object"
)

// CommitOptions say what a commit depends on. The zero value lets no version of another writer come in between.
type CommitOptions struct {
	// Rebase lets the commit follow versions that others made after the snapshot, unless one conflicts with it.
	Rebase bool
	// Reads reports whether the commit depends on the rows of a file, of the snapshot's or of another writer's; nil says
	// that it read nothing.
	Reads func(*Add) bool
	// Serializable lets also rows that others appended without reading conflict with what Reads says.
	Serializable bool
}

// maxRebases bounds how often a commit follows others before it gives up with ErrConflict.
const maxRebases = 20

// Commit makes the next version of the actions; CommitWith without options.
func (l *Log) Commit(ctx context.Context, actions []Action) (version int64, err error) {
	return l.CommitWith(ctx, actions, CommitOptions{})
}

// CommitWith makes the next version of the actions. The files that they name are durable already. What the table's
// features ask of a commit is filled in: commitInfo with a txnId, the in-commit timestamp, row ids.
//
// ErrConflict says that another writer's version came first and nothing of ours was made; it is a ConflictError if the
// commit was to follow that version and cannot, and then the snapshot is at some version of the other writer. After any
// other error the version may exist (the device failed after the name was given): reopen the log to know.
func (l *Log) CommitWith(ctx context.Context, actions []Action, opt CommitOptions) (version int64, err error) {
	for try := 0; ; try++ {
		v := l.snap.Version + 1
		fail := func(err error) (int64, error) { return 0, fmt.Errorf("commit delta version %d: %w", v, err) }
		ready, err := l.prepare(ctx, actions)
		if err != nil {
			return fail(err)
		}
		won, err := l.put(ctx, v, ready)
		if err != nil {
			return fail(err)
		}
		if won {
			l.lastTxn = ready[0].CommitInfo.TxnID
			return v, l.snap.apply(v, ready)
		}
		if !opt.Rebase || try == maxRebases {
			return fail(ErrConflict)
		}
		if err := l.follow(ctx, actions, opt); err != nil {
			return fail(err)
		}
	}
}

// prepare checks the actions against the newest version and fills in what its features ask for. commitInfo comes first.
func (l *Log) prepare(ctx context.Context, actions []Action) ([]Action, error) {
	info := CommitInfo{Timestamp: time.Now().UnixMilli(), OperationParameters: map[string]string{}}
	out := []Action{{CommitInfo: &info}}
	for _, a := range actions {
		if a.CommitInfo != nil {
			info = *a.CommitInfo
			continue
		}
		out = append(out, a)
	}
	if info.TxnID == "" {
		info.TxnID = uuid.NewString()
	}
	if err := l.check(out); err != nil {
		return nil, err
	}
	if err := l.stampTime(ctx, out); err != nil {
		return nil, err
	}
	return l.assignRowIDs(out)
}

// after is the protocol and the metaData once the actions are there.
func (s *Snapshot) after(actions []Action) (Protocol, Metadata) {
	proto, meta := s.Protocol, s.Metadata
	for i := range actions {
		if p := actions[i].Protocol; p != nil {
			proto = *p
		}
		if m := actions[i].Metadata; m != nil {
			meta = *m
		}
	}
	return proto, meta
}

// stampTime gives the commit its in-commit timestamp, which grows with the versions, if the table wants one.
func (l *Log) stampTime(ctx context.Context, actions []Action) error {
	next := &Snapshot{}
	next.Protocol, next.Metadata = l.snap.after(actions)
	if _, ok := next.inCommitTimestamps(); !ok {
		return nil
	}
	ms := actions[0].CommitInfo.Timestamp
	if _, before := l.snap.inCommitTimestamps(); before {
		last, err := readCommit(ctx, l.store, l.snap.Version)
		if err != nil {
			return err
		}
		prev, err := inCommitTimestamp(l.snap.Version, last)
		if err != nil {
			return err
		}
		ms = max(ms, prev+1)
	} else if l.snap.Version >= 0 {
		enabled := next.Metadata.Configuration
		if enabled[propICTEnablementVersion] != fmt.Sprint(l.snap.Version+1) || enabled[propICTEnablementTimestamp] == "" {
			return fmt.Errorf("in-commit timestamps are enabled without the version and the time of it")
		}
	}
	actions[0].CommitInfo.InCommitTimestamp = &ms
	return nil
}

// put gives the commit its name. won is false if another writer's commit has it. A store may answer that the name is
// taken by what its own first try wrote, or may not know what became of a write: the commit's txnId tells.
func (l *Log) put(ctx context.Context, v int64, actions []Action) (won bool, err error) {
	data, err := EncodeActions(actions)
	if err != nil {
		return false, err
	}
	const tries = 3
	for range tries {
		err = l.store.PutIfAbsent(ctx, commitKey(v), data)
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, object.ErrExist) && !errors.Is(err, object.ErrInDoubt) {
			return false, err
		}
		there, readErr := readActions(ctx, l.store, commitKey(v))
		if readErr == nil {
			return len(there) > 0 && there[0].CommitInfo != nil && there[0].CommitInfo.TxnID == actions[0].CommitInfo.TxnID, nil
		}
		if !errors.Is(readErr, object.ErrNotExist) {
			return false, errors.Join(err, readErr)
		}
	}
	return false, err
}

// follow brings the snapshot up to the versions that others made, each of which must not conflict with the actions.
func (l *Log) follow(ctx context.Context, actions []Action, opt CommitOptions) error {
	for {
		v := l.snap.Version + 1
		theirs, err := readActions(ctx, l.store, commitKey(v))
		if errors.Is(err, object.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := l.snap.conflict(v, actions, theirs, opt); err != nil {
			return err
		}
		if err := l.snap.apply(v, theirs); err != nil {
			return err
		}
	}
}
