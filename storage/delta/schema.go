package delta

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/storage/parquet"
)

// Field is one column of a table's schema.
type Field = parquet.Field

// Schema of a table. Variant columns, and types that are not known, answer ErrFeature.
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
	return hasType(parquet.Type{ID: parquet.Struct, Fields: s.Fields}, parquet.TimestampNTZ)
}

func hasType(t parquet.Type, id parquet.TypeID) bool {
	return t.ID == id || t.Elem != nil && hasType(*t.Elem, id) || t.Key != nil && hasType(*t.Key, id) ||
		slices.ContainsFunc(t.Fields, func(f Field) bool { return hasType(f.Type, id) })
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

type jsonMap struct {
	Type              string          `json:"type"`
	KeyType           json.RawMessage `json:"keyType"`
	ValueType         json.RawMessage `json:"valueType"`
	ValueContainsNull bool            `json:"valueContainsNull"`
}

// String is the schema as it stands in metaData.schemaString.
func (s Schema) String() string {
	return string(typeJSON(parquet.Type{ID: parquet.Struct, Fields: s.Fields}))
}

func typeJSON(t parquet.Type) json.RawMessage {
	var v any = t.String()
	switch t.ID {
	case parquet.Array:
		v = jsonArray{"array", typeJSON(*t.Elem), !t.NoNulls}
	case parquet.Map:
		v = jsonMap{"map", typeJSON(*t.Key), typeJSON(*t.Elem), !t.NoNulls}
	case parquet.Struct:
		js := jsonStruct{Type: "struct", Fields: []jsonField{}}
		for _, f := range t.Fields {
			md := f.Metadata
			if md == nil {
				md = map[string]any{}
			}
			js.Fields = append(js.Fields, jsonField{f.Name, typeJSON(f.Type), f.Nullable, md})
		}
		v = js
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic("delta: schema cannot be encoded: " + err.Error()) // names and types always can
	}
	return b
}

// ParseSchema reads a schemaString.
func ParseSchema(str string) (Schema, error) {
	fields, err := parseFields(json.RawMessage(str), 0)
	return Schema{fields}, err
}

// maxSchemaDepth bounds the recursion; Parquet readers have lower bounds.
const maxSchemaDepth = 100

func parseFields(raw json.RawMessage, depth int) ([]Field, error) {
	var js jsonStruct
	if err := json.Unmarshal(raw, &js); err != nil || js.Type != "struct" {
		return nil, fmt.Errorf("%w: schema %.200q: %v", ErrCorrupt, raw, err)
	}
	var fields []Field
	seen := map[string]bool{}
	for _, f := range js.Fields {
		t, err := parseType(f.Type, depth+1)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", f.Name, err)
		}
		l := strings.ToLower(f.Name)
		if seen[l] {
			return nil, fmt.Errorf("%w: two columns %s", ErrCorrupt, f.Name)
		}
		seen[l] = true
		fields = append(fields, Field{Name: f.Name, Type: t, Nullable: f.Nullable, Metadata: f.Metadata})
	}
	return fields, nil
}

func parseType(raw json.RawMessage, depth int) (parquet.Type, error) {
	var name string
	if json.Unmarshal(raw, &name) == nil {
		return parsePrimitive(name)
	}
	var js struct {
		Type              string          `json:"type"`
		ElementType       json.RawMessage `json:"elementType"`
		ContainsNull      bool            `json:"containsNull"`
		KeyType           json.RawMessage `json:"keyType"`
		ValueType         json.RawMessage `json:"valueType"`
		ValueContainsNull bool            `json:"valueContainsNull"`
	}
	if err := json.Unmarshal(raw, &js); err != nil || depth > maxSchemaDepth {
		return parquet.Type{}, fmt.Errorf("%w: type %.200s", ErrCorrupt, raw)
	}
	switch js.Type {
	case "struct":
		fields, err := parseFields(raw, depth)
		return parquet.Type{ID: parquet.Struct, Fields: fields}, err
	case "array":
		elem, err := parseType(js.ElementType, depth+1)
		return parquet.Type{ID: parquet.Array, Elem: &elem, NoNulls: !js.ContainsNull}, err
	case "map":
		key, err := parseType(js.KeyType, depth+1)
		if err != nil {
			return parquet.Type{}, err
		}
		val, err := parseType(js.ValueType, depth+1)
		return parquet.Type{ID: parquet.Map, Key: &key, Elem: &val, NoNulls: !js.ValueContainsNull}, err
	}
	return parquet.Type{}, fmt.Errorf("%w: type %s", ErrFeature, js.Type)
}

func parsePrimitive(name string) (parquet.Type, error) {
	if t, ok := parquet.ScalarByName(name); ok {
		return t, nil
	}
	if name == "decimal" {
		return parquet.Type{ID: parquet.Decimal, Precision: 10}, nil
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
