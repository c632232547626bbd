package txn

// paged is a growing list in pages, so that a long one is not copied as it grows. The first page begins small.
type paged[T any] struct {
	pages [][]T
	n     int
}

const (
	pageBits = 14
	pageLen  = 1 << pageBits
)

func (p *paged[T]) at(i uint32) *T { return &p.pages[i>>pageBits][i&(pageLen-1)] }

// add appends v and returns its number.
func (p *paged[T]) add(v T) uint32 {
	last := p.n >> pageBits
	if last == len(p.pages) {
		var page []T
		if last > 0 {
			page = make([]T, 0, pageLen)
		}
		p.pages = append(p.pages, page)
	}
	p.pages[last] = append(p.pages[last], v)
	p.n++
	return uint32(p.n - 1)
}

// room makes the next n elements come to stand in one page; n is at most pageLen.
func (p *paged[T]) room(n int) {
	var zero T
	for p.n&(pageLen-1)+n > pageLen {
		p.add(zero)
	}
}

// reset empties the list and keeps a first page of at most so many elements.
func (p *paged[T]) reset(keep int) {
	p.n = 0
	if len(p.pages) == 1 && cap(p.pages[0]) <= keep {
		p.pages[0] = p.pages[0][:0]
	} else {
		p.pages = nil
	}
}

// elements is how many there is memory for.
func (p *paged[T]) elements() int {
	if len(p.pages) == 0 {
		return 0
	}
	return (len(p.pages)-1)*pageLen + cap(p.pages[0])
}

// keyLog keeps keys by position, page<<keyPageBits | offset. A key stands in one page; one that is longer than a page has its own.
type keyLog struct {
	pages [][]byte
	bytes int // of all keys
}

const (
	keyPageBits  = 20
	keyPageBytes = 1 << keyPageBits
)

func (l *keyLog) add(key []byte) int {
	last := len(l.pages) - 1
	switch {
	case last < 0:
		l.pages = append(l.pages, nil)
		last = 0
	case len(l.pages[last])+len(key) > keyPageBytes:
		l.pages = append(l.pages, make([]byte, 0, max(keyPageBytes, len(key))))
		last++
	}
	pos := last<<keyPageBits | len(l.pages[last])
	l.pages[last] = append(l.pages[last], key...)
	l.bytes += len(key)
	return pos
}

func (l *keyLog) get(pos, n int) []byte {
	at := pos & (keyPageBytes - 1)
	return l.pages[pos>>keyPageBits][at : at+n : at+n]
}

// reset empties the log and keeps a first page of at most so many bytes.
func (l *keyLog) reset(keep int) {
	l.bytes = 0
	if len(l.pages) == 1 && cap(l.pages[0]) <= keep {
		l.pages[0] = l.pages[0][:0]
	} else {
		l.pages = nil
	}
}

func (l *keyLog) memory() (n int) {
	for _, p := range l.pages {
		n += cap(p)
	}
	return n
}
