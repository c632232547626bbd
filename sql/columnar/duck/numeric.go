package duck

/*
#include "numeric.h"

typedef void (*tarn_numeric_callback)(void *, void *, void *);
static tarn_numeric_callback tarn_numeric_div_pointer(void) { return tarn_numeric_div; }
static tarn_numeric_callback tarn_numeric_div_scale_pointer(void) { return tarn_numeric_div_scale; }
*/
import "C"

import (
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go-bindings"
	"github.com/tarndb/tarn/sql/columnar"
)

// registerNumeric makes numeric_div and numeric_div_scale functions of the database.
func registerNumeric(conn duckdb.Connection) error {
	args := func() []duckdb.LogicalType {
		var out []duckdb.LogicalType
		for _, id := range []duckdb.Type{duckdb.TypeAny, duckdb.TypeAny, duckdb.TypeInteger, duckdb.TypeInteger} {
			out = append(out, duckdb.CreateLogicalType(id))
		}
		return out
	}
	quotient := duckdb.CreateDecimalType(38, columnar.QuotientScale)
	if err := register(conn, "numeric_div", args(), quotient, unsafe.Pointer(C.tarn_numeric_div_pointer())); err != nil {
		return err
	}
	return register(conn, "numeric_div_scale", args(), duckdb.CreateLogicalType(duckdb.TypeInteger), unsafe.Pointer(C.tarn_numeric_div_scale_pointer()))
}
