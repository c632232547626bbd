package delta

import (
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
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

// DataColumns are the columns of a new data file of the table: with column mapping under their physical names and with
// their field ids. Partition columns and void columns, which files do not have, are left out.
func (s *Snapshot) DataColumns() ([]parquet.Column, error) {
	l, err := s.layout()
	if err != nil {
		return nil, err
	}
	mode, err := s.mapping()
	if err != nil {
		return nil, err
	}
	if mode == byPhysicalName {
		mode = byFieldID // writers of both modes write names and ids
	}
	var out []parquet.Column
	for i, f := range l.fields {
		if l.partition[i] || f.Type.ID == parquet.Void {
			continue
		}
		p, err := mode.physical(f)
		if err != nil {
			return nil, err
		}
		out = append(out, parquet.Column{Name: p.Name, Type: p.Type, ID: p.ID})
	}
	return out, nil
}

// WithMapping gives fields that have no column mapping ids above maxID and physical names, which are the names that they
// have (keep: files with them exist) or fresh ones. It returns the highest id in use, for PropMappingMaxID.
func (s Schema) WithMapping(maxID int, keep bool) (Schema, int) {
	fields := mapFields(s.Fields, &maxID, keep)
	return Schema{fields}, maxID
}

func mapFields(fields []Field, maxID *int, keep bool) []Field {
	out := slices.Clone(fields)
	for i, f := range out {
		out[i].Type = mapType(f.Type, maxID, keep)
		if id, ok := f.Metadata[metaMappingID].(float64); ok {
			*maxID = max(*maxID, int(id))
			continue
		}
		*maxID++
		md := maps.Clone(f.Metadata)
		if md == nil {
			md = map[string]any{}
		}
		md[metaMappingID] = float64(*maxID)
		if md[metaPhysicalName] = f.Name; !keep {
			md[metaPhysicalName] = "col-" + uuid.NewString()
		}
		out[i].Metadata = md
	}
	return out
}

func mapType(t parquet.Type, maxID *int, keep bool) parquet.Type {
	for _, part := range []**parquet.Type{&t.Elem, &t.Key} {
		if *part != nil {
			p := mapType(**part, maxID, keep)
			*part = &p
		}
	}
	if t.Fields != nil {
		t.Fields = mapFields(t.Fields, maxID, keep)
	}
	return t
}
