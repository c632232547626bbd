package depend

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/pgerr"
)

// dependent is an object that depends on another one, or on via, which belongs to that.
type dependent struct {
	catalog.Address
	auto bool
	via  catalog.Address
}

// objectKind says how the objects of a kind of the general store are named in messages and taken away. A nil remove drops the
// descriptor; a nil uses: the object's own address is what others depend on.
type objectKind struct {
	describe func(x *stmt.Ctx, o catalog.Address) string
	remove   func(x *stmt.Ctx, o catalog.Address) error
	uses     func(x *stmt.Ctx, o catalog.Address) []catalog.Address
}

// objectKinds has a line for each kind, whose functions stand in the files of what they do.
func objectKinds(k catalog.Kind) (objectKind, bool) {
	switch k {
	case catalog.KindType:
		return objectKind{describe: describeType, remove: removeType, uses: TypeAddresses}, true
	case catalog.KindFunction:
		return objectKind{describe: describeFunction}, true
	case catalog.KindTrigger:
		return objectKind{describe: describeTrigger}, true
	case catalog.KindOperator:
		return objectKind{describe: describeOperator, remove: removeOperator}, true
	case catalog.KindCast:
		return objectKind{describe: describeCast}, true
	case catalog.KindCollation, catalog.KindTSDictionary, catalog.KindTSConfig, catalog.KindVolume:
		return objectKind{describe: describeNamed}, true
	case catalog.KindExtension:
		return objectKind{describe: func(x *stmt.Ctx, o catalog.Address) string {
			return "extension " + x.Catalog().Object(o.Kind, o.OID).Head().Name
		}}, true
	case catalog.KindEventTrigger:
		return objectKind{describe: func(x *stmt.Ctx, o catalog.Address) string {
			return "event trigger " + x.Catalog().Object(o.Kind, o.OID).Head().Name
		}}, true
	}
	if catalog.ClassOf(k) != 0 {
		return objectKind{describe: describeMember, remove: func(*stmt.Ctx, catalog.Address) error { return nil }}, true
	}
	return objectKind{}, false
}

// Addresses are those by which others depend on an object.
func Addresses(x *stmt.Ctx, o catalog.Address) []catalog.Address {
	if k, ok := objectKinds(o.Kind); ok && k.uses != nil {
		return k.uses(x, o)
	}
	if o.Kind == catalog.KindRelation {
		return append([]catalog.Address{o}, RowTypeAddresses(x, o.OID)...)
	}
	return []catalog.Address{o}
}

// there reports whether a part that a descriptor lists is still there.
func there(x *stmt.Ctx, o catalog.Address) bool {
	switch o.Kind {
	case catalog.KindDefault:
		t := x.Catalog().Table(o.OID)
		return t != nil && int(o.Sub) <= len(t.Columns) && t.Column(o.Sub).Default != ""
	case catalog.KindConstraint:
		t, _ := x.Catalog().ConstraintByOID(o.OID)
		return t != nil
	case catalog.KindIndex:
		_, ix := x.Catalog().RelationByOID(o.OID)
		return ix != nil
	case catalog.KindTrigger:
		_, g := x.Catalog().TriggerByOID(o.OID)
		return g != nil
	case catalog.KindPolicy:
		t, _ := x.Catalog().PolicyByOID(o.OID)
		return t != nil
	case catalog.KindRule:
		t, _ := x.Catalog().RuleByOID(o.OID)
		return t != nil
	}
	return true
}

// listed are the dependents that descriptors list.
func listed(x *stmt.Ctx, o catalog.Address) (out []dependent) {
	for _, via := range Addresses(x, o) {
		x.Catalog().Users(via, func(from catalog.Address, t catalog.DepType) {
			if from != o && there(x, from) {
				out = append(out, dependent{Address: from, auto: t != catalog.DepNormal, via: via})
			}
		})
	}
	return out
}

