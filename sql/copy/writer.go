package copy

import (
	"encoding/binary"

	"github.com/tarndb/tarn/sql/types"
)

// Writer turns rows into COPY data, one message per row.
type Writer struct {
	opts  Options
	cols  []Column
	env   *types.Env
	force []bool
	val   []byte
}

// NewWriter prepares writing; FORCE_QUOTE must name columns.
func NewWriter(o Options, cols []Column, env *types.Env) (*Writer, error) {
	force, err := mark(cols, o.ForceQuote, "FORCE_QUOTE")
	if err != nil {
		return nil, err
	}
	for i := range force {
		force[i] = force[i] || o.ForceQuoteAll
	}
	return &Writer{opts: o, cols: cols, env: env, force: force}, nil
}

// AppendStart appends what comes before the first row.
func (w *Writer) AppendStart(dst []byte) []byte {
	switch {
	case w.opts.Format == Binary:
		return append(append(dst, signature...), 0, 0, 0, 0, 0, 0, 0, 0)
	case w.opts.Header:
		for i, c := range w.cols {
			if i > 0 {
				dst = append(dst, w.opts.Delimiter)
			}
			if w.opts.Format == CSV {
				dst = w.csv(dst, []byte(c.Name), false, len(w.cols) == 1)
			} else {
				dst = w.text(dst, []byte(c.Name))
			}
		}
		return append(dst, '\n')
	}
	return dst
}

// AppendEnd appends what comes after the last row.
func (w *Writer) AppendEnd(dst []byte) []byte {
	if w.opts.Format == Binary {
		return append(dst, 0xff, 0xff)
	}
	return dst
}

// AppendRow appends a row.
func (w *Writer) AppendRow(dst []byte, vals []types.Datum) []byte {
	if w.opts.Format == Binary {
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(vals)))
		for i, v := range vals {
			if v.IsNull() {
				dst = append(dst, 0xff, 0xff, 0xff, 0xff)
				continue
			}
			at := len(dst)
			dst = append(dst, 0, 0, 0, 0)
			dst = w.cols[i].Type.AppendBinary(dst, v, w.env)
			binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
		}
		return dst
	}
	for i, v := range vals {
		if i > 0 {
			dst = append(dst, w.opts.Delimiter)
		}
		if v.IsNull() {
			dst = append(dst, w.opts.Null...)
			continue
		}
		w.val = w.cols[i].Type.AppendText(w.val[:0], v, w.env)
		if w.opts.Format == CSV {
			dst = w.csv(dst, w.val, w.force[i], len(vals) == 1)
		} else {
			dst = w.text(dst, w.val)
		}
	}
	return append(dst, '\n')
}

func (w *Writer) text(dst, v []byte) []byte {
	for _, c := range v {
		switch c {
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\v':
			dst = append(dst, '\\', 'v')
		case '\\', w.opts.Delimiter:
			dst = append(dst, '\\', c)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// csv quotes a value that holds a delimiter, a quote or a line end, that reads as NULL or, alone in its line, as the end of data.
func (w *Writer) csv(dst, v []byte, force, single bool) []byte {
	need := force || string(v) == w.opts.Null || single && string(v) == `\.`
	for _, c := range v {
		if c == w.opts.Delimiter || c == w.opts.Quote || c == '\n' || c == '\r' {
			need = true
			break
		}
	}
	if !need {
		return append(dst, v...)
	}
	dst = append(dst, w.opts.Quote)
	for _, c := range v {
		if c == w.opts.Quote || c == w.opts.Escape {
			dst = append(dst, w.opts.Escape)
		}
		dst = append(dst, c)
	}
	return append(dst, w.opts.Quote)
}
