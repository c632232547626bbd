package ddl

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/content"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/lock"
)

// Bits of TableLikeClause.Options (parsenodes.h, TableLikeOption).
const (
	likeComments    = 1 << 0
	likeConstraints = 1 << 2
	likeDefaults    = 1 << 3
	likeGenerated   = 1 << 4
	likeIdentity    = 1 << 5
	likeIndexes     = 1 << 6
	likeStorage     = 1 << 8
)

// addLike copies another relation's columns, and what the options ask for. Stored expressions name columns, which are the same
// here.
func (x *exec) addLike(nt *newTable, l *ast.TableLikeClause) error {
	src, ix, err := x.OpenRelation(l.Relation, lock.AccessShare)
	if err != nil {
		return err
	}
	if ix != nil || src.Kind == catalog.RelSequence {
		return pgerr.New(pgerr.WrongObjectType, "relation \"%s\" is invalid in LIKE clause", l.Relation.Relname)
	}
	t := nt.t
	has := func(bit uint32) bool { return l.Options&bit != 0 }
	from := map[int16]int16{} // the source's numbers to ours
	for i := range src.Columns {
		c := src.Columns[i]
		if c.Dropped {
			continue
		}
		if t.ColumnByName(c.Name) != nil {
			return pgerr.New(pgerr.DuplicateColumn, "column \"%s\" specified more than once", c.Name)
		}
		n := c
		n.AttNum = int16(len(t.Columns) + 1)
		n.Missing, n.HasMissing, n.Identity, n.IdentSeq, n.Default, n.Generated = "", false, 0, 0, "", 0
		n.InhCount, n.NotLocal = 0, false
		if !has(likeStorage) {
			n.Storage = 0
		}
		switch {
		case c.Generated != 0 && has(likeGenerated), c.Generated == 0 && c.Default != "" && has(likeDefaults):
			n.Default, n.Generated = c.Default, c.Generated
		}
		from[c.AttNum] = n.AttNum
		t.Columns = append(t.Columns, n)
		if c.Identity != 0 && has(likeIdentity) {
			t.Column(n.AttNum).Identity = c.Identity
			seq := x.Catalog().Table(c.IdentSeq)
			nt.seqs = append(nt.seqs, &seqDef{att: n.AttNum, typ: c.Type, identity: true, like: seq.Sequence})
		}
		if comment := src.ColComments[c.AttNum]; comment != "" && has(likeComments) {
			if t.ColComments == nil {
				t.ColComments = map[int16]string{}
			}
			t.ColComments[n.AttNum] = comment
		}
	}
	move := func(list []int16) []int16 {
		out := make([]int16, len(list))
		for i, a := range list {
			out[i] = from[a]
		}
		return out
	}
	if has(likeConstraints) {
		for _, c := range src.Constraints {
			if c.Type == catalog.ConCheck {
				n := *c
				n.OID, n.Cols, n.InhCount, n.NotLocal = x.Editor.OID(), move(c.Cols), 0, false
				if !has(likeComments) {
					n.Comment = ""
				}
				t.Constraints = append(t.Constraints, &n)
			}
		}
	}
	if has(likeIndexes) {
		for _, ix := range src.Indexes {
			nt.likes = append(nt.likes, likeIndex{ix: ix, con: constraintOfIndex(src, ix), from: from, comments: has(likeComments)})
		}
	}
	return nil
}

// likeIndex is an index to copy when the columns are there.
type likeIndex struct {
	ix       *catalog.Index
	con      *catalog.Constraint
	from     map[int16]int16
	comments bool
}

// addLikeIndex adds a copy of an index with a name of its own.
func (x *exec) addLikeIndex(t *catalog.Table, l likeIndex) error {
	n := *l.ix
	n.OID, n.Constraint, n.Building, n.Parent, n.Invalid = x.Editor.OID(), 0, false, 0, false
	if !l.comments {
		n.Comment = ""
	}
	n.Keys = append([]catalog.IndexKey(nil), l.ix.Keys...)
	var names, keys []string
	for i := range n.Keys {
		k := &n.Keys[i]
		if k.Att != 0 {
			k.Att = l.from[k.Att]
		}
		keys = append(keys, indexColumnName(t, k, keys))
	}
	names = keys
	n.Include = nil
	for _, att := range l.ix.Include {
		n.Include = append(n.Include, l.from[att])
		names = append(names, t.Column(l.from[att]).Name)
	}
	if n.Primary && t.PrimaryIndex() != nil {
		return pgerr.New(pgerr.InvalidTableDefinition, "multiple primary keys for table \"%s\" are not allowed", t.Name)
	}
	switch {
	case n.Primary:
		n.Name = x.RelationName(t.Name, "", "pkey", t.Schema, true, t)
		for _, k := range n.Keys {
			t.Column(k.Att).NotNull = true
		}
	case n.Excludes != nil:
		n.Name = x.RelationName(t.Name, stmt.Joined(names), "excl", t.Schema, true, t)
	case l.con != nil:
		n.Name = x.RelationName(t.Name, stmt.Joined(names), "key", t.Schema, true, t)
	default:
		n.Name = x.RelationName(t.Name, stmt.Joined(names), "idx", t.Schema, false, t)
	}
	if n.ID = content.PrimaryIndex; !n.Primary || n.Deferrable {
		n.ID = t.NextIndexID
		t.NextIndexID++
	}
	if _, err := x.Claim(t.Schema, n.Name); err != nil {
		return err
	}
	if l.con != nil {
		c := *l.con
		c.OID, c.Name, c.Index, c.Cols = x.Editor.OID(), n.Name, n.OID, nil
		c.Parent, c.InhCount, c.NotLocal, c.Comment = 0, 0, false, ""
		for _, k := range n.Keys {
			c.Cols = append(c.Cols, k.Att)
		}
		n.Constraint = c.OID
		t.Constraints = append(t.Constraints, &c)
	}
	t.Indexes = append(t.Indexes, &n)
	return nil
}