// Drop drops objects with what depends on them.
func Drop(x *stmt.Ctx, list []catalog.Address, cascade bool) error {
	f := finder{x: x, at: map[catalog.Address]*target{}}
	for _, o := range list {
		if err := belongs(x, o, list); err != nil {
			return err
		}
		if err := f.find(o, o, false); err != nil {
			return err
		}
	}
	for _, o := range list {
		f.at[o].silent = true
	}
	var told, refused []string
	for i := len(f.order) - 1; i >= 0; i-- {
		// What goes with another object that is dropped anyway is no reason for anything.
		if o := f.order[i]; !f.at[o].silent && !f.covered(o) {
			text := describe(x, o)
			told = append(told, "drop cascades to "+text)
			refused = append(refused, text+" depends on "+describe(x, f.at[o].via))
		}
	}
	if len(told) > 0 && !cascade {
		what := "cannot drop desired object(s) because other objects depend on them"
		if len(list) == 1 {
			what = "cannot drop " + describe(x, list[0]) + " because other objects depend on it"
		}
		return pgerr.New(pgerr.DependentObjectsStillExist, "%s", what).WithDetail("%s", strings.Join(refused, "\n")).
			WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
	}
	if x.Notice != nil && len(told) == 1 {
		x.Note("", "%s", told[0])
	} else if x.Notice != nil && len(told) > 1 {
		x.Notice(pgerr.Notice(pgerr.SeverityNotice, "", "drop cascades to %d other objects", len(told)).WithDetail("%s", strings.Join(told, "\n")))
	}
	if x.Dropping != nil {
		for _, o := range f.order {
			original := slices.Contains(list, o)
			member := x.Catalog().ExtensionOf(o) != nil
			d := dropped(x, o, original, !original && (!f.at[o].silent || member))
			x.Dropping(d)
			rowTypesDropped(x, d)
			if member && o.Kind == catalog.KindType {
				arrayDropped(x, d)
			}
		}
	}
	for _, o := range f.order {
		if err := Remove(x, o); err != nil {
			return err
		}
	}
	return nil
}

// NotPart refuses to drop an object that is a part of another, whose dropping it would be.
func NotPart(x *stmt.Ctx, o catalog.Object) error {
	for _, d := range o.Head().Deps {
		if d.Type == catalog.DepInternal && d.From == (catalog.Address{}) {
			whole := describe(x, d.On)
			return pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop %s because %s requires it", describe(x, catalog.AddressOf(o)), whole).
				WithHint("You can drop %s instead.", whole)
		}
	}
	return nil
}

// finder finds what goes with objects in PostgreSQL's order (findDependentObjects): dependents before what they depend on, depth first,
// of several the newest first, a whole object (Sub 0) before its parts. Messages list them from the end.
type finder struct {
	x     *stmt.Ctx
	at    map[catalog.Address]*target
	order []catalog.Address
}

// target is an object that goes.
type target struct {
	via    catalog.Address // on which it depends
	silent bool            // it goes along with something, or was asked for
}

// find adds an object after what depends on it.
func (f *finder) find(o, via catalog.Address, silent bool) error {
	if t := f.at[o]; t != nil {
		t.silent = t.silent || silent
		return nil
	}
	if e := f.x.Catalog().ExtensionOf(o); e != nil && f.at[catalog.AddressOf(e)] == nil {
		return f.find(catalog.AddressOf(e), via, silent) // what needs to go goes with the whole
	}
	f.at[o] = &target{via: via, silent: silent}
	deps, err := dependents(f.x, o)
	if err != nil {
		return err
	}
	// What depends on a part of the object has the part's place.
	place := func(d dependent) catalog.OID {
		if d.via != o {
			return d.via.OID
		}
		return d.OID
	}
	slices.SortStableFunc(deps, func(a, b dependent) int {
		return cmp.Or(cmp.Compare(place(b), place(a)), cmp.Compare(b.OID, a.OID), cmp.Compare(uint16(b.Sub-1), uint16(a.Sub-1)))
	})
	for _, d := range deps {
		if err := f.find(d.Address, d.via, d.auto); err != nil {
			return err
		}
	}
	f.order = append(f.order, o)
	return nil
}

// covered reports whether an object belongs to one that goes.
func (f *finder) covered(o catalog.Address) bool {
	if o.Kind == catalog.KindDefault && f.at[catalog.Address{Kind: catalog.KindColumn, OID: o.OID, Sub: o.Sub}] != nil {
		return true
	}
	if o.Kind == catalog.KindSchema || o.Kind == catalog.KindRelation {
		return false
	}
	t := tableOf(f.x, o)
	return t != nil && f.at[catalog.Address{Kind: catalog.KindRelation, OID: t.OID}] != nil
}

// tableOf is the relation that an object is or belongs to.
func tableOf(x *stmt.Ctx, o catalog.Address) *catalog.Table {
	cat := x.Catalog()
	switch o.Kind {
	case catalog.KindRelation, catalog.KindDefault, catalog.KindColumn:
		return cat.Table(o.OID)
	case catalog.KindIndex:
		t, _ := cat.RelationByOID(o.OID)
		return t
	case catalog.KindConstraint:
		t, _ := cat.ConstraintByOID(o.OID)
		return t
	case catalog.KindTrigger:
		t, _ := cat.TriggerByOID(o.OID)
		return t
	case catalog.KindPolicy:
		t, _ := cat.PolicyByOID(o.OID)
		return t
	case catalog.KindRule:
		t, _ := cat.RuleByOID(o.OID)
		return t
	}
	return nil
}

