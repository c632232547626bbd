package lock

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what happens into the scripts")

// TestScripts runs testdata/*.txt. A line is "<owner> <command>"; what it does follows as "-> " lines:
//
//	row <key> <strength> [nowait|skip] · table <id> <mode> [nowait] · await <table id> <mode> · advisory <id> shared|exclusive [session] [nowait]
//	unlock <id> shared|exclusive · mark · back (to the mark) · end · cancel (the wait) · list (all locks)
func TestScripts(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	if len(files) == 0 {
		t.Fatal("no scripts")
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			got := runScript(t, string(b))
			if *update {
				if err := os.WriteFile(f, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(b) {
				t.Errorf("got:\n%s", got)
			}
		})
	}
}

type actor struct {
	o      *Owner
	mark   Mark
	done   chan string // result of the command under way
	cancel context.CancelCauseFunc
	busy   bool
}

var errCancelled = errors.New("cancelled")

func runScript(t *testing.T, script string) string {
	m := NewManager()
	actors := map[string]*actor{}
	var out strings.Builder
	for line := range strings.Lines(script) {
		if strings.HasPrefix(line, "->") {
			continue
		}
		out.WriteString(line)
		f := strings.Fields(line)
		if len(f) < 2 || strings.HasPrefix(line, "#") {
			continue
		}
		a := actors[f[0]]
		if a == nil {
			a = &actor{o: m.NewOwner(uint32(f[0][0]))}
			actors[f[0]] = a
		}
		for _, l := range step(t, m, actors, f[0], a, f[1:]) {
			fmt.Fprintf(&out, "-> %s\n", l)
		}
	}
	for _, a := range actors {
		if a.busy {
			a.cancel(errCancelled)
			<-a.done
		}
		a.o.End(0)
		a.o.UnlockAllAdvisory()
	}
	if n := left(m); n != 0 {
		t.Errorf("%d locks left over: %v", n, m.List())
	}
	return out.String()
}

// step runs one command and says how it and all that it set free ended.
func step(t *testing.T, m *Manager, actors map[string]*actor, name string, a *actor, f []string) (lines []string) {
	switch f[0] {
	case "mark":
		a.mark = a.o.Mark()
	case "back":
		a.o.ReleaseTo(a.mark)
	case "end":
		a.o.End(0)
	case "cancel":
		a.cancel(errCancelled)
		lines = append(lines, name+" "+<-a.done)
		a.busy = false
	case "list":
		for _, in := range m.List() {
			lines = append(lines, fmt.Sprintf("%s %s%s%s %s granted=%v by %c", in.Class, in.Key, zero(in.Table), zero(in.Advisory.ID), in.Mode.Name(in.Class), in.Granted, in.PID))
		}
		slices.Sort(lines)
	case "unlock":
		lines = append(lines, fmt.Sprint(a.o.UnlockAdvisory(AdvisoryKey{ID: num(f[1])}, advisoryMode(f[2]))))
	default:
		ctx, cancel := context.WithCancelCause(context.Background())
		a.cancel, a.done, a.busy = cancel, make(chan string, 1), true
		go func() { a.done <- request(ctx, a.o, f) }()
		if !settle(m, a) {
			lines = append(lines, "waits")
		} else {
			lines = append(lines, <-a.done)
			a.busy = false
		}
	}
	return append(lines, woken(m, actors, a)...)
}

// woken collects the results of those whose wait has ended.
func woken(m *Manager, actors map[string]*actor, self *actor) (lines []string) {
	for again := true; again; {
		again = false
		for name, b := range actors {
			if b.busy && settled(m, b) {
				lines = append(lines, name+" "+<-b.done)
				b.busy = false
				again = true
			}
		}
	}
	sort.Strings(lines)
	return lines
}

// settle runs until the request has ended (true) or waits (false).
func settle(m *Manager, a *actor) bool {
	for {
		if len(a.done) > 0 {
			return true
		}
		m.waits.Lock()
		w := a.o.waiting.Load()
		m.waits.Unlock()
		if w != nil {
			return settled(m, a)
		}
		runtime.Gosched()
	}
}

// settled reports whether a request that has begun to wait has, or is about to have, its result.
func settled(m *Manager, a *actor) bool {
	m.waits.Lock()
	defer m.waits.Unlock()
	w := a.o.waiting.Load()
	if w == nil {
		return true
	}
	s := m.shard(w.hash)
	s.Lock()
	defer s.Unlock()
	return w.granted
}

func zero(n uint64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func num(s string) (n uint64) {
	fmt.Sscan(s, &n)
	return n
}

func advisoryMode(s string) Mode {
	if s == "shared" {
		return AdvisoryShared
	}
	return AdvisoryExclusive
}

func modeOf(c Class, name string) Mode {
	i := slices.Index(modeNames[c][:], name)
	if i < 0 {
		panic("no mode " + name)
	}
	return Mode(i)
}

func request(ctx context.Context, o *Owner, f []string) string {
	var opt Options
	if slices.Contains(f, "nowait") {
		opt.Policy = NoWait
	}
	if slices.Contains(f, "skip") {
		opt.Policy = Skip
	}
	var waited bool
	var err error
	switch f[0] {
	case "row":
		waited, err = o.LockRow(ctx, []byte(f[1]), modeOf(Row, f[2]), opt)
	case "table":
		waited, err = o.LockTable(ctx, num(f[1]), modeOf(Table, f[2]+"Lock"), opt)
	case "await":
		waited, err = o.AwaitTable(ctx, num(f[1]), modeOf(Table, f[2]+"Lock"), opt)
	case "advisory":
		err = o.LockAdvisory(ctx, AdvisoryKey{ID: num(f[1])}, advisoryMode(f[2]), slices.Contains(f, "session"), opt)
	default:
		panic("no command " + f[0])
	}
	var dead *DeadlockError
	switch {
	case errors.As(err, &dead):
		var b strings.Builder
		for _, w := range dead.Cycle {
			fmt.Fprintf(&b, " %c:%s", w.PID, w.Mode.Name(w.Class))
		}
		return "deadlock" + b.String()
	case err != nil:
		return err.Error()
	case waited:
		return "ok after a wait"
	}
	return "ok"
}
