package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/big"
	"time"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
	"github.com/tarndb/tarn/storage/tuple"
)

// Reader reads columns of one file. Its methods may be used concurrently if the underlying ReaderAt may.
type Reader struct {
	f *pq.File
}

// ErrDamaged says that a file is not what was written (I8).
var ErrDamaged = errors.New("parquet file is damaged")

// Verify checks a whole file against the CRC-32C of FileStats. Parquet's own checksums leave out the footer, and a
// decoder can be led astray by a damaged one, so a file is verified before it is read for the first time.
func Verify(r io.ReaderAt, size int64, crc uint32) error {
	h := crc32.New(castagnoli)
	if _, err := io.CopyBuffer(h, io.NewSectionReader(r, 0, size), make([]byte, 256<<10)); err != nil {
		return fmt.Errorf("read parquet: %w", err)
	}
	if h.Sum32() != crc {
		return fmt.Errorf("%w: checksum", ErrDamaged)
	}
	return nil
}

// NewReader reads the footer. The caller keeps r open while it uses the Reader.
func NewReader(r io.ReaderAt, size int64) (_ *Reader, err error) {
	defer caught(&err)
	f, err := pq.OpenFile(r, size, pq.SkipBloomFilters(true), pq.SkipPageIndex(true))
	if err != nil {
		return nil, fmt.Errorf("read parquet: %w", err)
	}
	return &Reader{f}, nil
}

// caught makes an error of a panic: parquet-go panics on some kinds of damage (I8).
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", ErrDamaged, p)
	}
}

func (r *Reader) Rows() int64         { return r.f.NumRows() }
func (r *Reader) RowGroups() int      { return len(r.f.RowGroups()) }
func (r *Reader) GroupRows(g int) int { return int(r.f.RowGroups()[g].NumRows()) }

// Has reports whether the file has a top-level column of that name.
func (r *Reader) Has(name string) bool { return r.f.Root().Column(name) != nil }

// Column reads a column of row group g as typ and appends its values to dst. Bytes of the values are owned by the
// result (a few large allocations). A column that the file lacks is all NULL.
func (r *Reader) Column(dst []tuple.Value, g int, name string, typ Type) (_ []tuple.Value, err error) {
	defer caught(&err)
	rg := r.f.RowGroups()[g]
	col := r.f.Root().Column(name)
	if col == nil {
		for range rg.NumRows() {
			dst = append(dst, tuple.Null)
		}
		return dst, nil
	}
	fail := func(err error) ([]tuple.Value, error) {
		return nil, fmt.Errorf("read parquet column %s, row group %d: %w", name, g, err)
	}
	elem := typ
	if typ.ID == Array {
		elem = *typ.Elem
	}
	leaf := col
	for !leaf.Leaf() {
		kids := leaf.Columns()
		if len(kids) != 1 || typ.ID != Array {
			return fail(fmt.Errorf("is nested, wanted %s", typ))
		}
		leaf = kids[0]
	}
	conv, err := fromParquet(leaf, elem)
	if err != nil {
		return fail(err)
	}
	asm := assembler{dst: dst, list: typ.ID == Array, maxDef: leaf.MaxDefinitionLevel(), conv: conv}
	if err := readPages(rg.ColumnChunks()[leaf.Index()], asm.add); err != nil {
		return fail(err)
	}
	asm.finish()
	if got := int64(len(asm.dst) - len(dst)); got != rg.NumRows() {
		return fail(fmt.Errorf("%d values for %d rows", got, rg.NumRows()))
	}
	return asm.dst, nil
}

func readPages(chunk pq.ColumnChunk, add func([]pq.Value) error) error {
	pages := chunk.Pages()
	defer pages.Close()
	buf := make([]pq.Value, batchRows)
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		vr := page.Values()
		for {
			n, err := vr.ReadValues(buf)
			if n > 0 {
				if err := add(buf[:n]); err != nil {
					pq.Release(page)
					return err
				}
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				pq.Release(page)
				return err
			}
		}
		pq.Release(page)
	}
}

// assembler turns leaf values with levels into rows.
type assembler struct {
	dst    []tuple.Value
	conv   func(*arena, pq.Value) (tuple.Value, error)
	arena  arena
	list   bool
	maxDef int
	elems  []tuple.Value
	open   bool // a list is being collected
	isNull bool // that list is NULL
	out    arena
	enc    []byte
}

func (a *assembler) add(vals []pq.Value) error {
	if a.list {
		return a.addLists(vals)
	}
	for _, v := range vals {
		if v.IsNull() {
			a.dst = append(a.dst, tuple.Null)
			continue
		}
		t, err := a.conv(&a.arena, v)
		if err != nil {
			return err
		}
		a.dst = append(a.dst, t)
	}
	return nil
}

func (a *assembler) addLists(vals []pq.Value) error {
	for _, v := range vals {
		if v.RepetitionLevel() == 0 {
			a.finish()
			a.open = true
		}
		switch def := v.DefinitionLevel(); {
		case def == a.maxDef:
			t, err := a.conv(&a.arena, v)
			if err != nil {
				return err
			}
			a.elems = append(a.elems, t)
		case def == 0:
			a.isNull = true
		case def == 1 && a.maxDef == 3: // empty
		case def == a.maxDef-1 && a.maxDef == 3:
			a.elems = append(a.elems, tuple.Null)
		}
	}
	return nil
}

