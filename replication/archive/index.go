package archive

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/wal"
)

// Index is what the archive of a branch has, by the names of its objects. Their bytes are not looked at.
type Index struct {
	Bases    []engine.Base // oldest first
	Runs     []Run         // of the log, by their beginnings; they may overlap
	More     []wal.LSN     // attachments, ascending
	Ingested []Ingested    // by their stamps
	Lost     []wal.LSN     // commits that name sorted files that are not there, ascending
	Unknown  []string      // objects that are none of an archive's
	Bytes    int64         // of all
}

// Run is a run of the log.
type Run struct {
	From, To wal.LSN // To is not included
	Size     int64   // of the object, bytes
}

// Ingested is a sorted file that came in past the log.
type Ingested struct {
	Stamp wal.LSN
	Name  string
}

// Load lists the archive of a branch.
func Load(ctx context.Context, objects object.Store) (*Index, error) {
	infos, err := objects.List(ctx, "", "")
	if err != nil {
		return nil, fmt.Errorf("list archive: %w", err)
	}
	x := &Index{}
	for _, i := range infos {
		x.Bytes += i.Size
		if from, to, ok := parseLogKey(i.Key); ok {
			x.Runs = append(x.Runs, Run{from, to, i.Size})
		} else if b, ok := parseBaseKey(i.Key); ok {
			x.Bases = append(x.Bases, b)
		} else if at, ok := parseKeyAt(i.Key, morePrefix); ok {
			x.More = append(x.More, at)
		} else if at, ok := parseKeyAt(i.Key, lostPrefix); ok {
			x.Lost = append(x.Lost, at)
		} else if stamp, name, ok := parseIngestedKey(i.Key); ok {
			x.Ingested = append(x.Ingested, Ingested{stamp, name})
		} else {
			x.Unknown = append(x.Unknown, i.Key)
		}
	}
	slices.SortFunc(x.Runs, func(a, b Run) int { return int(int64(a.From) - int64(b.From)) })
	slices.SortFunc(x.Bases, func(a, b engine.Base) int { return int(int64(a.Valid) - int64(b.Valid)) })
	return x, nil
}

// covered is the position up to which the log is there from another one on, without a gap.
func (x *Index) covered(from wal.LSN) wal.LSN {
	at := from
	for _, r := range x.Runs {
		if r.From > at {
			break
		}
		at = max(at, r.To)
	}
	return at
}

// path are the runs that lead from a position to another one, in order: of those that begin where the ones before end, or before
// that, the longest.
func (x *Index) path(from, to wal.LSN) []Run {
	var out []Run
	at, best := from, Run{}
	for i := 0; at < to; {
		for ; i < len(x.Runs) && x.Runs[i].From <= at; i++ {
			if x.Runs[i].To > best.To {
				best = x.Runs[i]
			}
		}
		if best.To <= at {
			return out
		}
		out = append(out, best)
		at = best.To
	}
	return out
}

// Span is a part of the past that can be restored: from a base on, up to where the log has a gap, or ends.
type Span struct {
	Base engine.Base
	To   wal.LSN
}

// Spans are what can be restored, by their bases, oldest first.
func (x *Index) Spans() []Span {
	var out []Span
	for _, b := range x.Bases {
		to := x.covered(b.Keep)
		for _, at := range x.Lost {
			if at >= b.Valid {
				to = min(to, at)
			}
		}
		if to >= b.Valid {
			out = append(out, Span{b, to})
		}
	}
	return out
}

// OutsideError says that a point is not in the archive.
type OutsideError struct {
	Point engine.Point
	Spans []Span // joined where they overlap
	// Unsure: the archive ends before the point, or has a gap there, and there may have been commits since.
	Unsure bool
}

func (e *OutsideError) Error() string {
	if len(e.Spans) == 0 {
		return "the archive has no whole base: nothing can be restored of it"
	}
	var parts []string
	for _, s := range e.Spans {
		parts = append(parts, fmt.Sprintf("%s (%s) to %s", s.Base.Valid, s.Base.Taken.UTC().Format(time.RFC3339), s.To))
	}
	what := "is not in the archive, which has "
	if e.Unsure {
		what = "is later than the last commit that the archive has there; commits may have followed. It has "
	}
	return fmt.Sprintf("%s %s%s", e.Point, what, strings.Join(parts, ", "))
}

func (x *Index) outside(p engine.Point, unsure bool) *OutsideError {
	e := &OutsideError{Point: p, Unsure: unsure}
	for _, s := range x.Spans() {
		if n := len(e.Spans); n > 0 && s.Base.Valid <= e.Spans[n-1].To {
			e.Spans[n-1].To = max(e.Spans[n-1].To, s.To)
			continue
		}
		e.Spans = append(e.Spans, s)
	}
	return e
}

// choose is the newest base that leads to a point, and up to where; the zero Point is the newest position.
func (x *Index) choose(p engine.Point) (Span, error) {
	found, ok := Span{}, false
	for _, s := range x.Spans() {
		var fits bool
		switch {
		case !p.Time.IsZero():
			fits = s.Base.Taken.UnixMicro() <= p.Time.UnixMicro()
		case p.LSN != 0:
			fits = s.Base.Valid <= p.LSN && p.LSN <= s.To
		default:
			fits = s.To >= found.To
		}
		if fits {
			found, ok = s, true
		}
	}
	if !ok {
		return found, x.outside(p, false)
	}
	return found, nil
}
