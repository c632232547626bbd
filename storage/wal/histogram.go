package wal

import (
	"math/bits"
	"sync/atomic"
	"time"
)

const histogramBuckets = 24

// Histogram counts durations in buckets that double: bucket i holds those below 2^i µs, the last one all others.
type Histogram struct {
	counts [histogramBuckets]atomic.Uint64
	nanos  atomic.Uint64
}

// Observe counts one duration.
func (h *Histogram) Observe(d time.Duration) {
	i := min(bits.Len64(uint64(d/time.Microsecond)), histogramBuckets-1)
	h.counts[i].Add(1)
	h.nanos.Add(uint64(d))
}

// HistogramSnapshot is a copy of a Histogram.
type HistogramSnapshot struct {
	Counts [histogramBuckets]uint64 // not cumulative; upper bounds are UpperBound(i)
	Sum    time.Duration
}

// UpperBound is the end (exclusive) of bucket i.
func UpperBound(i int) time.Duration { return time.Microsecond << i }

// Snapshot copies the counters.
func (h *Histogram) Snapshot() (s HistogramSnapshot) {
	for i := range h.counts {
		s.Counts[i] = h.counts[i].Load()
	}
	s.Sum = time.Duration(h.nanos.Load())
	return s
}
