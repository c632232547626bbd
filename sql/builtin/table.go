package builtin

import (
	"maps"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// The tables that Lookup reads, one source per family. A symbol stands in one family only.
var (
	bySymbol = union(
		tarnFns(),
		compareFns(), intFns(), boolFns(), floatFns(), numericFns(), intervalFns(),
		stringFns(), likeFns(), quoteFns(), byteaFns(), bitFns(), dateFieldFns(), datetimeFns(),
		mathFns(), arrayFns(), jsonBuildFns(), jsonOpFns(), regexFns(), inRangeFns(), toCharFns(), fromCharFns(), jsonRecordFns(), encodingFns(), moneyFns(), enumFns(), systemFns(), catalogFns(), privilegeFns(),
	)
	byOID = unionOID(
		ioFns(), mathSQL(), stringSQL(), regexSQL(), datetimeSQL(), systemSQL(), catalogSQL(),
	)
	setBySymbol = unionSets(
		seriesSets(), stringSets(), catalogSets(), jsonSets(), jsonRecordSets(), systemSets(), regexSets(),
	)
	setByOID   = map[types.OID]SetFn{3078: sequenceParameters}
	aggregates = aggregateTable()
	windows    = windowTable()
)

func union(families ...fns) fns {
	out := fns{}
	for _, f := range families {
		maps.Copy(out, f)
	}
	return out
}

func unionOID(families ...map[types.OID]Fn) map[types.OID]Fn {
	out := map[types.OID]Fn{}
	for _, f := range families {
		maps.Copy(out, f)
	}
	return out
}

func unionSets(families ...sets) sets {
	out := sets{}
	for _, f := range families {
		maps.Copy(out, f)
	}
	return out
}

func typeNotFound(oid types.OID) error {
	return pgerr.New(pgerr.UndefinedObject, "type with OID %d does not exist", oid)
}