func (a *assembler) finish() {
	if !a.open {
		return
	}
	if a.isNull {
		a.dst = append(a.dst, tuple.Null)
	} else {
		a.enc = AppendList(a.enc[:0], a.elems)
		a.dst = append(a.dst, tuple.Bytes(a.out.copy(a.enc)))
	}
	a.open, a.isNull, a.elems = false, false, a.elems[:0]
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

func fromParquet(leaf *pq.Column, typ Type) (func(*arena, pq.Value) (tuple.Value, error), error) {
	kind := leaf.Type().Kind()
	integer := kind == pq.Int32 || kind == pq.Int64
	asInt := func(v pq.Value) int64 {
		if kind == pq.Int32 {
			return int64(v.Int32())
		}
		return v.Int64()
	}
	switch typ.ID {
	case Boolean:
		if kind == pq.Boolean {
			return func(_ *arena, v pq.Value) (tuple.Value, error) { return tuple.Bool(v.Boolean()), nil }, nil
		}
	case Byte, Short, Integer, Long, Date:
		if integer {
			return func(_ *arena, v pq.Value) (tuple.Value, error) { return tuple.Int(asInt(v)), nil }, nil
		}
	case Float, Double:
		switch kind {
		case pq.Float:
			return func(_ *arena, v pq.Value) (tuple.Value, error) { return tuple.Float(float64(v.Float())), nil }, nil
		case pq.Double:
			return func(_ *arena, v pq.Value) (tuple.Value, error) { return tuple.Float(v.Double()), nil }, nil
		}
	case String, Binary:
		if kind == pq.ByteArray || kind == pq.FixedLenByteArray {
			return func(a *arena, v pq.Value) (tuple.Value, error) { return tuple.Bytes(a.copy(v.ByteArray())), nil }, nil
		}
	case Timestamp, TimestampNTZ:
		if kind == pq.Int96 {
			return func(_ *arena, v pq.Value) (tuple.Value, error) { return tuple.Int(int96Micros(v.Int96())), nil }, nil
		}
		if kind == pq.Int64 {
			mul, div := int64(1), int64(1)
			if lt := leaf.Type().LogicalType(); lt != nil {
				if ts, ok := lt.Value.(*format.TimestampType); ok {
					switch ts.Unit.Value.(type) {
					case *format.MilliSeconds:
						mul = 1000
					case *format.NanoSeconds:
						div = 1000
					}
				}
			}
			return func(_ *arena, v pq.Value) (tuple.Value, error) {
				n := v.Int64() * mul
				if n%div < 0 {
					n -= div
				}
				return tuple.Int(n / div), nil
			}, nil
		}
	case Decimal:
		if integer && typ.Precision <= 18 {
			return func(_ *arena, v pq.Value) (tuple.Value, error) { return tuple.Int(asInt(v)), nil }, nil
		}
		if integer {
			return func(a *arena, v pq.Value) (tuple.Value, error) {
				return tuple.Bytes(a.copy(AppendInt128(nil, big.NewInt(asInt(v))))), nil
			}, nil
		}
		if kind == pq.FixedLenByteArray || kind == pq.ByteArray {
			return func(a *arena, v pq.Value) (tuple.Value, error) { return decimalBytes(a, v.ByteArray(), typ) }, nil
		}
	}
	return nil, fmt.Errorf("parquet type %s cannot be read as %s", leaf.Type(), typ)
}

func int96Micros(v deprecated.Int96) int64 {
	nanos := int64(uint64(v[0]) | uint64(v[1])<<32)
	const julianUnixEpoch = 2440588
	days := int64(v[2]) - julianUnixEpoch
	return days*int64(24*time.Hour/time.Microsecond) + nanos/1000
}

// decimalBytes reads a big-endian two's complement number of any length.
func decimalBytes(a *arena, b []byte, typ Type) (tuple.Value, error) {
	var w [16]byte
	if len(b) > 0 && b[0]&0x80 != 0 {
		for i := range w {
			w[i] = 0xff
		}
	}
	for len(b) > len(w) {
		if b[0] != w[0] {
			return tuple.Null, fmt.Errorf("decimal has more than 128 bits")
		}
		b = b[1:]
	}
	copy(w[len(w)-len(b):], b)
	if typ.Precision > 18 {
		return tuple.Bytes(a.copy(w[:])), nil
	}
	n := int64(binary.BigEndian.Uint64(w[8:]))
	if hi := int64(binary.BigEndian.Uint64(w[:8])); hi != n>>63 {
		return tuple.Null, fmt.Errorf("decimal is out of range for %s", typ)
	}
	return tuple.Int(n), nil
}

// AppendInt128 appends n, which must fit, as 16 bytes of two's complement, big endian.
func AppendInt128(dst []byte, n *big.Int) []byte {
	var w [16]byte
	if n.Sign() < 0 {
		m := new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), 128))
		m.FillBytes(w[:])
	} else {
		n.FillBytes(w[:])
	}
	return append(dst, w[:]...)
}

// Int128 is the inverse of AppendInt128.
func Int128(b []byte) *big.Int {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n
}
