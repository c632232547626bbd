package notify

import (
	"context"
	"slices"
	"sync"

	"github.com/tarndb/tarn/sql/pgerr"
)

// QueueBytes bounds what waits for the listeners of a branch. A session that stays in a transaction keeps its messages.
const QueueBytes = 64 << 20

// Message is one notification.
type Message struct {
	PID              uint32 // of the sender
	Channel, Payload string
}

// queued is a message with the number of queues that hold it.
type queued struct {
	Message
	holders int
}

// Costs of a message, in bytes: once, and for each queue that it waits in.
const (
	messageCost = 96
	holderCost  = 8
)

func (m *Message) size() int64 { return int64(len(m.Channel)+len(m.Payload)) + messageCost }

// Hub is what the sessions of a branch have in common. The zero value is ready.
type Hub struct {
	order semaphore // held across the commit of a transaction that notifies or listens

	mu       sync.Mutex                        // protects what follows and the fields of Listeners
	channels map[string]map[*Listener]struct{} // nobody listens: no entry
	bytes    int64
	limit    int64 // 0: QueueBytes
}

// semaphore is a mutex whose wait can be given up. The zero value is free.
type semaphore struct {
	once sync.Once
	free chan struct{}
}

func (s *semaphore) acquire(ctx context.Context) error {
	s.once.Do(func() { s.free = make(chan struct{}, 1) })
	select {
	case s.free <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *semaphore) release() { <-s.free }

// Listener is one session at the hub.
type Listener struct {
	hub      *Hub
	wake     func() // never blocks
	channels []string
	queue    []*queued
}

// Listener registers a session, which listens to nothing yet. wake is called, from any goroutine, when messages are there.
func (h *Hub) Listener(wake func()) *Listener { return &Listener{hub: h, wake: wake} }

// Commit runs a transaction's commit and puts its messages and registrations into force, in the order of commits: what others
// commit after a LISTEN is heard. It returns commit's error, with nothing done; 54000 before commit where the messages have no
// room.
func (h *Hub) Commit(ctx context.Context, l *Listener, p *Pending, commit func() error) error {
	if err := h.order.acquire(ctx); err != nil {
		return err
	}
	defer h.order.release()
	if err := h.room(p.messages); err != nil {
		return err
	}
	if err := commit(); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range p.actions {
		l.applyLocked(a)
	}
	h.sendLocked(p.messages)
	return nil
}

// room looks whether messages fit; only the holder of order adds, so what fits now fits later.
func (h *Hub) room(ms []Message) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	need := int64(0)
	for i := range ms {
		if n := len(h.channels[ms[i].Channel]); n > 0 {
			need += ms[i].size() + int64(n)*holderCost
		}
	}
	if need > 0 && h.bytes+need > h.limitLocked() {
		return pgerr.New(pgerr.ProgramLimitExceeded, "too many notifications in the NOTIFY queue")
	}
	return nil
}

func (h *Hub) limitLocked() int64 {
	if h.limit > 0 {
		return h.limit
	}
	return QueueBytes
}

func (h *Hub) sendLocked(ms []Message) {
	woken := map[*Listener]struct{}{}
	for _, m := range ms {
		to := h.channels[m.Channel]
		if len(to) == 0 {
			continue
		}
		q := &queued{Message: m, holders: len(to)}
		h.bytes += m.size() + int64(len(to))*holderCost
		for l := range to {
			l.queue = append(l.queue, q)
			woken[l] = struct{}{}
		}
	}
	for l := range woken {
		l.wake()
	}
}

// Usage is the part of the queues' bound that is in use, 0 to 1.
func (h *Hub) Usage() float64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return float64(h.bytes) / float64(h.limitLocked())
}

func (l *Listener) applyLocked(a action) {
	h := l.hub
	switch {
	case a.listen:
		if slices.Contains(l.channels, a.channel) {
			return
		}
		l.channels = append(l.channels, a.channel)
		if h.channels == nil {
			h.channels = map[string]map[*Listener]struct{}{}
		}
		if h.channels[a.channel] == nil {
			h.channels[a.channel] = map[*Listener]struct{}{}
		}
		h.channels[a.channel][l] = struct{}{}
	case a.channel == "":
		for _, c := range l.channels {
			l.leaveLocked(c)
		}
		l.channels = nil
		l.dropLocked(func(*queued) bool { return true })
	default:
		i := slices.Index(l.channels, a.channel)
		if i < 0 {
			return
		}
		l.channels = slices.Delete(l.channels, i, i+1)
		l.leaveLocked(a.channel)
		l.dropLocked(func(q *queued) bool { return q.Channel == a.channel })
	}
}

func (l *Listener) leaveLocked(channel string) {
	m := l.hub.channels[channel]
	if delete(m, l); len(m) == 0 {
		delete(l.hub.channels, channel)
	}
}

// dropLocked forgets messages that wait for this listener.
func (l *Listener) dropLocked(which func(*queued) bool) {
	kept := l.queue[:0]
	for _, q := range l.queue {
		if which(q) {
			l.hub.doneLocked(q)
		} else {
			kept = append(kept, q)
		}
	}
	clear(l.queue[len(kept):])
	if l.queue = kept; len(kept) == 0 {
		l.queue = nil
	}
}

func (h *Hub) doneLocked(q *queued) {
	h.bytes -= holderCost
	if q.holders--; q.holders == 0 {
		h.bytes -= q.size()
	}
}

// Take returns what has come since the last call.
func (l *Listener) Take() []Message {
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	if len(l.queue) == 0 {
		return nil
	}
	out := make([]Message, len(l.queue))
	for i, q := range l.queue {
		out[i] = q.Message
		l.hub.doneLocked(q)
	}
	l.queue = nil
	return out
}

// Channels lists what the session listens to, oldest first.
func (l *Listener) Channels() []string {
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	return slices.Clone(l.channels)
}

// Close is UNLISTEN * at once: the session ends, leaves the branch, or discards everything.
func (l *Listener) Close() {
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	l.applyLocked(action{})
}
