package delta

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/storage/parquet"
)

// Field is one column of a table's schema.
type Field struct {
	Name     string
	Type     parquet.Type
	Nullable bool
	Metadata map[string]any
}

// Schema of a table: primitives and arrays of primitives. Struct, map and variant columns answer ErrFeature.
type Schema struct{ Fields []Field }

// Columns are the fields as columns of a data file.
func (s Schema) Columns() []parquet.Column {
	out := make([]parquet.Column, len(s.Fields))
	for i, f := range s.Fields {
		out[i] = parquet.Column{Name: f.Name, Type: f.Type}
	}
	return out
}

// HasNTZ reports whether the schema needs the feature timestampNtz.
func (s Schema) HasNTZ() bool {
	for _, f := range s.Fields {
		if f.Type.ID == parquet.TimestampNTZ || f.Type.Elem != nil && f.Type.Elem.ID == parquet.TimestampNTZ {
			return true
		}
	}
	return false
}

type jsonStruct struct {
	Type   string      `json:"type"`
	Fields []jsonField `json:"fields"`
}

type jsonField struct {
	Name     string          `json:"name"`
	Type     json.RawMessage `json:"type"`
	Nullable bool            `json:"nullable"`
	Metadata map[string]any  `json:"metadata"`
}

type jsonArray struct {
	Type         string          `json:"type"`
	ElementType  json.RawMessage `json:"elementType"`
	ContainsNull bool            `json:"containsNull"`
}

// String is the schema as it stands in metaData.schemaString.
func (s Schema) String() string {
	js := jsonStruct{Type: "struct", Fields: []jsonField{}}
	for _, f := range s.Fields {
		md := f.Metadata
		if md == nil {
			md = map[string]any{}
		}
		js.Fields = append(js.Fields, jsonField{f.Name, typeJSON(f.Type), f.Nullable, md})
	}
	b, err := json.Marshal(js)
	if err != nil {
		panic("delta: schema cannot be encoded: " + err.Error()) // names and types always can
	}
	return string(b)
}

func typeJSON(t parquet.Type) json.RawMessage {
	var v any = t.String()
	if t.ID == parquet.Array {
		v = jsonArray{"array", typeJSON(*t.Elem), true}
	}
	b, _ := json.Marshal(v)
	return b
}

// ParseSchema reads a schemaString.
func ParseSchema(str string) (Schema, error) {
	var js jsonStruct
	if err := json.Unmarshal([]byte(str), &js); err != nil || js.Type != "struct" {
		return Schema{}, fmt.Errorf("%w: schema %.200q: %v", ErrCorrupt, str, err)
	}
	var s Schema
	seen := map[string]bool{}
	for _, f := range js.Fields {
		t, err := parseType(f.Type)
		if err != nil {
			return Schema{}, fmt.Errorf("column %s: %w", f.Name, err)
		}
		if l := strings.ToLower(f.Name); seen[l] {
			return Schema{}, fmt.Errorf("%w: two columns %s", ErrCorrupt, f.Name)
		} else {
			seen[l] = true
		}
		s.Fields = append(s.Fields, Field{f.Name, t, f.Nullable, f.Metadata})
	}
	return s, nil
}

func parseType(raw json.RawMessage) (parquet.Type, error) {
	var name string
	if json.Unmarshal(raw, &name) == nil {
		if t, ok := parquet.ScalarByName(name); ok {
			return t, nil
		}
		if args, ok := strings.CutPrefix(name, "decimal("); ok {
			p, s, _ := strings.Cut(strings.TrimSuffix(args, ")"), ",")
			pi, err1 := strconv.Atoi(strings.TrimSpace(p))
			si, err2 := strconv.Atoi(strings.TrimSpace(s))
			if err1 == nil && err2 == nil && pi >= 1 && pi <= 38 && si >= 0 && si <= pi {
				return parquet.Type{ID: parquet.Decimal, Precision: uint8(pi), Scale: uint8(si)}, nil
			}
		}
		return parquet.Type{}, fmt.Errorf("%w: type %s", ErrFeature, name)
	}
	var arr jsonArray
	if err := json.Unmarshal(raw, &arr); err != nil {
		return parquet.Type{}, fmt.Errorf("%w: type %s", ErrCorrupt, raw)
	}
	if arr.Type != "array" {
		return parquet.Type{}, fmt.Errorf("%w: type %s", ErrFeature, arr.Type)
	}
	elem, err := parseType(arr.ElementType)
	if err != nil {
		return parquet.Type{}, err
	}
	if elem.ID == parquet.Array {
		return parquet.Type{}, fmt.Errorf("%w: array of array", ErrFeature)
	}
	return parquet.Type{ID: parquet.Array, Elem: &elem}, nil
}
