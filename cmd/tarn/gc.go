package main

import (
	"context"
	goruntime "runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// Between two collections the heap may grow by heapGrowth, whatever is live: five times a small heap (a server of short transactions
// hardly collects), by three quarters at least of a large one (a sort's memory is not multiplied).
const (
	heapGrowth   = 96 << 20
	maxGCPercent = 400
	minGCPercent = 75
)

// paceGC sets the collector's pace, after each collection anew.
func paceGC() {
	debug.SetGCPercent(maxGCPercent)
	p := &gcPace{percent: maxGCPercent, live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}}
	p.arm()
}

type gcPace struct {
	percent int
	live    []metrics.Sample
}

// arm has collected called after the next collection: the object that it makes is garbage at once.
func (p *gcPace) arm() {
	type sentinel struct{ p *gcPace }
	goruntime.SetFinalizer(&sentinel{p}, func(s *sentinel) { s.p.collected() })
}

func (p *gcPace) collected() {
	metrics.Read(p.live)
	if want := gcPercent(p.live[0].Value.Uint64()); want > p.percent*9/8 || want < p.percent*7/8 {
		p.percent = want
		debug.SetGCPercent(want)
	}
	p.arm()
}

func gcPercent(live uint64) int {
	return int(min(max(heapGrowth*100/max(live, 1), minGCPercent), maxGCPercent))
}

const (
	giveBackAfter = 10 // closed branches, of some megabytes each
	giveBackTick  = 5 * time.Second
)

// giveBack returns the memory of closed branches to the operating system until ctx ends: a heap that has been larger is not collected
// before it has grown again, and the branches that are open may not make it grow for hours. closed counts branches that are closed.
func giveBack(ctx context.Context, closed *atomic.Int64) {
	tick := time.NewTicker(giveBackTick)
	defer tick.Stop()
	for last := int64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// Once no more are being closed: a collection costs as much as is open.
		n := closed.Load()
		if n >= giveBackAfter && n == last {
			closed.Add(-n)
			debug.FreeOSMemory()
			n = 0
		}
		last = n
	}
}
