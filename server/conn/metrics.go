package conn

import "sync/atomic"

// Metrics counts since the server was made; Sessions is now.
type Metrics struct {
	Accepted uint64 // connections taken from a listener
	Refused  uint64 // of those: closed or refused for want of room
	Failed   uint64 // of those: ended with an error before ReadyForQuery
	Canceled uint64 // CancelRequest packets with the right key
	Lost     uint64 // statements canceled because their client hung up
	Panics   uint64
	Sessions int
}

type counters struct {
	accepted, refused, failed, canceled, lost, panics atomic.Uint64
}

// Metrics returns the counters of the server.
func (s *Server) Metrics() Metrics {
	s.mu.Lock()
	n := len(s.admitted)
	s.mu.Unlock()
	c := &s.count
	return Metrics{Accepted: c.accepted.Load(), Refused: c.refused.Load(), Failed: c.failed.Load(),
		Canceled: c.canceled.Load(), Lost: c.lost.Load(), Panics: c.panics.Load(), Sessions: n}
}