// dependents lists what depends on an object directly.
func dependents(x *stmt.Ctx, o catalog.Address) (out []dependent, err error) {
	out = listed(x, o)
	add := func(kind catalog.Kind, oid catalog.OID, sub int16, auto bool) {
		out = append(out, dependent{Address: catalog.Address{Kind: kind, OID: oid, Sub: sub}, auto: auto, via: o})
	}
	cat := x.Catalog()
	switch o.Kind {
	case catalog.KindSchema:
		cat.Tables(func(t *catalog.Table) bool {
			if t.Schema == o.OID && cat.ExtensionOf(catalog.Address{Kind: catalog.KindRelation, OID: t.OID}) == nil {
				part := t.Bound != nil && cat.Table(t.Parents[0]) != nil && cat.Table(t.Parents[0]).Schema == o.OID
				add(catalog.KindRelation, t.OID, 0, t.Sequence != nil && t.Sequence.OwnerTable != 0 || part)
			}
			return true
		})
		for _, k := range catalog.Kinds() {
			cat.Objects(k, func(m catalog.Object) bool {
				if m.Head().Schema == o.OID && cat.ExtensionOf(catalog.AddressOf(m)) == nil {
					add(k, m.Head().OID, 0, false)
				}
				return true
			})
		}
		slices.SortStableFunc(out, func(a, b dependent) int { return cmp.Compare(a.OID, b.OID) })
	case catalog.KindRelation:
		t := cat.Table(o.OID)
		if t == nil {
			return out, nil
		}
		for _, s := range OwnedSequences(x, t.OID, 0) {
			add(catalog.KindRelation, s.OID, 0, true)
		}
		cat.Children(t.OID, func(k *catalog.Table) bool {
			add(catalog.KindRelation, k.OID, 0, k.Bound != nil)
			return true
		})
		for _, r := range readers(cat, t) {
			if r.OID == t.OID || r.Virtual {
				continue
			}
			for _, c := range r.Constraints {
				if c.Type == catalog.ConForeign && c.RefTable == t.OID {
					add(catalog.KindConstraint, c.OID, 0, c.Parent != 0)
				}
			}
			if t.Kind == catalog.RelSequence {
				for i := range r.Columns {
					if c := &r.Columns[i]; !c.Dropped && UsesSequence(x, c.Default, t) {
						add(catalog.KindDefault, r.OID, c.AttNum, false)
					}
				}
			}
			if r.HasQuery() && ViewUses(x, r, t) {
				add(catalog.KindRelation, r.OID, 0, false)
			}
		}
	case catalog.KindColumn:
		list, err := columnDependents(x, o)
		return append(out, list...), err
	case catalog.KindConstraint:
		t, c := cat.ConstraintByOID(o.OID)
		if c == nil {
			return out, nil
		}
		cat.Children(t.OID, func(k *catalog.Table) bool {
			for _, part := range k.Constraints {
				if part.Parent == c.OID {
					add(catalog.KindConstraint, part.OID, 0, true)
				}
			}
			return true
		})
		if c.Type == catalog.ConPrimary || c.Type == catalog.ConUnique || c.Type == catalog.ConExclusion {
			add(catalog.KindIndex, c.Index, 0, true)
		}
	case catalog.KindTrigger:
		for _, c := range TriggerClones(x, o.OID) {
			out = append(out, dependent{Address: c, auto: true, via: o})
		}
	case catalog.KindIndex:
		t, _ := cat.RelationByOID(o.OID)
		if t == nil {
			break
		}
		cat.Children(t.OID, func(k *catalog.Table) bool {
			for _, part := range k.Indexes {
				if part.Parent == o.OID {
					add(catalog.KindIndex, part.OID, 0, true)
				}
			}
			return true
		})
		cat.Referencing(t.OID, func(r *catalog.Table) bool {
			for _, c := range r.Constraints {
				if c.Type == catalog.ConForeign && c.Index == o.OID {
					add(catalog.KindConstraint, c.OID, 0, c.Parent != 0)
				}
			}
			return true
		})
	}
	return out, nil
}

