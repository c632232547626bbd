package ddl

import (
	"math"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/tuple"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// seqDef is the sequence of a serial or identity column.
type seqDef struct {
	att      int16
	typ      types.OID
	options  []ast.Node
	identity bool
	like     *catalog.Sequence // parameters to copy
}

// ownedSequence makes the sequence of a column; a serial column's default is its next value.
func (x *exec) ownedSequence(nt *newTable, d *seqDef) error {
	t := nt.t
	c := t.Column(d.att)
	opts := &seqOptions{}
	if err := opts.read(x, d.options); err != nil {
		return err
	}
	var name string
	if n := len(opts.name); n > 0 {
		name = types.TruncateName(opts.name[n-1])
		if n > 1 && opts.name[n-2] != nt.schema.Name {
			return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "sequence must be in same schema as table it is linked to")
		}
		if err := x.ClaimNew(t.Schema, name); err != nil {
			return err
		}
	} else {
		name = x.RelationName(t.Name, c.Name, "seq", t.Schema, false, t)
		if _, err := x.Claim(t.Schema, name); err != nil {
			return err
		}
	}
	if opts.typ == 0 {
		opts.typ = d.typ
	}
	seq := &catalog.Sequence{}
	if d.like != nil {
		*seq = *d.like
	} else if _, err := opts.apply(seq, true); err != nil {
		return err
	}
	seq.OwnerTable, seq.OwnerCol = t.OID, d.att
	st := x.newSequence(t.Schema, name, t.Persistence, seq)
	x.Put(st)
	if d.identity {
		c.IdentSeq = st.OID
		return nil
	}
	c.Default = nextvalSQL(nt.schema.Name, name)
	return nil
}

func nextvalSQL(schema, name string) string {
	return "nextval(" + quoteLiteral(ruleutils.QuoteIdent(schema)+"."+ruleutils.QuoteIdent(name)) + "::regclass)"
}

func quoteLiteral(s string) string {
	q := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, "\\") {
		return "E" + strings.ReplaceAll(q, "\\", "\\\\")
	}
	return q
}

// newSequence is a sequence's descriptor: a relation with the three columns that SELECT * FROM a sequence shows.
func (x *exec) newSequence(schema catalog.OID, name string, pers catalog.Persistence, s *catalog.Sequence) *catalog.Table {
	t := &catalog.Table{OID: x.Editor.OID(), Schema: schema, Name: name, Kind: catalog.RelSequence, Persistence: pers, Owner: x.User,
		ACL: x.NewACL(privilege.Sequence, 'S', schema), StorageID: x.Editor.StorageID(), Sequence: s}
	if pers == catalog.Temporary {
		t.TempOwner = x.Session
	}
	t.Columns = []catalog.Column{
		{AttNum: 1, Name: "last_value", Type: types.Int8, TypMod: -1, NotNull: true, Kind: tuple.KindInt64},
		{AttNum: 2, Name: "log_cnt", Type: types.Int8, TypMod: -1, NotNull: true, Kind: tuple.KindInt64},
		{AttNum: 3, Name: "is_called", Type: types.Bool, TypMod: -1, NotNull: true, Kind: tuple.KindBool},
	}
	return t
}

func (x *exec) createSequence(n *ast.CreateSeqStmt) error {
	schema, pers, err := x.Target(n.Sequence)
	if err != nil {
		return err
	}
	name := types.TruncateName(n.Sequence.Relname)
	if exists, err := x.ClaimUnless(schema.OID, name, n.IfNotExists); err != nil || exists {
		return err
	}
	opts := &seqOptions{}
	if err := opts.read(x, n.Options); err != nil {
		return err
	}
	if opts.name != nil {
		return pgerr.New(pgerr.SyntaxError, "invalid sequence option SEQUENCE NAME")
	}
	seq := &catalog.Sequence{}
	if _, err := opts.apply(seq, true); err != nil {
		return err
	}
	t := x.newSequence(schema.OID, name, pers, seq)
	if err := x.ownSequence(t, opts); err != nil {
		return err
	}
	x.Put(t)
	return nil
}

// seqOptions are the options of CREATE and ALTER SEQUENCE as written; nil: not given.
type seqOptions struct {
	typ                         types.OID
	inc, start, min, max, cache *int64
	noMin, noMax                bool
	cycle                       *bool
	restart                     bool
	restartWith                 *int64
	ownedBy                     []string
	owned                       bool
	name                        []string // SEQUENCE NAME, which dumps give to an identity column
}

