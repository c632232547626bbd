package delta

import (
	"fmt"

	"github.com/tarndb/tarn/storage/parquet"
)

// Properties and field metadata of column mapping.
const (
	FeatureColumnMapping = "columnMapping"
	PropMappingMode      = "delta.columnMapping.mode"
	PropMappingMaxID     = "delta.columnMapping.maxColumnId"
	metaPhysicalName     = "delta.columnMapping.physicalName"
	metaMappingID        = "delta.columnMapping.id"
)

// mappingMode is how the table's columns are found in its files.
type mappingMode uint8

const (
	byLogicalName  mappingMode = iota // no mapping
	byPhysicalName                    // mode name
	byFieldID                         // mode id
)

func (s *Snapshot) mapping() (mappingMode, error) {
	if s.Protocol.MinReaderVersion != 2 && !s.Protocol.Has(FeatureColumnMapping) {
		return byLogicalName, nil
	}
	switch mode := s.Metadata.Configuration[PropMappingMode]; mode {
	case "", "none":
		return byLogicalName, nil
	case "name":
		return byPhysicalName, nil
	case "id":
		return byFieldID, nil
	default:
		return 0, fmt.Errorf("%w: column mapping mode %q", ErrCorrupt, mode)
	}
}

// physical is a field as the data files and the log's partition values and statistics know it.
func (m mappingMode) physical(f Field) (Field, error) {
	if m != byLogicalName {
		name, ok := f.Metadata[metaPhysicalName].(string)
		id, hasID := f.Metadata[metaMappingID].(float64)
		if !ok || m == byFieldID && (!hasID || id < 1 || id != float64(int32(id))) {
			return f, fmt.Errorf("%w: column %s has no physical name or id", ErrCorrupt, f.Name)
		}
		f.Name = name
		if m == byFieldID {
			f.ID = int(id)
		}
	}
	t, err := m.physicalType(f.Type)
	f.Type = t
	return f, err
}

func (m mappingMode) physicalType(t parquet.Type) (_ parquet.Type, err error) {
	part := func(t *parquet.Type) *parquet.Type {
		if t == nil || err != nil {
			return t
		}
		var p parquet.Type
		p, err = m.physicalType(*t)
		return &p
	}
	t.Elem, t.Key = part(t.Elem), part(t.Key)
	if t.Fields == nil || err != nil {
		return t, err
	}
	fields := make([]Field, len(t.Fields))
	for i, f := range t.Fields {
		if fields[i], err = m.physical(f); err != nil {
			return t, err
		}
	}
	t.Fields = fields
	return t, nil
}
