package rowstore

// Ahead reads the rows of an Iter in a goroutine of its own, so that their reader can work on some while the next ones are fetched.
// It is for one goroutine. Key and Row are valid until the next move.
type Ahead struct {
	it    *Iter
	full  chan *rowBatch // closed at the end
	spare chan *rowBatch // its capacity bounds the memory
	quit  chan struct{}
	batch *rowBatch
	n     int // of the current row in the batch
	at    int // its key's place
}

// rowBatch is a run of rows: keys and rows, and where each ends.
type rowBatch struct {
	data []byte
	ends []int
}

const (
	aheadBytes   = 256 << 10
	aheadBatches = 3
)

// Ahead hands an Iter over, which may have been moved, forward, over the rows before. It is not to be used any more; Close closes
// it. ok is false for one that shows rows the transaction itself has written: only its own goroutine may read those.
func (i *Iter) Ahead() (a *Ahead, ok bool) {
	if i.it == nil || i.x != nil || i.view.Wrote(i.lo, i.hi) {
		return nil, false
	}
	a = &Ahead{it: i, full: make(chan *rowBatch, aheadBatches), spare: make(chan *rowBatch, aheadBatches), quit: make(chan struct{}), batch: &rowBatch{}}
	for range aheadBatches {
		a.spare <- &rowBatch{}
	}
	go a.read()
	return a, true
}

// read fills batches until there are no more rows or Close has come.
func (a *Ahead) read() {
	defer close(a.full)
	for {
		var b *rowBatch
		select {
		case b = <-a.spare:
		case <-a.quit:
			return
		}
		b.data, b.ends = b.data[:0], b.ends[:0]
		for len(b.data) < aheadBytes {
			if !a.it.Next() {
				break
			}
			row := a.it.Row()
			if row == nil {
				break
			}
			b.data = append(b.data, a.it.Key()...)
			b.ends = append(b.ends, len(b.data))
			b.data = append(b.data, row...)
			b.ends = append(b.ends, len(b.data))
		}
		if len(b.ends) == 0 {
			return
		}
		a.full <- b // there is room for all batches
	}
}

// Next moves to the next row; false at the end or on an error, which Close returns.
func (a *Ahead) Next() bool {
	if a.n+2 < len(a.batch.ends) {
		a.at, a.n = a.batch.ends[a.n+1], a.n+2
		return true
	}
	select {
	case a.spare <- a.batch:
	default: // the first one, and after the end
	}
	b, ok := <-a.full
	if !ok {
		a.batch, a.n = &rowBatch{}, 0
		return false
	}
	a.batch, a.n, a.at = b, 0, 0
	return true
}

// Key is the storage key of the row.
func (a *Ahead) Key() []byte { return a.batch.data[a.at:a.batch.ends[a.n]] }

// Row is the stored row.
func (a *Ahead) Row() []byte { return a.batch.data[a.batch.ends[a.n]:a.batch.ends[a.n+1]] }

// Close ends the reading and returns its error.
func (a *Ahead) Close() error {
	close(a.quit)
	for range a.full {
	}
	return a.it.Close()
}
