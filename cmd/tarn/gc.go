package main

import (
	goruntime "runtime"
	"runtime/debug"
	"runtime/metrics"
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
