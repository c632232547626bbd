package session

import (
	"context"
	"time"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/exec/write"
	"github.com/tarndb/tarn/sql/notify"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/session/external"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/txn"
)

// blockMode is where the session stands (manual 55.2.2.1 and 55.2.3).
type blockMode uint8

const (
	idle     blockMode = iota
	implicit           // a transaction that ends with the query string or at Sync
	inBlock            // BEGIN … COMMIT
)

// block is the session's transaction.
type block struct {
	mode       blockMode
	failed     bool
	t          *txn.Txn        // nil until the first statement that needs it, and after a failure without savepoints
	editor     *catalog.Editor // nil without DDL
	editorBase uint64          // version of the catalog that editor stands on
	saves      []savepoint
	level      isoLevel
	// levelFixed: a statement has run; SET TRANSACTION comes too late.
	levelFixed bool
	readOnly   bool
	deferrable bool // SERIALIZABLE READ ONLY waits for a safe snapshot
	start      time.Time
	setMark    int
	deferred   write.Deferred
	bulk       map[uint32]bool // storage ids that COPY has filled with files
	pending    notify.Pending
	analyzed   []catalog.OID // tables with statistics of this transaction
	onCommit   []func()
	onRollback []func()
	newLabels  map[catalog.OID]bool // of enums, by ALTER TYPE … ADD VALUE
	pins       external.Pins        // external tables that the statement under way, or the transaction, reads
}

type savepoint struct {
	name    string
	sp      txn.Savepoint
	editor  *catalog.Mark
	setMark int
	checks  write.Mark
	hooks   int
	pending notify.Mark
	// nextStorage: what the subtransaction makes has this storage id or a greater one.
	nextStorage uint32
}

// TxStatus is ReadyForQuery's indicator.
func (s *Session) TxStatus() byte {
	switch {
	case s.block.mode != inBlock:
		return 'I'
	case s.block.failed:
		return 'E'
	}
	return 'T'
}

// errInFailed answers everything but the end of a failed transaction.
func errInFailed() error {
	return pgerr.New(pgerr.InFailedSQLTransaction, "current transaction is aborted, commands ignored until end of transaction block")
}

// open makes sure that a transaction is there: implicit unless a block is open.
func (s *Session) open() {
	b := &s.block
	if b.mode == idle {
		b.mode = implicit
		b.start, b.setMark = s.env.TxnTime, s.settings.Mark()
		s.setLevel()
	}
	if b.t == nil {
		b.t = s.db.Txns.Begin(txn.Options{Isolation: b.level.txn(), Owner: s.owner})
	}
}

func (s *Session) setLevel() {
	b := &s.block
	h := s.hotSettings()
	b.level, b.levelFixed, b.readOnly, b.deferrable = h.level, false, h.readOnly, h.deferrable
}

// isoLevel is an isolation level by its name. READ UNCOMMITTED is READ COMMITTED under another name (manual 13.2).
type isoLevel string

func (l isoLevel) txn() txn.Isolation {
	switch l {
	case "repeatable read":
		return txn.RepeatableRead
	case "serializable":
		return txn.Serializable
	}
	return txn.ReadCommitted
}

// firstStatement fixes the characteristics of a SERIALIZABLE transaction before its snapshot is taken.
func (s *Session) firstStatement(ctx context.Context) error {
	b := &s.block
	b.t.SetReadOnly(b.readOnly)
	if b.readOnly && b.deferrable {
		return b.t.SafeSnapshot(ctx)
	}
	return nil
}

// beginBlock is BEGIN. An implicit transaction of the same query string becomes the block.
func (s *Session) beginBlock() {
	b := &s.block
	if b.mode == inBlock {
		s.Notice(pgerr.Notice(pgerr.SeverityWarning, pgerr.ActiveSQLTransaction, "there is already a transaction in progress"))
		return
	}
	if b.mode == idle {
		b.start, b.setMark = s.env.TxnTime, s.settings.Mark()
		s.setLevel()
	}
	b.mode = inBlock
}

// commitBlock ends the transaction. For a failed one it is a rollback: done is false.
func (s *Session) commitBlock(ctx context.Context) (done bool, err error) {
	b := &s.block
	if b.failed {
		s.rollbackBlock()
		return false, nil
	}
	if b.mode == idle {
		return true, nil
	}
	if err := s.persist(); err != nil {
		s.rollbackBlock()
		return false, err
	}
	s.closePortals(func(p *portal) bool { return !p.hold })
	if err := s.finish(ctx); err != nil {
		s.rollbackBlock()
		return false, sqlError(err)
	}
	return true, nil
}

