package duck

import (
	"runtime"
	"sync"
)

// workers are threads of a lower priority that DuckDB's calls run on. Its own threads are started by them and inherit it.
type workers struct {
	jobs chan func()
	n    int
	nice int
	once sync.Once
	wg   sync.WaitGroup
}

func newWorkers(n, nice int) *workers { return &workers{jobs: make(chan func()), n: n, nice: nice} }

// do runs f on one of the threads and waits for it.
func (w *workers) do(f func()) {
	w.once.Do(func() {
		for range w.n {
			w.wg.Go(func() {
				runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
				stepBack(w.nice)
				for f := range w.jobs {
					f()
				}
			})
		}
	})
	done := make(chan struct{})
	w.jobs <- func() {
		defer close(done)
		f()
	}
	<-done
}

// stop ends the threads. Nothing may be under way.
func (w *workers) stop() {
	w.once.Do(func() {})
	close(w.jobs)
	w.wg.Wait()
}
