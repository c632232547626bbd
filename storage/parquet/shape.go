package parquet

import (
	"fmt"
	"strings"

	pq "github.com/parquet-go/parquet-go"
	"github.com/tarndb/tarn/storage/tuple"
)

// shape reads the values of one column, or of a part of a nested one, out of the leaves below it. The levels of Parquet
// say what is there: a value exists from definition level def on; a list has an element from level full on, and goes on
// while the next value's repetition level is at least rep.
type shape struct {
	typ    TypeID
	absent bool // the file does not have it
	def    int
	full   int
	rep    int
	kids   []*shape // elements; keys and values; fields
	leaf   *cursor
	leaves []*cursor // all below; the first one's levels decide
	// idle is read along and thrown away: what a struct has in the file when no field that is wanted is there.
	idle  *shape
	elems []tuple.Value
	enc   []byte
	out   arena
}

func (s *shape) appendRows(dst []tuple.Value, n int) ([]tuple.Value, error) {
	if s.leaf != nil {
		return s.leaf.appendFlat(dst, n)
	}
	for range n {
		v, err := s.next()
		if err != nil {
			return nil, err
		}
		dst = append(dst, v)
	}
	return dst, nil
}

func (s *shape) next() (tuple.Value, error) {
	if s.absent {
		return tuple.Null, nil
	}
	if s.leaf != nil {
		return s.leaf.take()
	}
	first, err := s.leaves[0].peek()
	if err != nil {
		return tuple.Null, err
	}
	def := first.DefinitionLevel()
	if def < s.def {
		return tuple.Null, s.skip()
	}
	s.elems = s.elems[:0]
	switch {
	case s.typ == Struct:
		err = s.appendKids()
	case def < s.full:
		err = s.skip()
	default:
		for more := true; more && err == nil; {
			if err = s.appendKids(); err == nil {
				more, err = s.leaves[0].repeats(s.rep)
			}
		}
	}
	if err != nil {
		return tuple.Null, err
	}
	s.enc = AppendList(s.enc[:0], s.elems)
	return tuple.Bytes(s.out.copy(s.enc)), nil
}

func (s *shape) appendKids() error {
	for _, k := range s.kids {
		v, err := k.next()
		if err != nil {
			return err
		}
		s.elems = append(s.elems, v)
	}
	if s.idle != nil {
		_, err := s.idle.next()
		return err
	}
	return nil
}

// skip passes over the one entry that each leaf has for a value that is not there.
func (s *shape) skip() error {
	for _, c := range s.leaves {
		if err := c.skip(); err != nil {
			return err
		}
	}
	return nil
}

// child finds a column by its field id, or without one by its name.
func child(c *pq.Column, name string, id int) *pq.Column {
	if id == 0 {
		return c.Column(name)
	}
	for _, k := range c.Columns() {
		if k.ID() == id {
			return k
		}
	}
	return nil
}

// resolver fits wanted types to the columns of a file.
type resolver struct {
	chunks []pq.ColumnChunk
	scan   *Scan
}

func (r *resolver) column(c *pq.Column, typ Type) (*shape, error) {
	if c == nil || typ.ID == Void {
		return &shape{absent: true}, nil
	}
	if c.Repeated() && typ.ID != Array {
		return nil, mismatch(c, typ)
	}
	s := &shape{typ: typ.ID, def: c.MaxDefinitionLevel()}
	var err error
	switch typ.ID {
	case Array:
		err = r.list(s, c, typ)
	case Map:
		err = r.entries(s, c, typ)
	case Struct:
		err = r.fields(s, c, typ)
	default:
		err = r.primitive(s, c, typ)
	}
	return s, err
}

func mismatch(c *pq.Column, typ Type) error {
	return fmt.Errorf("%w: column %s cannot be read as %s", ErrType, strings.Join(c.Path(), "."), typ)
}