// finish commits what the transaction has done.
func (s *Session) finish(ctx context.Context) error {
	b := &s.block
	if b.deferred.Pending() {
		var ec run.Context
		s.runContext(ctx, &ec, s.catalog(), nil)
		if err := b.deferred.Run(&ec, false); err != nil {
			return err
		}
	}
	t, e := b.t, b.editor
	if t != nil {
		if err := s.endTemps(ctx); err != nil {
			return err
		}
		if e != nil && e.Changed() {
			if err := s.storeCatalog(t, e); err != nil {
				return err
			}
			for _, dir := range s.droppedVolumes(s.committedCatalog(), e.Catalog()) {
				b.onCommit = append(b.onCommit, func() { s.removeVolume(dir) })
			}
			// The catalog is published while the table locks are still held.
			t.BeforeUnlock(func() { s.publish(e) })
		}
		b.t = nil
		durability := engine.Sync
		if s.hotSettings().asyncCommit {
			durability = engine.Async
		}
		if b.pending.Empty() {
			if _, err := t.Commit(ctx, durability); err != nil {
				return err
			}
		} else if err := s.commitNotifying(ctx, t, durability); err != nil {
			return err
		}
	}
	s.commits.Add(1)
	s.settings.CommitTransaction()
	hooks := b.onCommit
	b.deferred.Reset()
	s.block, s.piped = block{}, false
	s.leavePast()
	for _, f := range hooks {
		f()
	}
	return nil
}

// rollbackBlock ends the transaction without a trace.
func (s *Session) rollbackBlock() {
	b := &s.block
	if b.mode == idle {
		return
	}
	s.closePortals(func(p *portal) bool { return !p.hold || p.made == b.start })
	if b.t != nil {
		b.t.Rollback()
	}
	s.rollbacks.Add(1)
	s.settings.RollbackTo(b.setMark)
	hooks := b.onRollback
	b.deferred.Reset()
	s.block, s.piped = block{}, false
	s.leavePast()
	for i := len(hooks) - 1; i >= 0; i-- {
		hooks[i]()
	}
}

// fail notes that a statement has failed. An implicit transaction is over; a block waits for its end, or for ROLLBACK TO.
func (s *Session) fail() {
	b := &s.block
	switch b.mode {
	case implicit:
		s.rollbackBlock()
	case inBlock:
		b.failed = true
		// Cursors from before the last savepoint go on after ROLLBACK TO it.
		saves := len(b.saves)
		mark := b.setMark
		if saves > 0 {
			mark = b.saves[saves-1].setMark
		}
		s.settings.RollbackTo(mark) // at once: the limits on silence among them
		s.closePortals(func(p *portal) bool { return !p.hold && (saves == 0 || p.depth >= saves) && !p.failed })
		if saves == 0 && b.t != nil {
			// Nothing can bring it back: give its locks to those who wait.
			b.t.Rollback()
			b.t = nil
		}
	}
}

func (s *Session) savepoint(name string) error {
	s.open()
	b := &s.block
	sp := savepoint{name: name, sp: b.t.Savepoint(), setMark: s.settings.Mark(), hooks: len(b.onCommit)}
	if b.editor != nil {
		m := b.editor.Mark()
		sp.editor = &m
	}
	sp.checks = b.deferred.Mark()
	sp.pending = b.pending.Mark()
	sp.nextStorage = s.db.Alloc.NextStorageID()
	b.saves = append(b.saves, sp)
	return nil
}

func (s *Session) findSave(name string) (int, error) {
	for i := len(s.block.saves) - 1; i >= 0; i-- {
		if s.block.saves[i].name == name {
			return i, nil
		}
	}
	return 0, pgerr.New(pgerr.SEInvalidSpecification, "savepoint \"%s\" does not exist", name)
}

func (s *Session) releaseSavepoint(name string) error {
	i, err := s.findSave(name)
	if err != nil {
		return err
	}
	b := &s.block
	if err := b.t.Release(b.saves[i].sp); err != nil {
		return err
	}
	b.saves = b.saves[:i]
	return nil
}

func (s *Session) rollbackToSavepoint(name string) error {
	i, err := s.findSave(name)
	if err != nil {
		return err
	}
	return s.rollbackToSave(i)
}

// subtransaction is an EXCEPTION block's: a savepoint without a name.
type subtransaction struct {
	s    *Session
	at   int // of block.saves
	subs int
}

func (s *Session) beginSub() (*subtransaction, error) {
	if err := s.savepoint(""); err != nil {
		return nil, err
	}
	s.subs++
	return &subtransaction{s: s, at: len(s.block.saves) - 1, subs: s.subs - 1}, nil
}

func (t *subtransaction) Release() error {
	b := &t.s.block
	t.s.subs = t.subs
	err := b.t.Release(b.saves[t.at].sp)
	b.saves = b.saves[:t.at]
	return err
}

func (t *subtransaction) Rollback() error {
	t.s.subs = t.subs
	if err := t.s.rollbackToSave(t.at); err != nil {
		return err
	}
	return t.Release()
}

// rollbackToSave undoes what has been done since the i-th savepoint, which stays.
func (s *Session) rollbackToSave(i int) error {
	b := &s.block
	sp := &b.saves[i]
	s.closePortals(func(p *portal) bool { return p.depth > i })
	if err := b.t.RollbackTo(sp.sp); err != nil {
		return err
	}
	switch {
	case sp.editor != nil:
		b.editor.Restore(*sp.editor)
		b.editorBase = 0
	case b.editor != nil:
		b.editor = nil
	}
	s.settings.RollbackTo(sp.setMark)
	b.deferred.Restore(sp.checks)
	b.pending.Restore(sp.pending)
	b.onCommit = b.onCommit[:min(len(b.onCommit), sp.hooks)]
	b.saves = b.saves[:i+1]
	b.failed = false
	return nil
}
