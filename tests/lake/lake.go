// Package lake reads Delta tables for tests, the simple way: the log, the live files, their deletion vectors, nothing kept.
package lake

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// Table is the newest version of a Delta table. Rows are in no order.
type Table struct {
	Version int64
	Fields  []delta.Field
	Rows    [][]tuple.Value
}

// Read reads the table in a directory.
func Read(dir string) (*Table, error) {
	ctx := context.Background()
	store, err := object.OpenLocal(dir, object.Options{})
	if err != nil {
		return nil, err
	}
	snap, err := delta.Load(ctx, store, -1)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", dir, err)
	}
	schema, err := snap.Schema()
	if err != nil {
		return nil, err
	}
	t := &Table{Version: snap.Version, Fields: schema.Fields}
	for _, add := range snap.SortedFiles() {
		if err := t.file(ctx, store, add); err != nil {
			return nil, fmt.Errorf("read %s/%s: %w", dir, add.Path, err)
		}
	}
	return t, nil
}

func (t *Table) file(ctx context.Context, store object.Store, add *delta.Add) (err error) {
	dead := roaring.New()
	if add.DeletionVector != nil {
		if dead, err = delta.ReadDV(ctx, store, add.DeletionVector); err != nil {
			return err
		}
	}
	o, err := store.Open(ctx, add.Path)
	if err != nil {
		return err
	}
	defer o.Close()
	r, err := parquet.NewReader(o, o.Size())
	if err != nil {
		return err
	}
	at := uint32(0)
	for g := range r.RowGroups() {
		cols := make([][]tuple.Value, len(t.Fields))
		for k, f := range t.Fields {
			if cols[k], err = r.Column(nil, g, f.Name, f.Type); err != nil {
				return fmt.Errorf("column %s: %w", f.Name, err)
			}
		}
		for i := range r.GroupRows(g) {
			if dead.Contains(at + uint32(i)) {
				continue
			}
			row := make([]tuple.Value, len(cols))
			for k := range row {
				row[k] = cols[k][i].Clone()
			}
			t.Rows = append(t.Rows, row)
		}
		at += uint32(r.GroupRows(g))
	}
	return nil
}

// Text is a value as psql prints it with TimeZone UTC and DateStyle ISO; floats in Go's shortest form.
func Text(typ parquet.Type, v tuple.Value) string {
	if v.IsNull() {
		return "NULL"
	}
	switch typ.ID {
	case parquet.Boolean:
		return map[bool]string{true: "t", false: "f"}[v.Bool()]
	case parquet.Float:
		return strconv.FormatFloat(v.Float(), 'g', -1, 32)
	case parquet.Double:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case parquet.Decimal:
		return decimal(typ, v)
	case parquet.String:
		return string(v.Bytes())
	case parquet.Binary:
		return `\x` + hex.EncodeToString(v.Bytes())
	case parquet.Date:
		return time.Unix(v.Int()*86400, 0).UTC().Format(time.DateOnly)
	case parquet.Timestamp:
		return time.UnixMicro(v.Int()).UTC().Format("2006-01-02 15:04:05.999999+00")
	case parquet.TimestampNTZ:
		return time.UnixMicro(v.Int()).UTC().Format("2006-01-02 15:04:05.999999")
	case parquet.Array:
		return array(typ, v)
	}
	return strconv.FormatInt(v.Int(), 10)
}

func decimal(typ parquet.Type, v tuple.Value) string {
	digits := strconv.FormatInt(v.Int(), 10)
	if typ.Precision > 18 {
		digits = parquet.Int128(v.Bytes()).String()
	}
	digits, negative := strings.CutPrefix(digits, "-")
	if s := int(typ.Scale); s > 0 {
		digits = fmt.Sprintf("%0*s", s+1, digits)
		digits = digits[:len(digits)-s] + "." + digits[len(digits)-s:]
	}
	if negative {
		return "-" + digits
	}
	return digits
}

func array(typ parquet.Type, v tuple.Value) string {
	elems, err := parquet.DecodeList(nil, v.Bytes())
	if err != nil {
		return err.Error()
	}
	parts := make([]string, len(elems))
	for i, e := range elems {
		parts[i] = Text(*typ.Elem, e)
		if !e.IsNull() && (parts[i] == "" || strings.EqualFold(parts[i], "null") || strings.ContainsAny(parts[i], "{},\"\\ \t\n")) {
			parts[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(parts[i]) + `"`
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}
