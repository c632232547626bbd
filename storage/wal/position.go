package wal

import (
	"context"
	"sync"
	"sync/atomic"
)

// Position is an LSN that only grows and that others may wait for. Waiting costs the one who advances it nothing but
// an atomic load while nobody waits. The zero value stands at 0.
type Position struct {
	at      atomic.Uint64
	waiters atomic.Int32

	mu   sync.Mutex
	wake chan struct{} // closed and forgotten at each advance that has waiters; protected by mu
	err  error         // protected by mu
}

// Load returns the position.
func (p *Position) Load() LSN { return LSN(p.at.Load()) }

// Advance moves the position to lsn, which must not be smaller. Only one goroutine at a time may call it.
func (p *Position) Advance(lsn LSN) {
	p.at.Store(uint64(lsn))
	if p.waiters.Load() != 0 {
		p.broadcast(nil)
	}
}

// Fail ends all waiting, now and later, with err; the first error stays.
func (p *Position) Fail(err error) { p.broadcast(err) }

func (p *Position) broadcast(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
	}
	if p.wake != nil {
		close(p.wake)
		p.wake = nil
	}
}

// Wait returns when the position has reached lsn, with the position. It fails with the cause of ctx or with what Fail
// was given.
func (p *Position) Wait(ctx context.Context, lsn LSN) (LSN, error) {
	if at := p.Load(); at >= lsn {
		return at, nil
	}
	// Counted before the position is read again: whoever advances it after that read sees the waiter.
	p.waiters.Add(1)
	defer p.waiters.Add(-1)
	for {
		p.mu.Lock()
		at, err := p.Load(), p.err
		if p.wake == nil {
			p.wake = make(chan struct{})
		}
		wake := p.wake
		p.mu.Unlock()
		if at >= lsn {
			return at, nil
		}
		if err != nil {
			return at, err
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return at, context.Cause(ctx)
		}
	}
}