func (r *resolver) primitive(s *shape, c *pq.Column, typ Type) error {
	if !c.Leaf() {
		return mismatch(c, typ)
	}
	conv, err := fromParquet(c, typ)
	if err != nil {
		return err
	}
	s.leaf = &cursor{pages: r.chunks[c.Index()].Pages(), maxDef: c.MaxDefinitionLevel(), conv: conv}
	s.leaves = []*cursor{s.leaf}
	r.scan.leaves = append(r.scan.leaves, s.leaf)
	return nil
}

// kid adds a part; what repeats is inside of it is read as one value of it.
func (r *resolver) kid(s *shape, c *pq.Column, typ Type) error {
	k, err := r.column(c, typ)
	if err != nil {
		return err
	}
	s.kids = append(s.kids, k)
	s.leaves = append(s.leaves, k.leaves...)
	return nil
}

func (r *resolver) list(s *shape, c *pq.Column, typ Type) error {
	rep, elem := listParts(c)
	if rep == nil {
		return mismatch(c, typ)
	}
	s.full, s.rep = rep.MaxDefinitionLevel(), rep.MaxRepetitionLevel()
	if rep == c {
		s.def = 0 // a repeated field is a list that is always there
	}
	k, err := r.element(elem, rep, *typ.Elem)
	if err != nil {
		return err
	}
	s.kids, s.leaves = []*shape{k}, k.leaves
	return nil
}

// element is like column for what stands in a list, which may be the repeated column itself.
func (r *resolver) element(c, rep *pq.Column, typ Type) (*shape, error) {
	if c != rep {
		k, err := r.column(c, typ)
		if err == nil && k.absent {
			err = mismatch(c, typ)
		}
		return k, err
	}
	k := &shape{typ: typ.ID, def: c.MaxDefinitionLevel()}
	if typ.ID == Struct {
		return k, r.fields(k, c, typ)
	}
	return k, r.primitive(k, c, typ)
}

// listParts finds the repeated column of a list and its elements, by the rules for the shapes that writers have used:
// a repeated group around one element, unless its name says that the group is the element; a repeated element without
// a group; a repeated field without a list around it. Both are nil if c is no list.
func listParts(c *pq.Column) (rep, elem *pq.Column) {
	if c.Repeated() {
		return c, c
	}
	if c.Leaf() || len(c.Columns()) != 1 || !c.Columns()[0].Repeated() {
		return nil, nil
	}
	rep = c.Columns()[0]
	if rep.Leaf() || len(rep.Columns()) != 1 || rep.Name() == "array" || rep.Name() == c.Name()+"_tuple" {
		return rep, rep
	}
	return rep, rep.Columns()[0]
}

func (r *resolver) entries(s *shape, c *pq.Column, typ Type) error {
	key, val := mapParts(c)
	if key == nil {
		return mismatch(c, typ)
	}
	rep := c.Columns()[0]
	s.full, s.rep = rep.MaxDefinitionLevel(), rep.MaxRepetitionLevel()
	if err := r.kid(s, key, *typ.Key); err != nil {
		return err
	}
	return r.kid(s, val, *typ.Elem)
}

// mapParts finds keys and values; nil if c is no map. A map without values, which is a set, has none.
func mapParts(c *pq.Column) (key, val *pq.Column) {
	if c.Leaf() || c.Repeated() || len(c.Columns()) != 1 {
		return nil, nil
	}
	rep := c.Columns()[0]
	if !rep.Repeated() || rep.Leaf() || len(rep.Columns()) == 0 || len(rep.Columns()) > 2 {
		return nil, nil
	}
	if len(rep.Columns()) == 2 {
		val = rep.Columns()[1]
	}
	return rep.Columns()[0], val
}

func (r *resolver) fields(s *shape, c *pq.Column, typ Type) error {
	if c.Leaf() {
		return mismatch(c, typ)
	}
	for _, f := range typ.Fields {
		if err := r.kid(s, child(c, f.Name, f.ID), f.Type); err != nil {
			return err
		}
	}
	if len(s.leaves) > 0 {
		return nil
	}
	for _, k := range c.Columns() {
		t, err := typeOf(k)
		if err != nil {
			continue
		}
		if s.idle, err = r.column(k, t); err != nil {
			return err
		}
		s.leaves = s.idle.leaves
		return nil
	}
	return mismatch(c, typ)
}
