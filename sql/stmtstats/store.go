package stmtstats

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

// Key is what an entry counts. ID is the number of the statement's form.
type Key struct {
	User, Database uint32
	ID             int64
	TopLevel       bool // the client's own statement, not one of a function
}

// Times sums up durations in milliseconds.
type Times struct {
	Count                 int64
	Total, Min, Max, Mean float64
	Squares               float64 // the sum of squared distances from the mean (Welford)
}

func (t *Times) add(d time.Duration) {
	ms := float64(d) / float64(time.Millisecond)
	t.Count++
	t.Total += ms
	if t.Count == 1 {
		t.Min, t.Max, t.Mean = ms, ms, ms
		return
	}
	old := t.Mean
	t.Mean += (ms - old) / float64(t.Count)
	t.Squares += (ms - old) * (ms - t.Mean)
	t.Min, t.Max = min(t.Min, ms), max(t.Max, ms)
}

// Deviation is the standard deviation over all that was counted.
func (t *Times) Deviation() float64 {
	if t.Count < 2 {
		return 0
	}
	return math.Sqrt(t.Squares / float64(t.Count))
}

// Counts are what is known of one statement.
type Counts struct {
	Plans, Execs Times
	Rows         int64
}

// Entry counts one statement. Its methods may be called by all sessions at once.
type Entry struct {
	key  Key
	text string

	mu sync.Mutex // protects what follows
	Counts
	usage float64
	gone  bool // it is in no store: what is counted is lost
}

// Use of entries (pg_stat_statements.c: USAGE_EXEC, USAGE_DECREASE_FACTOR, USAGE_DEALLOC_PERCENT).
const (
	usageOfRun    = 1.0
	usageDecay    = 0.99
	evictPercent  = 5
	evictAtLeast  = 10
	defaultMax    = 5000
	maxTextLength = 16 << 10
)

// Ran counts an execution. ok is false for an entry that the store has dropped: the caller asks for a new one.
func (e *Entry) Ran(d time.Duration, rows int64) (ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gone {
		return false
	}
	e.Execs.add(d)
	e.Rows += rows
	e.usage += usageOfRun
	return true
}

// Planned counts a planning; ok is as Ran's.
func (e *Entry) Planned(d time.Duration) (ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gone {
		return false
	}
	e.Plans.add(d)
	return true
}

func (e *Entry) drop() {
	e.mu.Lock()
	e.gone = true
	e.mu.Unlock()
}

// Store holds entries.
type Store struct {
	max int

	mu      sync.Mutex // protects what follows
	entries map[Key]*Entry
	evicted int64 // how often entries were dropped for want of room
	reset   time.Time
}

// New makes an empty store of at most limit entries; 0: the default.
func New(limit int) *Store {
	return &Store{max: cmp.Or(limit, defaultMax), entries: map[Key]*Entry{}, reset: time.Now()}
}

// Entry finds or makes the entry of a statement. Of a very long text the beginning is kept.
func (s *Store) Entry(k Key, text string) *Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[k]; e != nil {
		return e
	}
	if len(s.entries) >= s.max {
		s.evict()
	}
	if len(text) > maxTextLength {
		text = strings.ToValidUTF8(text[:maxTextLength], "")
	}
	e := &Entry{key: k, text: strings.Clone(text), usage: usageOfRun}
	s.entries[k] = e
	return e
}

// evict drops the least used entries; all others count as less used than before.
func (s *Store) evict() {
	type used struct {
		e     *Entry
		usage float64
	}
	list := make([]used, 0, len(s.entries))
	for _, e := range s.entries {
		e.mu.Lock()
		e.usage *= usageDecay
		list = append(list, used{e, e.usage})
		e.mu.Unlock()
	}
	slices.SortFunc(list, func(a, b used) int { return cmp.Compare(a.usage, b.usage) })
	for _, u := range list[:min(len(list), max(evictAtLeast, len(list)*evictPercent/100))] {
		u.e.drop()
		delete(s.entries, u.e.key)
	}
	s.evicted++
}

// Reset drops the entries that agree with all of user, database and id that are not 0.
func (s *Store) Reset(user, database uint32, id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, e := range s.entries {
		if (user == 0 || k.User == user) && (database == 0 || k.Database == database) && (id == 0 || k.ID == id) {
			e.drop()
			delete(s.entries, k)
		}
	}
	if user == 0 && database == 0 && id == 0 {
		s.evicted, s.reset = 0, time.Now()
	}
}

// Info is how often entries were dropped for want of room, and since when all is counted.
func (s *Store) Info() (evicted int64, reset time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.evicted, s.reset
}

// Row is an entry as it is now.
type Row struct {
	Key
	Counts
	Text string
}

// Rows are all entries, in no order.
func (s *Store) Rows() []Row {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Row, 0, len(s.entries))
	for _, e := range s.entries {
		e.mu.Lock()
		out = append(out, Row{e.key, e.Counts, e.text})
		e.mu.Unlock()
	}
	return out
}
