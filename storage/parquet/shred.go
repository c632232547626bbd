package parquet

import (
	"fmt"

	pq "github.com/parquet-go/parquet-go"
	"github.com/tarndb/tarn/storage/tuple"
)

// shredder takes the values of one column, or of a part of a nested one, apart into the leaves below it, with Parquet's
// levels. Its counterpart is shape.
type shredder struct {
	typ      Type
	optional bool
	rep      int // repetition level of what the list or map repeats
	kids     []*shredder
	leaf     *leafBuffer
	leaves   []*leafBuffer // all below
	elems    []tuple.Value
}

type leafBuffer struct {
	index int
	conv  func(tuple.Value) pq.Value
	buf   []pq.Value
}

// newShredder makes the shredder of a type; leaves counts the leaves before it.
func newShredder(typ Type, optional bool, leaves *int) (*shredder, error) {
	return shredderAt(typ, optional, 0, leaves)
}

func shredderAt(typ Type, optional bool, rep int, leaves *int) (*shredder, error) {
	s := &shredder{typ: typ, optional: optional}
	kid := func(t Type, optional bool, rep int) error {
		k, err := shredderAt(t, optional, rep, leaves)
		if err != nil {
			return err
		}
		s.kids, s.leaves = append(s.kids, k), append(s.leaves, k.leaves...)
		return nil
	}
	switch typ.ID {
	case Array:
		s.rep = rep + 1
		return s, kid(*typ.Elem, true, s.rep)
	case Map:
		s.rep = rep + 1
		if err := kid(*typ.Key, false, s.rep); err != nil {
			return nil, err
		}
		return s, kid(*typ.Elem, true, s.rep)
	case Struct:
		for _, f := range typ.Fields {
			if err := kid(f.Type, true, rep); err != nil {
				return nil, err
			}
		}
		if len(s.leaves) == 0 {
			return nil, fmt.Errorf("%w: %s has no field that is stored", ErrType, typ)
		}
		return s, nil
	case Void:
		return s, nil
	}
	conv, err := toParquet(typ)
	s.leaf = &leafBuffer{index: *leaves, conv: conv}
	s.leaves = []*leafBuffer{s.leaf}
	*leaves++
	return s, err
}

// add appends a value that starts at repetition level rep below a parent that is there at definition level def.
func (s *shredder) add(v tuple.Value, rep, def int) error {
	if v.IsNull() {
		if !s.optional {
			return fmt.Errorf("NULL as a map's key")
		}
		s.nothing(rep, def)
		return nil
	}
	if s.optional {
		def++
	}
	if s.leaf != nil {
		s.leaf.buf = append(s.leaf.buf, s.leaf.conv(v).Level(rep, def, s.leaf.index))
		return nil
	}
	if s.typ.ID == Void {
		return fmt.Errorf("a value in a column of type void")
	}
	var err error
	if s.elems, err = DecodeList(s.elems[:0], v.Bytes()); err != nil {
		return err
	}
	if len(s.elems)%len(s.kids) != 0 || s.typ.ID == Struct && len(s.elems) != len(s.kids) {
		return fmt.Errorf("%d parts of a value of type %s", len(s.elems), s.typ)
	}
	if len(s.elems) == 0 {
		s.nothing(rep, def)
		return nil
	}
	if s.typ.ID != Struct {
		def++
	}
	for i := 0; i < len(s.elems); i++ {
		k := i % len(s.kids)
		if i > 0 && k == 0 {
			rep = s.rep
		}
		if err := s.kids[k].add(s.elems[i], rep, def); err != nil {
			return err
		}
	}
	return nil
}

// nothing gives each leaf its entry for a value that is there up to level def only.
func (s *shredder) nothing(rep, def int) {
	for _, l := range s.leaves {
		l.buf = append(l.buf, pq.Value{}.Level(rep, def, l.index))
	}
}