func (o *seqOptions) read(x *exec, list []ast.Node) error {
	seen := map[string]bool{}
	for _, n := range list {
		d, ok := n.(*ast.DefElem)
		if !ok {
			continue
		}
		if seen[d.Defname] {
			return pgerr.New(pgerr.SyntaxError, "conflicting or redundant options")
		}
		seen[d.Defname] = true
		var err error
		switch d.Defname {
		case "as":
			tn, ok := d.Arg.(*ast.TypeName)
			if !ok {
				return pgerr.Internal("sequence type of form %T", d.Arg)
			}
			t, err := bind.TypeName(x.Bind(), tn)
			if err != nil {
				return err
			}
			o.typ = t.OID
		case "increment":
			o.inc, err = seqInt(d)
		case "start":
			o.start, err = seqInt(d)
		case "restart":
			o.restart = true
			if d.Arg != nil {
				o.restartWith, err = seqInt(d)
			}
		case "minvalue":
			if d.Arg == nil {
				o.noMin = true
			} else {
				o.min, err = seqInt(d)
			}
		case "maxvalue":
			if d.Arg == nil {
				o.noMax = true
			} else {
				o.max, err = seqInt(d)
			}
		case "cache":
			o.cache, err = seqInt(d)
		case "cycle":
			v := stmt.DefString(d) == "true"
			o.cycle = &v
		case "owned_by":
			l, _ := d.Arg.(*ast.List)
			if l != nil {
				o.ownedBy = stmt.Strs(l.Items)
			}
			o.owned = true
		case "sequence_name":
			l, _ := d.Arg.(*ast.List)
			if l == nil {
				return pgerr.Internal("sequence name of form %T", d.Arg)
			}
			o.name = stmt.Strs(l.Items)
		case "logged", "unlogged":
		default:
			return pgerr.New(pgerr.SyntaxError, "option \"%s\" not recognized", d.Defname)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func seqInt(d *ast.DefElem) (*int64, error) {
	v, err := strconv.ParseInt(stmt.DefString(d), 10, 64)
	if err != nil {
		return nil, pgerr.New(pgerr.NumericValueOutOfRange, "value \"%s\" is out of range for type bigint", stmt.DefString(d))
	}
	return &v, nil
}

func typeBounds(t types.OID) (min, max int64) {
	switch t {
	case types.Int2:
		return math.MinInt16, math.MaxInt16
	case types.Int4:
		return math.MinInt32, math.MaxInt32
	}
	return math.MinInt64, math.MaxInt64
}

// apply puts options on s (init: a new sequence), by the rules of init_params (commands/sequence.c). restart is the value to
// start with again, if one was asked for.
func (o *seqOptions) apply(s *catalog.Sequence, init bool) (restart *int64, err error) {
	resetMin, resetMax := false, false
	switch {
	case o.typ != 0:
		if o.typ != types.Int2 && o.typ != types.Int4 && o.typ != types.Int8 {
			return nil, pgerr.New(pgerr.InvalidParameterValue, "sequence type must be smallint, integer, or bigint")
		}
		if !init {
			min, max := typeBounds(s.Type)
			// Bounds that were the old type's own become the new one's.
			resetMax = s.Inc > 0 && s.Max == max || s.Inc < 0 && s.Max == -1
			resetMin = s.Inc < 0 && s.Min == min || s.Inc > 0 && s.Min == 1
		}
		s.Type = o.typ
	case init:
		s.Type = types.Int8
	}
	if o.inc != nil {
		if *o.inc == 0 {
			return nil, pgerr.New(pgerr.InvalidParameterValue, "INCREMENT must not be zero")
		}
		s.Inc = *o.inc
	} else if init {
		s.Inc = 1
	}
	if o.cycle != nil {
		s.Cycle = *o.cycle
	}
	lo, hi := typeBounds(s.Type)
	typeName := types.FormatType(s.Type, -1, nil)
	switch {
	case o.max != nil:
		s.Max = *o.max
	case init || o.noMax || resetMax:
		if s.Max = hi; s.Inc < 0 {
			s.Max = -1
		}
	}
	if s.Max < lo || s.Max > hi {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "MAXVALUE (%d) is out of range for sequence data type %s", s.Max, typeName)
	}
	switch {
	case o.min != nil:
		s.Min = *o.min
	case init || o.noMin || resetMin:
		if s.Min = 1; s.Inc < 0 {
			s.Min = lo
		}
	}
	if s.Min < lo || s.Min > hi {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "MINVALUE (%d) is out of range for sequence data type %s", s.Min, typeName)
	}
	if s.Min >= s.Max {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "MINVALUE (%d) must be less than MAXVALUE (%d)", s.Min, s.Max)
	}
	switch {
	case o.start != nil:
		s.Start = *o.start
	case init:
		if s.Start = s.Min; s.Inc < 0 {
			s.Start = s.Max
		}
	}
	if s.Start < s.Min {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "START value (%d) cannot be less than MINVALUE (%d)", s.Start, s.Min)
	}
	if s.Start > s.Max {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "START value (%d) cannot be greater than MAXVALUE (%d)", s.Start, s.Max)
	}
	if o.restart {
		if restart = o.restartWith; restart == nil {
			v := s.Start
			restart = &v
		}
		if *restart < s.Min {
			return nil, pgerr.New(pgerr.InvalidParameterValue, "RESTART value (%d) cannot be less than MINVALUE (%d)", *restart, s.Min)
		}
		if *restart > s.Max {
			return nil, pgerr.New(pgerr.InvalidParameterValue, "RESTART value (%d) cannot be greater than MAXVALUE (%d)", *restart, s.Max)
		}
	}
	switch {
	case o.cache != nil:
		if *o.cache <= 0 {
			return nil, pgerr.New(pgerr.InvalidParameterValue, "CACHE (%d) must be greater than zero", *o.cache)
		}
		s.Cache = *o.cache
	case init:
		s.Cache = 1
	}
	return restart, nil
}

