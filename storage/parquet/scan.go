package parquet

import (
	"errors"
	"fmt"
	"io"

	pq "github.com/parquet-go/parquet-go"
	"github.com/tarndb/tarn/storage/tuple"
)

// Scan reads some columns of a row group in step. It keeps one page of each in memory. It is not safe for concurrent use.
type Scan struct {
	cols   []*shape
	names  []string
	leaves []*cursor
	left   int64
}

// Scan starts at the first row of row group g. A column that the file lacks is NULL in every row.
func (r *Reader) Scan(g int, cols []Column) (s *Scan, err error) {
	defer caught(&err)
	rg := r.f.RowGroups()[g]
	s = &Scan{left: rg.NumRows()}
	res := resolver{chunks: rg.ColumnChunks(), scan: s}
	for _, c := range cols {
		sh, err := res.column(child(r.f.Root(), c.Name, c.ID), c.Type)
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
		s.cols, s.names = append(s.cols, sh), append(s.names, c.Name)
	}
	return s, nil
}

// Close gives back the pages. The values that were read stay.
func (s *Scan) Close() {
	for _, c := range s.leaves {
		c.close()
	}
	s.leaves = nil
}

// Next appends the next rows, n at most, to dst, which has a slice for each column, and returns how many there were; 0 at
// the end. The bytes of the values belong to the caller.
func (s *Scan) Next(dst [][]tuple.Value, n int) (_ int, err error) {
	defer caught(&err)
	n = int(min(int64(n), s.left))
	for i, c := range s.cols {
		if dst[i], err = c.appendRows(dst[i], n); err != nil {
			return 0, fmt.Errorf("column %s: %w", s.names[i], err)
		}
	}
	s.left -= int64(n)
	return n, nil
}

// cursor walks the values of a leaf column with their levels.
type cursor struct {
	pages  pq.Pages
	page   pq.Page
	values pq.ValueReader
	buf    []pq.Value
	rest   []pq.Value // of buf: not taken yet
	maxDef int
	conv   converter
	arena  arena
}

var errShort = fmt.Errorf("%w: a column ends before its rows do", ErrDamaged)

// fill makes rest non-empty, or returns io.EOF.
func (c *cursor) fill() error {
	for len(c.rest) == 0 {
		if c.page == nil {
			page, err := c.pages.ReadPage()
			if err != nil {
				return err
			}
			c.page, c.values = page, page.Values()
		}
		if c.buf == nil {
			c.buf = make([]pq.Value, batchRows)
		}
		n, err := c.values.ReadValues(c.buf)
		c.rest = c.buf[:n]
		if n == 0 || err != nil && !errors.Is(err, io.EOF) {
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			pq.Release(c.page)
			c.page = nil
		}
	}
	return nil
}

// peek is the next value, whose bytes belong to the page.
func (c *cursor) peek() (*pq.Value, error) {
	if len(c.rest) == 0 {
		if err := c.fill(); errors.Is(err, io.EOF) {
			return nil, errShort
		} else if err != nil {
			return nil, err
		}
	}
	return &c.rest[0], nil
}

// repeats reports whether the next value goes on with a list of that repetition level.
func (c *cursor) repeats(level int) (bool, error) {
	v, err := c.peek()
	if errors.Is(err, errShort) {
		return false, nil
	}
	return err == nil && v.RepetitionLevel() >= level, err
}

func (c *cursor) skip() error {
	_, err := c.peek()
	if err == nil {
		c.rest = c.rest[1:]
	}
	return err
}

func (c *cursor) take() (tuple.Value, error) {
	v, err := c.peek()
	if err != nil {
		return tuple.Null, err
	}
	c.rest = c.rest[1:]
	if v.DefinitionLevel() < c.maxDef {
		return tuple.Null, nil
	}
	return c.conv(&c.arena, *v)
}

// appendFlat takes n values of a column that does not repeat.
func (c *cursor) appendFlat(dst []tuple.Value, n int) ([]tuple.Value, error) {
	for n > 0 {
		if _, err := c.peek(); err != nil {
			return nil, err
		}
		vals := c.rest[:min(n, len(c.rest))]
		for i := range vals {
			if vals[i].DefinitionLevel() < c.maxDef {
				dst = append(dst, tuple.Null)
				continue
			}
			t, err := c.conv(&c.arena, vals[i])
			if err != nil {
				return nil, err
			}
			dst = append(dst, t)
		}
		c.rest = c.rest[len(vals):]
		n -= len(vals)
	}
	return dst, nil
}

func (c *cursor) close() {
	if c.page != nil {
		pq.Release(c.page)
		c.page = nil
	}
	c.pages.Close()
}

// arena hands out copies from large blocks.
type arena struct{ free []byte }

func (a *arena) copy(b []byte) []byte {
	if len(b) > len(a.free) {
		a.free = make([]byte, max(64<<10, len(b)))
	}
	n := copy(a.free, b)
	out := a.free[:n:n]
	a.free = a.free[n:]
	return out
}
