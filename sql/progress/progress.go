// Package progress holds what long commands tell of themselves while they run: the rows of PostgreSQL's pg_stat_progress_* views.
//
// A session has a Board. A command begins a Report on it, changes the report's parameters as it goes, and ends it, with an error too.
// Any goroutine may read the board meanwhile. A parameter is one atomic store; reading takes no lock, so that the parameters of a row
// may be of slightly different moments, as in PostgreSQL.
package progress

import (
	"strings"
	"sync/atomic"
)

// Command is a kind of command, as pg_stat_get_progress_info() names it.
type Command string

const (
	Copy        Command = "COPY"
	CreateIndex Command = "CREATE INDEX"
	Analyze     Command = "ANALYZE"
	Vacuum      Command = "VACUUM"
	Cluster     Command = "CLUSTER"
	BaseBackup  Command = "BASEBACKUP"
)

// Lookup finds a command by its name, in any case.
func Lookup(name string) (Command, bool) {
	switch c := Command(strings.ToUpper(name)); c {
	case Copy, CreateIndex, Analyze, Vacuum, Cluster, BaseBackup:
		return c, true
	}
	return "", false
}

// Params is how many parameters a report has.
const Params = 20

// Param is the number of a parameter, from 1: paramN of pg_stat_get_progress_info(). What a number means depends on the command.
type Param int

// Parameters of Copy, and values of CopyCommand and CopyType.
const (
	CopyBytes    Param = 1
	CopyBytesAll Param = 2
	CopyTuples   Param = 3
	CopyExcluded Param = 4
	CopyCommand  Param = 5
	CopyType     Param = 6

	CopyFrom = 1
	CopyTo   = 2

	CopyFile     = 1
	CopyPipe     = 3
	CopyCallback = 4
)

// Parameters of CreateIndex, and values of IndexCommand, IndexPhase and IndexSubphase.
const (
	IndexCommand   Param = 1
	IndexOID       Param = 7
	IndexMethod    Param = 9
	IndexPhase     Param = 10
	IndexSubphase  Param = 11
	IndexTuplesAll Param = 12
	IndexTuples    Param = 13

	IndexCreate             = 1
	IndexCreateConcurrently = 2

	IndexBuilding = 2

	IndexScanning = 2
	IndexLoading  = 5
)

// Parameters of Analyze, and values of AnalyzePhase.
const (
	AnalyzePhase     Param = 1
	AnalyzeBlocksAll Param = 2
	AnalyzeBlocks    Param = 3

	AnalyzeSampling  = 1
	AnalyzeComputing = 3
	AnalyzeFinishing = 5
)

// Report is one command under way. The methods of a nil Report do nothing.
type Report struct {
	Command  Command
	Relation uint32 // its OID, 0: none
	params   [Params]atomic.Int64
	outer    *Report
}

// Set gives a parameter a value.
func (r *Report) Set(p Param, v int64) {
	if r != nil {
		r.params[p-1].Store(v)
	}
}

// Add adds to a parameter.
func (r *Report) Add(p Param, n int64) {
	if r != nil {
		r.params[p-1].Add(n)
	}
}

// Get returns a parameter.
func (r *Report) Get(p Param) int64 {
	if r == nil {
		return 0
	}
	return r.params[p-1].Load()
}

// Board shows the command that one session began last and has not ended. Begin and End are the session's own; a nil Board shows nothing.
type Board struct{ now atomic.Pointer[Report] }

// Begin puts a new report on the board. What stood there comes back at its End.
func (b *Board) Begin(c Command, relation uint32, params map[Param]int64) *Report {
	if b == nil {
		return nil
	}
	r := &Report{Command: c, Relation: relation, outer: b.now.Load()}
	for p, v := range params {
		r.Set(p, v)
	}
	b.now.Store(r)
	return r
}

// End takes a report, and what was begun after it, off the board.
func (b *Board) End(r *Report) {
	if b != nil && r != nil {
		b.now.Store(r.outer)
	}
}

// Now returns the report on the board, nil if there is none.
func (b *Board) Now() *Report { return b.now.Load() }