// ownSequence applies OWNED BY.
func (x *exec) ownSequence(t *catalog.Table, o *seqOptions) error {
	if !o.owned {
		return nil
	}
	if len(o.ownedBy) == 1 {
		if o.ownedBy[0] != "none" {
			return pgerr.New(pgerr.SyntaxError, "invalid OWNED BY option").WithHint("Specify OWNED BY table.column or OWNED BY NONE.")
		}
		t.Sequence.OwnerTable, t.Sequence.OwnerCol = 0, 0
		return nil
	}
	rv := &ast.RangeVar{Relname: o.ownedBy[len(o.ownedBy)-2]}
	if len(o.ownedBy) > 2 {
		rv.Schemaname = o.ownedBy[len(o.ownedBy)-3]
	}
	owner, ix, err := x.OpenRelation(rv, lock.AccessShare)
	if err != nil {
		return err
	}
	if ix != nil || owner.Kind == catalog.RelSequence {
		return pgerr.New(pgerr.WrongObjectType, "sequence cannot be owned by relation \"%s\"", rv.Relname)
	}
	if owner.Schema != t.Schema {
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "sequence must be in same schema as table it is linked to")
	}
	name := o.ownedBy[len(o.ownedBy)-1]
	c := owner.ColumnByName(name)
	if c == nil {
		return pgerr.New(pgerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", name, owner.Name)
	}
	t.Sequence.OwnerTable, t.Sequence.OwnerCol = owner.OID, c.AttNum
	return nil
}

func (x *exec) alterSequence(n *ast.AlterSeqStmt) error {
	t, ix, err := x.Open(n.Sequence, lock.ShareRowExclusive)
	if err != nil {
		return err
	}
	if t == nil {
		if n.MissingOk {
			x.Note("", "relation \"%s\" does not exist, skipping", n.Sequence.Relname)
			return nil
		}
		return stmt.NoRelation(n.Sequence)
	}
	if ix != nil || t.Kind != catalog.RelSequence {
		return pgerr.New(pgerr.WrongObjectType, "\"%s\" is not a sequence", n.Sequence.Relname)
	}
	if err := x.MustOwn(t, nil); err != nil {
		return err
	}
	opts := &seqOptions{}
	if err := opts.read(x, n.Options); err != nil {
		return err
	}
	if opts.name != nil {
		return pgerr.New(pgerr.SyntaxError, "invalid sequence option SEQUENCE NAME")
	}
	if opts.owned && depend.IdentityOf(x.Ctx, t) != nil {
		return pgerr.New(pgerr.FeatureNotSupported, "cannot change ownership of identity sequence").
			WithDetail("Sequence \"%s\" is linked to table \"%s\".", t.Name, x.Catalog().Table(t.Sequence.OwnerTable).Name)
	}
	next, err := x.changeSequence(t, opts)
	if err != nil {
		return err
	}
	if err := x.ownSequence(next, opts); err != nil {
		return err
	}
	x.Put(next)
	return nil
}

// changeSequence returns the descriptor with new parameters. A restart takes effect with the transaction: the state of a new
// storage id is written.
func (x *exec) changeSequence(t *catalog.Table, opts *seqOptions) (*catalog.Table, error) {
	next := stmt.Edit(t)
	restart, err := opts.apply(next.Sequence, false)
	if err != nil {
		return nil, err
	}
	if restart != nil {
		next.StorageID = x.Editor.StorageID()
		key, value := x.SeqState(next.StorageID, *restart, false)
		if err := x.Txn.Put(key, value, 0); err != nil {
			return nil, err
		}
	}
	return next, nil
}