// columnDependents lists what depends on a column: its indexes and constraints go along, views and foreign keys of others do
// not.
func columnDependents(x *stmt.Ctx, o catalog.Address) (out []dependent, err error) {
	t := x.Catalog().Table(o.OID)
	add := func(kind catalog.Kind, oid catalog.OID, sub int16, auto bool) {
		out = append(out, dependent{Address: catalog.Address{Kind: kind, OID: oid, Sub: sub}, auto: auto, via: o})
	}
	for _, s := range OwnedSequences(x, t.OID, o.Sub) {
		add(catalog.KindRelation, s.OID, 0, true)
	}
	for _, c := range t.Constraints {
		if slices.Contains(c.Cols, o.Sub) {
			add(catalog.KindConstraint, c.OID, 0, true)
		}
	}
	for _, ix := range t.Indexes {
		if ix.Constraint == 0 && (IndexUses(ix, o.Sub) || indexExprUses(x, t, ix, o.Sub)) {
			add(catalog.KindIndex, ix.OID, 0, true)
		}
	}
	for i := range t.Columns {
		if c := &t.Columns[i]; c.Generated != 0 && !c.Dropped && c.AttNum != o.Sub && ExprUses(x, t, c.Default, o.Sub) {
			add(catalog.KindColumn, t.OID, c.AttNum, false)
		}
	}
	for _, g := range triggersUsing(x, t, o.Sub) {
		add(catalog.KindTrigger, g.OID, 0, false)
	}
	for _, r := range readers(x.Catalog(), t) {
		for _, c := range r.Constraints {
			if c.Type == catalog.ConForeign && c.RefTable == t.OID && slices.Contains(c.RefCols, o.Sub) && !(r.OID == t.OID && slices.Contains(c.Cols, o.Sub)) {
				add(catalog.KindConstraint, c.OID, 0, false)
			}
		}
		if r.HasQuery() && ViewUsesColumn(x, r, t, o.Sub) {
			add(catalog.KindRelation, r.OID, 0, false)
		}
	}
	return out, nil
}

// readers lists the relations that may depend on t, in OID order: those with foreign keys to it and all views; for a sequence, which
// defaults may name, everything.
func readers(cat *catalog.Catalog, t *catalog.Table) (out []*catalog.Table) {
	take := func(r *catalog.Table) bool {
		out = append(out, r)
		return true
	}
	if t.Kind == catalog.RelSequence {
		cat.Tables(take)
		return out
	}
	cat.Referencing(t.OID, take)
	cat.Views(take)
	slices.SortFunc(out, func(a, b *catalog.Table) int { return cmp.Compare(a.OID, b.OID) })
	return slices.Compact(out)
}

// OwnedIdentity describes the identity column that needs a sequence; "" for none.
func OwnedIdentity(x *stmt.Ctx, t *catalog.Table) string {
	if t.Kind != catalog.RelSequence {
		return ""
	}
	c := IdentityOf(x, t)
	if c == nil {
		return ""
	}
	owner := x.Catalog().Table(t.Sequence.OwnerTable)
	return "column " + c.Name + " of table " + x.RelationText(owner)
}

// IdentityOf is the identity column that a sequence belongs to, or nil.
func IdentityOf(x *stmt.Ctx, t *catalog.Table) *catalog.Column {
	owner := x.Catalog().Table(t.Sequence.OwnerTable)
	if owner == nil || t.Sequence.OwnerCol == 0 {
		return nil
	}
	if c := owner.Column(t.Sequence.OwnerCol); c.IdentSeq == t.OID {
		return c
	}
	return nil
}

// OwnedSequences lists the sequences owned by a table's column; att 0: by any.
func OwnedSequences(x *stmt.Ctx, oid catalog.OID, att int16) (out []*catalog.Table) {
	x.Catalog().OwnedSequences(oid, func(t *catalog.Table) bool {
		if att == 0 || t.Sequence.OwnerCol == att {
			out = append(out, t)
		}
		return true
	})
	return out
}

// TypeAddresses are a type's own address and those of its array and multirange: columns of these types depend on it.
func TypeAddresses(x *stmt.Ctx, o catalog.Address) []catalog.Address {
	out := []catalog.Address{o}
	if t := x.Catalog().Type(o.OID); t != nil && t.OID == o.OID {
		for _, oid := range t.TypeOIDs() {
			out = append(out, catalog.Address{Kind: catalog.KindType, OID: oid})
		}
	}
	return out
}

// RowTypeAddresses are those of a relation's row type and its array.
func RowTypeAddresses(x *stmt.Ctx, rel catalog.OID) []catalog.Address {
	t := x.Catalog().Table(rel)
	if t == nil || t.RowType == 0 || t.Kind == catalog.RelSequence {
		return nil
	}
	return []catalog.Address{{Kind: catalog.KindType, OID: t.RowType}, {Kind: catalog.KindType, OID: t.RowType + 1}}
}

// StoredUsers reports whether stored SQL names an object: a rename would have to change it.
func StoredUsers(x *stmt.Ctx, on ...catalog.Address) (found bool) {
	for _, o := range on {
		x.Catalog().Users(o, func(from catalog.Address, _ catalog.DepType) {
			switch from.Kind {
			case catalog.KindColumn, catalog.KindFunction, catalog.KindType, catalog.KindTrigger, catalog.KindOperator, catalog.KindCast, catalog.KindTSConfig:
			default:
				found = found || there(x, from)
			}
		})
	}
	return found
}
