// Package system implements functions that ask the session and the catalog (manual: 9.26, 9.27), input and output functions
// of types, and Tarn's own.
package system

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
)

// Family is what this package implements.
func Family() call.Family {
	return call.Family{
		Fns:       call.Union(systemFns(), snapshotFns(), relationCountFns(), catalogFns(), privilegeFns(), tarnFns(), sampleFns),
		Sets:      call.Union(systemSets(), catalogSets(), tableSets()),
		ByOID:     call.Union(systemSQL(), catalogSQL(), ioFns()),
		SetsByOID: map[types.OID]call.SetFn{3078: sequenceParameters},
	}
}
