// Package lake reads whole Delta tables for tests.
package lake

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

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
	t, err := read(context.Background(), dir)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", dir, err)
	}
	return t, nil
}

func read(ctx context.Context, dir string) (*Table, error) {
	store, err := object.OpenLocal(dir, object.Options{})
	if err != nil {
		return nil, err
	}
	table := delta.NewTable(store, delta.TableOptions{})
	snap, err := table.Snapshot(ctx, -1)
	if err != nil {
		return nil, err
	}
	scan, err := table.Scan(snap, delta.ScanOptions{})
	if err != nil {
		return nil, err
	}
	defer scan.Close()
	t := &Table{Version: snap.Version, Fields: scan.Fields()}
	for {
		b, err := scan.Next(ctx)
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, err
		}
		for i := range b.Rows {
			row := make([]tuple.Value, len(b.Columns))
			for k := range row {
				row[k] = b.Columns[k][i]
			}
			t.Rows = append(t.Rows, row)
		}
	}
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
