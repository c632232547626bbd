package parquet

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	pq "github.com/parquet-go/parquet-go"
	"github.com/tarndb/tarn/storage/tuple"
)

// Reader reads columns of one file. Its methods may be used concurrently if the underlying ReaderAt may.
type Reader struct {
	f *pq.File
}

var (
	// ErrDamaged says that a file is not what was written (I8).
	ErrDamaged = errors.New("parquet file is damaged")
	// ErrType says that a column has no counterpart among Delta's types, or cannot be read as the one that is wanted.
	ErrType = errors.New("parquet type is not supported")
)

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
func (r *Reader) Column(dst []tuple.Value, g int, name string, typ Type) ([]tuple.Value, error) {
	fail := func(err error) ([]tuple.Value, error) {
		return nil, fmt.Errorf("read parquet column %s, row group %d: %w", name, g, err)
	}
	s, err := r.Scan(g, []Column{{Name: name, Type: typ}})
	if err != nil {
		return fail(err)
	}
	defer s.Close()
	out := [][]tuple.Value{dst}
	for {
		n, err := s.Next(out, r.GroupRows(g))
		if err != nil {
			return fail(err)
		}
		if n == 0 {
			return out[0], nil
		}
	}
}
