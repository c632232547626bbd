package delta

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// ParsePartition reads a partition value of the log as a physical value. nil and "" are NULL, of strings too. A timestamp
// without zone is in UTC.
func ParsePartition(t parquet.Type, text *string) (tuple.Value, error) {
	if text == nil || *text == "" {
		return tuple.Null, nil
	}
	v, err := parsePartition(t, *text)
	if err != nil {
		return tuple.Null, fmt.Errorf("%w: partition value %.100q is no %s", ErrCorrupt, *text, t)
	}
	return v, nil
}

func parsePartition(t parquet.Type, s string) (tuple.Value, error) {
	integer := func(bits int) (tuple.Value, error) {
		n, err := strconv.ParseInt(s, 10, bits)
		return tuple.Int(n), err
	}
	switch t.ID {
	case parquet.Boolean:
		switch strings.ToLower(s) {
		case "true":
			return tuple.Bool(true), nil
		case "false":
			return tuple.Bool(false), nil
		}
	case parquet.Byte:
		return integer(8)
	case parquet.Short:
		return integer(16)
	case parquet.Integer:
		return integer(32)
	case parquet.Long:
		return integer(64)
	case parquet.Float:
		f, err := strconv.ParseFloat(s, 32)
		return tuple.Float(f), err
	case parquet.Double:
		f, err := strconv.ParseFloat(s, 64)
		return tuple.Float(f), err
	case parquet.Decimal:
		if v, ok := parseDecimal(t, s); ok {
			return v, nil
		}
	case parquet.String, parquet.Binary:
		return tuple.String(s), nil
	case parquet.Date:
		d, err := time.Parse(time.DateOnly, s)
		return tuple.Int(floorDiv(d.Unix(), 86400)), err
	case parquet.Timestamp, parquet.TimestampNTZ:
		for _, layout := range []string{"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999Z07:00",
			"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", time.DateOnly} {
			if d, err := time.Parse(layout, s); err == nil {
				return tuple.Int(d.UnixMicro()), nil
			}
		}
	}
	return tuple.Null, strconv.ErrSyntax
}

// parseDecimal reads a decimal literal; false if it has more digits than the type.
func parseDecimal(t parquet.Type, s string) (tuple.Value, bool) {
	if len(s) > 100 || strings.ContainsAny(s, "/_xXpP") {
		return tuple.Null, false // Rat reads fractions and other bases
	}
	if _, exp, ok := strings.Cut(strings.ToLower(s), "e"); ok {
		if n, err := strconv.Atoi(exp); err != nil || n > 100 || n < -100 {
			return tuple.Null, false
		}
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return tuple.Null, false
	}
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Scale)), nil)))
	if !r.IsInt() {
		return tuple.Null, false
	}
	if t.Precision > 18 {
		if r.Num().BitLen() > 127 {
			return tuple.Null, false
		}
		return tuple.Bytes(parquet.AppendInt128(nil, r.Num())), true
	}
	return tuple.Int(r.Num().Int64()), r.Num().IsInt64()
}
