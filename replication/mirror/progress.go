package mirror

import (
	"sort"
	"sync/atomic"
	"time"
)

// WorkKind is a kind of work that takes long.
type WorkKind string

const (
	WorkCopy     WorkKind = "copy"     // of a whole table into files
	WorkOptimize WorkKind = "optimize" // files merged into one
	WorkVacuum   WorkKind = "vacuum"   // files removed
)

// Phases of work, as the progress views show them.
const (
	phaseWaiting    = "waiting"
	phaseCopying    = "copying rows"
	phaseSyncing    = "waiting for the log"
	phaseMerging    = "merging files"
	phaseCommitting = "committing"
	phaseListing    = "listing files"
	phaseRemoving   = "removing files"
)

// Work is what is known of a piece of work under way. Files and bytes are those that were read (optimize), written (copy) or removed
// (vacuum); a total of 0 is not known.
type Work struct {
	Kind                                                  WorkKind
	Table                                                 uint32
	SchemaName, TableName                                 string
	Phase                                                 string
	Background                                            bool // nobody has asked for it
	Started                                               time.Time
	Rows, RowsTotal, Files, FilesTotal, Bytes, BytesTotal int64
}

// work counts what has been done. Its counters are stored by the one goroutine that does it, and read by any.
type work struct {
	kind       WorkKind
	background bool
	started    time.Time
	phase      atomic.Pointer[string]

	rows, rowsTotal, files, filesTotal, bytes, bytesTotal atomic.Int64
}

func newWork(kind WorkKind, phase string) *work {
	w := &work{kind: kind, started: time.Now()}
	w.phase.Store(&phase)
	return w
}

func (w *work) enter(phase string) { w.phase.Store(&phase) }

// restart forgets what was done.
func (w *work) restart(phase string) {
	for _, c := range []*atomic.Int64{&w.rows, &w.rowsTotal, &w.files, &w.filesTotal, &w.bytes, &w.bytesTotal} {
		c.Store(0)
	}
	w.enter(phase)
}

// beginWork shows work on a table until endWork.
func (m *Mirror) beginWork(t *table, kind WorkKind, background bool, phase string) *work {
	w := newWork(kind, phase)
	w.background = background
	m.mu.Lock()
	defer m.mu.Unlock()
	t.works = append(t.works, w)
	return w
}

func (m *Mirror) endWork(t *table, w *work) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range t.works {
		if t.works[i] == w {
			t.works = append(t.works[:i:i], t.works[i+1:]...)
			return
		}
	}
}

// Progress describes the long work that is under way or, for copies, waits, by table.
func (m *Mirror) Progress() []Work {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Work
	for _, t := range m.tables {
		if t.dropped || t.off {
			continue
		}
		works := t.works
		if t.copying != nil {
			works = append(works[:len(works):len(works)], t.copying.work)
		}
		for _, w := range works {
			out = append(out, Work{Kind: w.kind, Table: t.id, SchemaName: t.schema.SchemaName, TableName: t.schema.TableName, Phase: *w.phase.Load(),
				Background: w.background, Started: w.started, Rows: w.rows.Load(), RowsTotal: w.rowsTotal.Load(), Files: w.files.Load(),
				FilesTotal: w.filesTotal.Load(), Bytes: w.bytes.Load(), BytesTotal: w.bytesTotal.Load()})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Table < out[j].Table })
	return out
}
