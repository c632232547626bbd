package ddl

import (
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/content"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/partition"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

const maxPartitionKeys = 32

var strategyWords = map[catalog.Strategy]string{catalog.ListPartition: "list", catalog.RangePartition: "range", catalog.HashPartition: "hash"}

func (x *exec) at(e *pgerr.Error, loc int32) *pgerr.Error {
	text := place.Text{Source: x.Bind().Source}
	return e.WithPosition(text.Pos(loc))
}

// partitionKey is PARTITION BY (transformPartitionSpec, ComputePartitionAttrs).
func (x *exec) partitionKey(t *catalog.Table, n *ast.PartitionSpec) (*catalog.PartKey, error) {
	k := &catalog.PartKey{}
	method := "btree"
	switch n.Strategy {
	case ast.PARTITION_STRATEGY_LIST:
		k.Strategy = catalog.ListPartition
		if len(n.PartParams) != 1 {
			return nil, pgerr.New(pgerr.InvalidObjectDefinition, "cannot use \"list\" partition strategy with more than one column")
		}
	case ast.PARTITION_STRATEGY_RANGE:
		k.Strategy = catalog.RangePartition
	case ast.PARTITION_STRATEGY_HASH:
		k.Strategy, method = catalog.HashPartition, "hash"
	default:
		return nil, pgerr.New(pgerr.InvalidParameterValue, "unrecognized partitioning strategy")
	}
	if len(n.PartParams) > maxPartitionKeys {
		return nil, pgerr.New(pgerr.TooManyColumns, "cannot partition using more than %d columns", maxPartitionKeys)
	}
	for _, p := range n.PartParams {
		el, ok := p.(*ast.PartitionElem)
		if !ok {
			return nil, pgerr.Internal("partition key of form %T", p)
		}
		key, err := x.partitionElem(t, el)
		if err != nil {
			return nil, err
		}
		if len(el.Collation) > 0 {
			if key.Collation, err = bind.Collation(x.Bind(), el.Collation); err != nil {
				return nil, err
			}
		}
		if ty := types.Lookup(key.Type); ty != nil && ty.Collatable() && key.Collation == 0 {
			return nil, pgerr.New(pgerr.IndeterminateCollation, "could not determine which collation to use for partition expression").
				WithHint("Use the COLLATE clause to set the collation explicitly.")
		}
		if err := x.partitionClass(&key, el, method); err != nil {
			return nil, err
		}
		k.Keys = append(k.Keys, key)
	}
	if k.Strategy == catalog.HashPartition {
		if err := partition.Hashable(k); err != nil {
			return nil, err
		}
	}
	return k, nil
}

func (x *exec) partitionClass(key *catalog.IndexKey, el *ast.PartitionElem, method string) (err error) {
	key.OpClass, err = bind.OpClass(x.Bind(), method, el.Opclass, key.Type)
	if err != nil && len(el.Opclass) == 0 {
		return pgerr.New(pgerr.UndefinedObject, "data type %s has no default operator class for access method \"%s\"", types.FormatType(key.Type, -1, x.Env), method).
			WithHint("You must specify a %s operator class or define a default %s operator class for the data type.", method, method)
	}
	if err != nil {
		return err
	}
	return x.keyOrder(key)
}

func (x *exec) partitionElem(t *catalog.Table, el *ast.PartitionElem) (k catalog.IndexKey, err error) {
	column := func(c *catalog.Column) error {
		if c.Generated != 0 {
			return x.at(pgerr.New(pgerr.InvalidObjectDefinition, "cannot use generated column in partition key").
				WithDetail("Column \"%s\" is a generated column.", c.Name), el.Location)
		}
		return nil
	}
	if el.Name != "" {
		c := t.ColumnByName(el.Name)
		if c == nil {
			if systemColumn(el.Name) {
				return k, x.at(pgerr.New(pgerr.InvalidObjectDefinition, "cannot use system column \"%s\" in partition key", el.Name), el.Location)
			}
			return k, x.at(pgerr.New(pgerr.UndefinedColumn, "column \"%s\" named in partition key does not exist", el.Name), el.Location)
		}
		return catalog.IndexKey{Att: c.AttNum, Type: c.Type, Kind: c.Kind, Collation: c.Collation}, column(c)
	}
	b, cols, err := bind.Expression(x.Bind(), t, el.Expr, expression.KindPartKey, plan.Type{}, "")
	if err != nil {
		return k, err
	}
	typ := b.Type()
	ty := x.Env.Type(typ.OID)
	if ty != nil && ty.TypType == types.TypePseudo {
		return k, pgerr.New(pgerr.InvalidTableDefinition, "partition key column 1 has pseudo-type %s", types.FormatType(typ.OID, -1, x.Env))
	}
	if ref, ok := b.(*plan.ColRef); ok {
		for att, c := range cols {
			if c.ID == ref.Col && att > 0 {
				c := t.Column(att)
				return catalog.IndexKey{Att: att, Type: c.Type, Kind: c.Kind, Collation: c.Collation}, column(c)
			}
		}
	}
	for att := range cols {
		switch {
		case att < 0:
			return k, pgerr.New(pgerr.InvalidObjectDefinition, "partition key expressions cannot contain system column references")
		case att == 0:
			return k, pgerr.New(pgerr.InvalidObjectDefinition, "partition key expressions cannot contain whole-row references")
		}
		if err := column(t.Column(att)); err != nil {
			return k, err
		}
	}
	if err := immutable(b, "functions in partition key expression must be marked IMMUTABLE"); err != nil {
		return k, err
	}
	if len(cols) == 0 {
		return k, pgerr.New(pgerr.InvalidObjectDefinition, "cannot use constant expression as partition key")
	}
	if ty == nil || !ty.Kind.Valid() {
		return k, pgerr.Unsupported("a partition key of type " + types.FormatType(typ.OID, -1, x.Env))
	}
	k = catalog.IndexKey{Type: typ.OID, Kind: ty.Kind, Collation: typ.Coll, ExprName: exprName(el.Expr)}
	k.Expr, err = x.ExprSQL(b, t)
	return k, err
}

// partitionBound is FOR VALUES … (transformPartitionBound). locs are the places of its values, as Desc.Admit counts them.
func (x *exec) partitionBound(p *catalog.Table, n *ast.PartitionBoundSpec) (b *catalog.PartBound, locs []int32, err error) {
	k := p.PartKey
	b = &catalog.PartBound{}
	if n.IsDefault {
		if k.Strategy == catalog.HashPartition {
			return nil, nil, pgerr.New(pgerr.InvalidTableDefinition, "a hash-partitioned table may not have a default partition")
		}
		b.Default = true
		return b, nil, nil
	}
	if n.Strategy != string(rune(k.Strategy)) {
		return nil, nil, x.at(pgerr.New(pgerr.InvalidTableDefinition, "invalid bound specification for a %s partition", strategyWords[k.Strategy]), n.Location)
	}
	switch k.Strategy {
	case catalog.HashPartition:
		b.Modulus, b.Remainder = int(n.Modulus), int(n.Remainder)
		switch {
		case b.Modulus <= 0:
			err = pgerr.New(pgerr.InvalidTableDefinition, "modulus for hash partition must be an integer value greater than zero")
		case b.Remainder < 0:
			err = pgerr.New(pgerr.InvalidTableDefinition, "remainder for hash partition must be an integer value greater than or equal to zero")
		case b.Remainder >= b.Modulus:
			err = pgerr.New(pgerr.InvalidTableDefinition, "remainder for hash partition must be less than modulus")
		}
		return b, nil, err
	case catalog.ListPartition:
		for _, v := range n.Listdatums {
			d, err := x.boundValue(p, 0, v)
			if err != nil {
				return nil, nil, err
			}
			dup := false
			for _, have := range b.List {
				dup = dup || have == d
			}
			if !dup {
				b.List, locs = append(b.List, d), append(locs, place.OfNode(v))
			}
		}
		return b, locs, nil
	}
	if len(n.Lowerdatums) != len(k.Keys) {
		return nil, nil, pgerr.New(pgerr.InvalidTableDefinition, "FROM must specify exactly one value per partitioning column")
	}
	if len(n.Upperdatums) != len(k.Keys) {
		return nil, nil, pgerr.New(pgerr.InvalidTableDefinition, "TO must specify exactly one value per partitioning column")
	}
	for side, list := range [][]ast.Node{n.Lowerdatums, n.Upperdatums} {
		out, l, err := x.rangeBound(p, list)
		if err != nil {
			return nil, nil, err
		}
		locs = append(locs, l...)
		if side == 0 {
			b.Lower = out
		} else {
			b.Upper = out
		}
	}
	return b, locs, nil
}

func (x *exec) rangeBound(p *catalog.Table, list []ast.Node) (out []catalog.BoundDatum, locs []int32, err error) {
	for i, v := range list {
		loc := place.OfNode(v)
		var d catalog.BoundDatum
		if c, ok := v.(*ast.ColumnRef); ok && len(c.Fields) == 1 {
			if s, ok := c.Fields[0].(*ast.String); ok {
				switch strings.ToLower(s.Sval) {
				case "minvalue":
					d.Kind = '-'
				case "maxvalue":
					d.Kind = '+'
				}
			}
		}
		if d.Kind == 0 {
			if d, err = x.boundValue(p, i, v); err != nil {
				return nil, nil, err
			}
			if d.Kind == 'n' {
				return nil, nil, pgerr.New(pgerr.InvalidTableDefinition, "cannot specify NULL in range bound")
			}
		}
		if i > 0 && out[i-1].Kind != 0 && out[i-1].Kind != d.Kind {
			word := "MINVALUE"
			if out[i-1].Kind == '+' {
				word = "MAXVALUE"
			}
			return nil, nil, x.at(pgerr.New(pgerr.DatatypeMismatch, "every bound following %s must also be %s", word, word), loc)
		}
		out, locs = append(out, d), append(locs, loc)
	}
	return out, locs, nil
}

// boundValue computes a value of a bound.
func (x *exec) boundValue(p *catalog.Table, i int, n ast.Node) (d catalog.BoundDatum, err error) {
	k := &p.PartKey.Keys[i]
	mod, name := int32(-1), ""
	if k.Att != 0 {
		mod, name = p.Column(k.Att).TypMod, p.Column(k.Att).Name
	} else {
		name = k.Expr
	}
	e, _, err := bind.Expression(x.Bind(), nil, n, expression.KindPartBound, plan.Type{OID: k.Type, Mod: mod, Coll: k.Collation}, name)
	if err != nil {
		if pe := pgerr.From(err); pe.Code == pgerr.DatatypeMismatch && strings.Contains(pe.Message, "default expression") {
			return d, pgerr.New(pgerr.DatatypeMismatch, "specified value cannot be cast to type %s for column \"%s\"", types.FormatType(k.Type, -1, x.Env), name).
				WithPosition(pe.Position)
		}
		return d, err
	}
	fn, err := content.Compile(x.Ctx, e, nil)
	if err != nil {
		return d, err
	}
	v, err := fn.Eval(nil)
	if err != nil {
		return d, err
	}
	if v.IsNull() {
		return catalog.BoundDatum{Kind: 'n'}, nil
	}
	return catalog.BoundDatum{Text: x.Env.Type(k.Type).Text(v, x.StoredEnv())}, nil
}

// describe returns the partitions of a table as the statement sees them.
func (x *exec) partitions(t *catalog.Table) (*partition.Desc, error) {
	return partition.Describe(x.Catalog(), t, x.Env)
}

// admit checks a new partition's bound against the others.
func (x *exec) admit(p *catalog.Table, name string, b *catalog.PartBound, locs []int32, spec *ast.PartitionBoundSpec) error {
	d, err := x.partitions(p)
	if err != nil {
		return err
	}
	at, err := d.Admit(name, b, func(oid catalog.OID) string { return x.Catalog().Table(oid).Name })
	if err == nil {
		return nil
	}
	loc := spec.Location
	if at >= 0 && at < len(locs) {
		loc = locs[at]
	}
	return x.at(pgerr.From(err), loc)
}

// level is one partitioned table above a leaf: the leaf's rows must go to part.
type level struct {
	desc *partition.Desc
	part int
	keys []partKey
	vals []types.Datum
}

type partKey struct {
	att  int16 // of the leaf; 0: an expression
	expr *content.Expr
}

// levels are the partitioned tables above t that say which rows t may have.
func (x *exec) levels(t, leaf *catalog.Table) (out []level, err error) {
	for t.Bound != nil {
		p := x.Catalog().Table(t.Parents[0])
		d, err := x.partitions(p)
		if err != nil {
			return nil, err
		}
		l := level{desc: d, part: d.Index(t.OID), vals: make([]types.Datum, len(p.PartKey.Keys))}
		for i := range p.PartKey.Keys {
			k := &p.PartKey.Keys[i]
			if k.Att != 0 {
				l.keys = append(l.keys, partKey{att: leaf.ColumnByName(p.Column(k.Att).Name).AttNum})
				continue
			}
			e, err := content.Stored(x.Ctx, leaf, k.Expr, plan.Type{})
			if err != nil {
				return nil, err
			}
			l.keys = append(l.keys, partKey{expr: e})
		}
		out = append(out, l)
		t = p
	}
	return out, nil
}

func (l *level) holds(vals []types.Datum) (bool, error) {
	for i, k := range l.keys {
		if k.expr == nil {
			l.vals[i] = vals[k.att-1]
			continue
		}
		v, err := k.expr.Eval(vals)
		if err != nil {
			return false, err
		}
		l.vals[i] = v.Clone()
	}
	n, err := l.desc.Route(l.vals)
	return n == l.part, err
}

// checkRows looks at all rows of a partition and its partitions: they must be where the bounds say. It keeps others out of them.
func (x *exec) checkRows(t *catalog.Table, fail func(*catalog.Table) error) error {
	for _, leaf := range x.Catalog().Descendants(t) {
		leaf, err := x.Reopen(leaf.OID, lock.AccessExclusive)
		if err != nil {
			return err
		}
		if leaf == nil || !leaf.Stored() {
			continue
		}
		levels, err := x.levels(t, leaf)
		if err != nil {
			return err
		}
		err = content.Scan(x.Ctx, leaf, 0, func(_, _ []byte, vals []types.Datum) error {
			for i := range levels {
				if ok, err := levels[i].holds(vals); err != nil || !ok {
					if err == nil {
						err = fail(leaf)
					}
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// checkDefault looks for rows of the default partition that belong to a new one.
func (x *exec) checkDefault(p *catalog.Table) error {
	d, err := x.partitions(p)
	if err != nil || d.Default < 0 {
		return err
	}
	def := x.Catalog().Table(d.Parts[d.Default])
	return x.checkRows(def, func(leaf *catalog.Table) error {
		e := pgerr.New(pgerr.CheckViolation, "updated partition constraint for default partition \"%s\" would be violated by some row", leaf.Name)
		return x.InTable(e, leaf)
	})
}
