package delta

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"

	"github.com/tarndb/tarn/storage/tuple"
)

// maxMoves bounds the rows of a version's removed files that are kept in memory, by hash: about 40 bytes each.
const maxMoves = 20_000_000

// moves are the rows that a version's removed files held and its added files have not been seen to hold, counted by a
// hash of all columns. Added files are read first, removed ones after them.
type moves struct {
	seeds [2]maphash.Seed
	left  map[[2]uint64]int32
	buf   []byte
}

// filters reports whether rows of a part count only if the version has not moved them.
func (c *ChangeScan) filters(p changePart) bool { return c.moved != nil && p.whole }

// findMoves reads what the removed files of the open version hold, if files were added as well.
func (c *ChangeScan) findMoves(ctx context.Context) error {
	var added, removed []changePart
	var others []changePart
	for _, p := range c.parts {
		switch {
		case !p.whole:
			others = append(others, p)
		case p.kind == Insert:
			added = append(added, p)
		default:
			removed = append(removed, p)
		}
	}
	if len(added) == 0 || len(removed) == 0 {
		return nil
	}
	m := &moves{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, left: map[[2]uint64]int32{}}
	for _, p := range removed {
		if err := c.count(ctx, m, p); err != nil {
			return fmt.Errorf("file %s: %w", p.path, err)
		}
	}
	c.moved, c.parts = m, slices.Concat(others, added, removed)
	return nil
}

func (c *ChangeScan) count(ctx context.Context, m *moves, p changePart) error {
	f, err := c.openRows(ctx, p, c.layout.all())
	if err != nil {
		return err
	}
	defer f.close()
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		b, err := f.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for r := range b.Rows {
			m.left[m.hash(b.Columns, r)]++
		}
		if len(m.left) > maxMoves {
			return fmt.Errorf("%w: a version without change data feed that replaces files of more than %d rows", ErrFeature, maxMoves)
		}
	}
}

// keep leaves the rows of a batch that are changes.
func (m *moves) keep(b *Batch, kind Change) {
	n := 0
	for r := range b.Rows {
		h := m.hash(b.Columns, r)
		left := m.left[h]
		if left > 0 {
			m.left[h] = left - 1
		}
		if (left > 0) == (kind == Insert) {
			continue
		}
		for _, col := range b.Columns {
			col[n] = col[r]
		}
		n++
	}
	b.Rows = n
	for i := range b.Columns {
		b.Columns[i] = b.Columns[i][:n]
	}
}

func (m *moves) hash(cols [][]tuple.Value, r int) [2]uint64 {
	b := m.buf[:0]
	for _, col := range cols {
		switch v := col[r]; {
		case v.IsNull():
			b = append(b, 0)
		case v.IsScalar():
			b = binary.LittleEndian.AppendUint64(append(b, 1), v.Uint())
		default:
			b = binary.AppendUvarint(append(b, 2), uint64(v.Len()))
			b = append(b, v.Bytes()...)
		}
	}
	m.buf = b
	return [2]uint64{maphash.Bytes(m.seeds[0], b), maphash.Bytes(m.seeds[1], b)}
}

// pick are the columns at some places.
func pick(cols [][]tuple.Value, at []int) [][]tuple.Value {
	out := make([][]tuple.Value, len(at))
	for i, k := range at {
		out[i] = cols[k]
	}
	return out
}
