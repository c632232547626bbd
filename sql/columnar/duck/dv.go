package duck

/*
#cgo CFLAGS: -O3
#include "dv.h"

typedef void (*tarn_callback)(void *, void *, void *);
static tarn_callback tarn_dv_keep_pointer(void) { return tarn_dv_keep; }
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go-bindings"
	"github.com/tarndb/tarn/sql/columnar"
)

// registerDVKeep makes dv_keep(UBIGINT, UBIGINT, BIGINT) a function of the database.
func registerDVKeep(conn duckdb.Connection) error {
	var args []duckdb.LogicalType
	for _, id := range []duckdb.Type{duckdb.TypeUBigInt, duckdb.TypeUBigInt, duckdb.TypeBigInt} {
		args = append(args, duckdb.CreateLogicalType(id))
	}
	return register(conn, "dv_keep", args, duckdb.CreateLogicalType(duckdb.TypeBoolean), unsafe.Pointer(C.tarn_dv_keep_pointer()))
}

// register makes a C callback a scalar function of the database. The types are destroyed.
func register(conn duckdb.Connection, name string, args []duckdb.LogicalType, result duckdb.LogicalType, callback unsafe.Pointer) error {
	f := duckdb.CreateScalarFunction()
	defer duckdb.DestroyScalarFunction(&f)
	duckdb.ScalarFunctionSetName(f, name)
	for i := range args {
		duckdb.ScalarFunctionAddParameter(f, args[i])
		duckdb.DestroyLogicalType(&args[i])
	}
	duckdb.ScalarFunctionSetReturnType(f, result)
	duckdb.DestroyLogicalType(&result)
	duckdb.ScalarFunctionSetFunction(f, callback)
	if duckdb.RegisterScalarFunction(conn, f) == duckdb.StateError {
		return errors.New("register " + name)
	}
	return nil
}

// deletions are the deleted rows of some files in C memory, named by the address in dv_keep's first argument. The
// query must be over before free.
type deletions struct{ c *C.tarn_dv }

func newDeletions(files []columnar.File) (deletions, error) {
	d := deletions{C.tarn_dv_new(C.uint64_t(len(files)))}
	if d.c == nil {
		return d, errors.New("no memory for deletion bitmaps")
	}
	for i, f := range files {
		if f.Deleted == nil || f.Deleted.IsEmpty() {
			continue
		}
		n := uint64(f.Rows)
		if f.Deleted.DenseSize() > n/64+1 {
			d.free()
			return deletions{}, fmt.Errorf("the deletion vector of %s has rows beyond its %d", f.Path, n)
		}
		p := C.tarn_dv_file(d.c, C.uint64_t(i), C.uint64_t(n))
		if p == nil {
			d.free()
			return deletions{}, errors.New("no memory for deletion bitmaps")
		}
		f.Deleted.WriteDenseTo(unsafe.Slice((*uint64)(unsafe.Pointer(p)), n/64+1))
	}
	return d, nil
}

func (d deletions) handle() uint64 { return uint64(uintptr(unsafe.Pointer(d.c))) }
func (d deletions) free()          { C.tarn_dv_free(d.c) }
