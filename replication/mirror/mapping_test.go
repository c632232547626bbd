package mirror

import (
	"testing"

	"github.com/tarndb/tarn/replication/mirror/pgtext"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// TestExtensionTypes: what types of extensions become.
func TestExtensionTypes(t *testing.T) {
	typ, _, err := deltaType(new(pgtext.Printer), change.Column{TypeOID: pgtext.OIDHstore, Kind: tuple.KindBytes, TypMod: -1}, false)
	if err != nil || typ.ID != parquet.String {
		t.Errorf("hstore is %v (%v)", typ, err)
	}
	typ, _, err = deltaType(new(pgtext.Printer), change.Column{TypeOID: 15800, Kind: tuple.KindArray, TypMod: 3, ElemOID: 700, ElemKind: tuple.KindFloat32}, false)
	if err != nil || typ.ID != parquet.Array || typ.Elem.ID != parquet.Float {
		t.Errorf("vector is %v (%v)", typ, err)
	}
}
