package threeway

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/storage/tuple"
)

// What happens to an object.
type What byte

const (
	Created What = iota + 1
	Altered
	Dropped
)

func (w What) String() string { return [...]string{"", "created", "altered", "dropped"}[w] }

// Change is an object that the source has changed and the target has not in the same way.
type Change struct {
	What What
	// Object is its name in the side that has it, the source first.
	Object string
	// Source and Target are what the sides have; nil: nothing. Each is the side's own descriptor.
	Source, Target any
	// Merged is what the target is to have: nil where it is to be dropped, or stays as it is because a conflict is decided for it.
	Merged any
	// Conflicts are the fields that both sides have changed to different values.
	Conflicts []string
	// Hard: USE SOURCE decides nothing, because the target has dropped what the source has changed.
	Hard bool
	// Refused says why the change cannot be merged (0A000).
	Refused error
}

// Allocator hands out the target's numbers.
type Allocator interface {
	OID() catalog.OID
	OIDs(n int) catalog.OID
	// Adopt takes the OIDs from lo to hi if none of them has been handed out.
	Adopt(lo, hi catalog.OID) bool
}

// Merger plans merges of one source into one target, again as the target comes closer to what it is to be.
type Merger struct {
	Base, Source *catalog.Catalog
	// UseSource decides conflicts for the source, else they are for the target.
	UseSource bool
	// Alloc gives numbers to new objects; nil: numbers that no object has, for those who only look.
	Alloc Allocator

	fresh map[catalog.OID]catalog.OID // by the source's
}

// Plan is what a merge does to a catalog.
type Plan struct {
	Changes []Change
	// Drops are what is to be dropped in the target: objects, columns and other parts.
	Drops []catalog.Address
	// Renames are to be made before all else, in this order.
	Renames []Rename

	numbers *numbers
}

// Rename is a new name or schema of an object or column of the target.
type Rename struct {
	catalog.Address
	Schema, Name string // the schema is "" where it stays
}

// OID is the target's number of what the source has.
func (p *Plan) OID(source catalog.OID) catalog.OID { return p.numbers.oid(source) }

// Moved reports that something of the source has another number in the target.
func (p *Plan) Moved() bool {
	for from, to := range p.numbers.oids {
		if from != to && to < placeholders {
			return true
		}
	}
	return false
}

// placeholders are numbers of what the target does not have.
const placeholders catalog.OID = 0xF0000000

// work is one plan under way.
type work struct {
	*Merger
	target   *catalog.Catalog
	list     []*triple
	src, bas *numbers
	nowhere  catalog.OID
	plan     *Plan
}

// Plan compares the source with the target as it is.
func (m *Merger) Plan(target *catalog.Catalog) *Plan {
	w := &work{Merger: m, target: target, list: match(m.Base, m.Source, target), src: newNumbers(), bas: newNumbers(), nowhere: placeholders}
	w.plan = &Plan{numbers: w.src}
	w.number()
	for _, t := range w.list {
		w.object(t)
	}
	w.renames()
	return w.plan
}

func (w *work) placeholder() catalog.OID {
	w.nowhere++
	return w.nowhere
}

// number finds the target's numbers of what source and base have.
func (w *work) number() {
	wanted := map[catalog.OID]bool{} // of the source; true: with the next one
	for _, t := range w.list {
		var at []part
		if t.target != nil {
			at = parts(t.target.desc)
		}
		var was []part
		if t.base != nil {
			was = parts(t.base.desc)
		}
		if t.source != nil {
			for _, p := range parts(t.source.desc) {
				o := p.counterpart(at)
				if o == nil && p.counterpart(was) == nil {
					o = p.named(at)
				}
				switch {
				case o != nil:
					w.src.oids[p.oid] = o.oid
				case t.target == nil && t.base != nil || p.counterpart(was) != nil:
					w.src.oids[p.oid] = w.placeholder()
				case !catalog.OfUser(p.oid):
				case p.what == 'y':
					wanted[p.oid] = true
				case !wanted[p.oid-1]:
					wanted[p.oid] = false
				}
			}
		}
		for _, p := range was {
			if o := p.counterpart(at); o != nil {
				w.bas.oids[p.oid] = o.oid
			} else if o := t.inSource(p); o != nil {
				w.bas.oids[p.oid] = w.src.oid(o.oid)
			} else {
				w.bas.oids[p.oid] = w.placeholder()
			}
		}
		w.columns(t)
	}
	w.allocate(wanted)
}

func (t *triple) inSource(p part) *part {
	if t.source == nil {
		return nil
	}
	return p.counterpart(parts(t.source.desc))
}

// allocate gives numbers to what is new: the source's own where they are free.
func (w *work) allocate(wanted map[catalog.OID]bool) {
	if w.fresh == nil {
		w.fresh = map[catalog.OID]catalog.OID{}
	}
	var list []catalog.OID
	for _, oid := range slices.Sorted(maps.Keys(wanted)) {
		if w.fresh[oid] == 0 {
			list = append(list, oid)
		}
	}
	if len(list) > 0 {
		last := list[len(list)-1]
		if wanted[last] {
			last++
		}
		own := w.Alloc != nil && w.Alloc.Adopt(list[0], last)
		for _, oid := range list {
			to := oid
			switch {
			case w.Alloc == nil:
				to = w.placeholder()
				if wanted[oid] {
					w.placeholder()
				}
			case own:
			case wanted[oid]:
				to = w.Alloc.OIDs(2)
			default:
				to = w.Alloc.OID()
			}
			w.fresh[oid] = to
		}
	}
	for oid, pair := range wanted {
		w.src.oids[oid] = w.fresh[oid]
		if pair {
			w.src.oids[oid+1] = w.fresh[oid] + 1
		}
	}
}

// absent are attribute numbers of columns that the target has not and gets not.
const absent = 10000

// columns finds the target's attribute numbers of a table's columns.
func (w *work) columns(t *triple) {
	target, _ := desc[*catalog.Table](t.target)
	source, _ := desc[*catalog.Table](t.source)
	base, _ := desc[*catalog.Table](t.base)
	if target == nil {
		return
	}
	if source != nil {
		list, next := Columns(source, target), int16(len(target.Columns))
		for i := range list {
			switch {
			case list[i] != 0:
			case source.Columns[i].Dropped:
				list[i] = absent + int16(i)
			default:
				next++
				list[i] = next
			}
		}
		w.src.atts[source.OID] = list
	}
	if base == nil {
		return
	}
	list := Columns(base, target)
	var bySource []int16
	if source != nil {
		bySource = Columns(base, source)
	}
	for i := range list {
		switch {
		case list[i] != 0:
		case bySource != nil && bySource[i] != 0:
			list[i] = w.src.att(source.OID, bySource[i])
		default:
			list[i] = absent + int16(i)
		}
	}
	w.bas.atts[base.OID] = list
}

func desc[T any](o *object) (d T, ok bool) {
	if o != nil {
		d, ok = o.desc.(T)
	}
	return d, ok
}

// described is a descriptor in the target's numbers; nil for nil.
func described(n *numbers, o *object) any {
	if o == nil {
		return nil
	}
	d := n.descriptor(o.desc)
	if t, ok := d.(*catalog.Table); ok {
		t.Columns = slices.DeleteFunc(t.Columns, func(c catalog.Column) bool { return c.AttNum >= absent })
	}
	return d
}

// object plans what becomes of an object.
func (w *work) object(t *triple) {
	if t.source == nil && t.base == nil {
		return
	}
	b, s := described(w.bas, t.base), described(w.src, t.source)
	c := Change{}
	if t.source != nil {
		c.Source, c.Object = t.source.desc, Describe(w.Source, t.source.addr())
	} else {
		c.Object = Describe(w.Base, t.base.addr())
	}
	if t.target != nil {
		c.Target = t.target.desc
	}
	switch {
	case t.source == nil && t.target == nil:
		return
	case t.source == nil:
		c.What = Dropped
		if !sameDescriptor(b, c.Target) {
			c.Conflicts = []string{""}
		}
		if c.Conflicts == nil || w.UseSource {
			w.drop(t.target)
		}
	case t.base != nil && sameDescriptor(b, s) && sameMethod(b, s), t.target != nil && sameDescriptor(s, c.Target) && sameIdent(s, c.Target) && sameMethod(s, c.Target):
		return
	case t.target == nil && t.base == nil:
		c.What, c.Merged = Created, s
		c.Refused = w.mayCreate(c.Object, s)
	case t.target == nil:
		c.What, c.Conflicts, c.Hard = Altered, []string{""}, true
	default:
		c.Refused = w.mayAlter(c.Object, b, s, c.Target)
		if t.base != nil {
			c.What = Altered
			c.Conflicts = w.dropParts(b, s, c.Target)
		} else {
			c.What = Created
		}
		w.merge(&c, b, s)
		if c.Refused == nil && c.Conflicts == nil && sameDescriptor(c.Merged, c.Target) && sameIdent(c.Merged, c.Target) && !w.dropsOf(c.Target) {
			return
		}
	}
	if c.Refused == nil && c.Merged != nil && (dangles(reflect.ValueOf(c.Merged)) || overDropped(c.Merged)) {
		c.Refused = unsupported("it needs what the target branch has dropped", c.Object)
	}
	w.plan.Changes = append(w.plan.Changes, c)
}

// overDropped reports whether parts of a table are over columns that are dropped.
func overDropped(d any) bool {
	t, ok := d.(*catalog.Table)
	if !ok {
		return false
	}
	dropped := func(atts ...int16) bool {
		return slices.ContainsFunc(atts, func(a int16) bool { return a > 0 && int(a) <= len(t.Columns) && t.Column(a).Dropped })
	}
	for _, x := range t.Indexes {
		if dropped(x.Include...) || slices.ContainsFunc(x.Keys, func(k catalog.IndexKey) bool { return dropped(k.Att) }) {
			return true
		}
	}
	return slices.ContainsFunc(t.Constraints, func(c *catalog.Constraint) bool { return dropped(c.Cols...) || dropped(c.DeleteCols...) }) ||
		slices.ContainsFunc(t.Triggers, func(g *catalog.Trigger) bool { return dropped(g.Cols...) })
}

// dangles reports whether a descriptor names what the target does not have.
func dangles(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Uint32:
		return v.Uint() >= uint64(placeholders)
	case reflect.Pointer:
		return !v.IsNil() && dangles(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			if dangles(v.Index(i)) {
				return true
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Name != "StorageID" && dangles(v.Field(i)) {
				return true
			}
		}
	}
	return false
}

// merge merges the fields of a descriptor that source and target have.
func (w *work) merge(c *Change, b, s any) {
	m := merger{useSource: w.UseSource}
	var was reflect.Value
	if b != nil {
		was = reflect.ValueOf(b)
	}
	c.Merged = m.value("", was, reflect.ValueOf(s), reflect.ValueOf(c.Target)).Interface()
	c.Conflicts = append(c.Conflicts, m.conflicts...)
	c.Hard = len(m.hard) > 0
}

func identOf(d any) catalog.Ident {
	switch o := d.(type) {
	case *catalog.Schema:
		return o.Ident
	case *catalog.Table:
		return o.Ident
	case catalog.Object:
		return o.Head().Ident
	}
	return 0
}

// sameIdent reports that two descriptors, with their columns, are already known to be of one object.
func sameIdent(a, b any) bool {
	x, ok := a.(*catalog.Table)
	if !ok {
		return identOf(a) == identOf(b)
	}
	y := b.(*catalog.Table)
	return x.Ident == y.Ident && slices.EqualFunc(x.Columns, y.Columns, func(c, d catalog.Column) bool { return c.Ident == d.Ident })
}

// sameMethod reports that two states of a table, if they are any, have their rows in the same kind of storage.
func sameMethod(a, b any) bool {
	x, ok := a.(*catalog.Table)
	return !ok || x.Lake() == b.(*catalog.Table).Lake()
}

func (w *work) drop(o *object) {
	if t, ok := o.desc.(*catalog.Type); ok && t.Of != 0 {
		return // a multirange goes with its range
	}
	w.plan.Drops = append(w.plan.Drops, o.addr())
}

// dropsOf reports whether parts of a target's relation are to be dropped.
func (w *work) dropsOf(d any) bool {
	t, ok := d.(*catalog.Table)
	if !ok {
		return false
	}
	return slices.ContainsFunc(w.plan.Drops, func(a catalog.Address) bool {
		if a.Kind == catalog.KindColumn {
			return a.OID == t.OID
		}
		return slices.ContainsFunc(parts(t), func(p part) bool { return p.what == byte(a.Kind) && p.oid == a.OID })
	})
}

// dropParts plans to drop the parts of a relation that the source has dropped, and returns those that the target has changed.
func (w *work) dropParts(b, s, t any) (conflicts []string) {
	base, ok := b.(*catalog.Table)
	if !ok {
		return nil
	}
	source, target := s.(*catalog.Table), t.(*catalog.Table)
	drop := func(a catalog.Address, name string, unchanged bool) {
		if !unchanged {
			conflicts = append(conflicts, name)
		}
		if unchanged || w.UseSource {
			w.plan.Drops = append(w.plan.Drops, a)
		}
	}
	for i := range base.Columns {
		c := &base.Columns[i]
		if c.Dropped || c.AttNum >= absent || int(c.AttNum) > len(target.Columns) || target.Column(c.AttNum).Dropped {
			continue
		}
		for j := range source.Columns {
			if k := &source.Columns[j]; k.AttNum == c.AttNum && k.Dropped {
				drop(catalog.Address{Kind: catalog.KindColumn, OID: target.OID, Sub: c.AttNum}, fmt.Sprintf("column %q", c.Name),
					same(reflect.ValueOf(*c), reflect.ValueOf(*target.Column(c.AttNum))))
			}
		}
	}
	for _, c := range gone(base.Constraints, source.Constraints, target.Constraints) {
		drop(catalog.Address{Kind: catalog.KindConstraint, OID: c.was.OID}, fmt.Sprintf("constraint %q", c.was.Name), c.kept)
	}
	for _, c := range gone(base.Indexes, source.Indexes, target.Indexes) {
		if c.was.Constraint == 0 && !slices.ContainsFunc(base.Constraints, func(k *catalog.Constraint) bool {
			return k.Index == c.was.OID && k.Type != catalog.ConForeign
		}) {
			drop(catalog.Address{Kind: catalog.KindIndex, OID: c.was.OID}, fmt.Sprintf("index %q", c.was.Name), c.kept)
		}
	}
	for _, c := range gone(base.Triggers, source.Triggers, target.Triggers) {
		drop(catalog.Address{Kind: catalog.KindTrigger, OID: c.was.OID}, fmt.Sprintf("trigger %q", c.was.Name), c.kept)
	}
	for _, c := range gone(base.Policies, source.Policies, target.Policies) {
		drop(catalog.Address{Kind: catalog.KindPolicy, OID: c.was.OID}, fmt.Sprintf("policy %q", c.was.Name), c.kept)
	}
	for _, c := range gone(base.Rules, source.Rules, target.Rules) {
		drop(catalog.Address{Kind: catalog.KindRule, OID: c.was.OID}, fmt.Sprintf("rule %q", c.was.Name), c.kept)
	}
	return conflicts
}

// removed is a part that the source has dropped; kept: the target has it as it was.
type removed[T any] struct {
	was  *T
	kept bool
}

func gone[T any](base, source, target []*T) (out []removed[T]) {
	oid := func(x *T) catalog.OID { return catalog.OID(reflect.ValueOf(x).Elem().FieldByName("OID").Uint()) }
	find := func(list []*T, of catalog.OID) *T {
		for _, x := range list {
			if oid(x) == of {
				return x
			}
		}
		return nil
	}
	for _, b := range base {
		if t := find(target, oid(b)); t != nil && find(source, oid(b)) == nil {
			out = append(out, removed[T]{t, same(reflect.ValueOf(b), reflect.ValueOf(t))})
		}
	}
	return out
}

// Describe names an object for messages.
func Describe(cat *catalog.Catalog, a catalog.Address) string {
	switch a.Kind {
	case catalog.KindRelation:
		if t := cat.Table(a.OID); t != nil {
			return "relation " + ruleutils.Qualified(cat, t.Schema, t.Name)
		}
	case catalog.KindSchema:
		if s := cat.SchemaByOID(a.OID); s != nil {
			return "schema \"" + s.Name + "\""
		}
	}
	if o := cat.Object(a.Kind, a.OID); o != nil && o.Head().Name != "" && a.Kind != catalog.KindCast {
		return a.Kind.String() + " \"" + o.Head().Name + "\""
	}
	return "an object of kind " + a.Kind.String()
}

func unsupported(what, object string) error {
	return pgerr.New(pgerr.FeatureNotSupported, "merging schema changes is not supported for %s: %s", object, what).
		WithHint("Make the same change in the target branch first.")
}

// mayCreate refuses new objects that cannot be brought into another branch.
func (w *work) mayCreate(name string, d any) error {
	switch o := d.(type) {
	case *catalog.Volume:
		return unsupported("it has files of its own", name)
	case *catalog.Table:
		if o.Lake() && o.Location() != "" {
			return unsupported("it has a location of its own", name)
		}
		if o.Detaching != 0 {
			return unsupported("it is being detached", name)
		}
		return w.mayBePartition(name, o)
	}
	return nil
}

// mayBePartition refuses a new partition where the target has others that might overlap with it, or rows that belong into it.
func (w *work) mayBePartition(name string, t *catalog.Table) error {
	if t.Bound == nil {
		return nil
	}
	for _, c := range w.list {
		k, ok := desc[*catalog.Table](c.target)
		if !ok || k.Bound == nil || !slices.Equal(k.Parents, t.Parents) {
			continue
		}
		if c.source == nil || k.Bound.Default {
			return unsupported("the partitioned table has partition \""+k.Name+"\" in the target branch", name)
		}
	}
	return nil
}

// mayAlter refuses changes of the source to what rows are and where they stand that cannot be made to the target's. All are in the
// target's numbers.
func (w *work) mayAlter(name string, b, s, t any) error {
	switch o := t.(type) {
	case *catalog.Volume:
		return unsupported("it has files of its own", name)
	case *catalog.Type:
		return mayLabel(name, s.(*catalog.Type), o)
	}
	target, ok := t.(*catalog.Table)
	if !ok {
		return nil
	}
	source := s.(*catalog.Table)
	base, _ := b.(*catalog.Table)
	if base == nil {
		base = target
	}
	switch {
	case source.Kind != base.Kind:
		return unsupported("its kind has changed", name)
	case source.Persistence != base.Persistence:
		return unsupported("its persistence has changed", name)
	case source.Lake() != base.Lake():
		return unsupported("its access method has changed", name)
	case !same(reflect.ValueOf(clustered(source)), reflect.ValueOf(clustered(base))):
		return unsupported("its primary key has changed", name)
	case !slices.Equal(source.Parents, base.Parents), !same(reflect.ValueOf(source.Bound), reflect.ValueOf(base.Bound)), source.Detaching != base.Detaching:
		return unsupported("what it inherits from, or is a partition of, has changed", name)
	}
	for i := range base.Columns {
		c := &base.Columns[i]
		for j := range source.Columns {
			if k := &source.Columns[j]; k.AttNum == c.AttNum && !k.Dropped && !c.Dropped && !sameRows(c, k) && !source.HasQuery() {
				return unsupported(fmt.Sprintf("the type of column %q has changed", k.Name), name)
			}
		}
	}
	for _, x := range base.Indexes {
		for _, y := range source.Indexes {
			if now := target.IndexByOID(x.OID); x.OID == y.OID && now != nil && !sameEntries(x, y) && !sameEntries(now, y) {
				return unsupported(fmt.Sprintf("index %q has changed", y.Name), name)
			}
		}
	}
	return w.addsColumns(name, source, target)
}

// mayLabel refuses labels of an enum for which both branches have taken the same place: rows hold the place.
func mayLabel(name string, source, target *catalog.Type) error {
	for _, l := range source.Labels {
		for _, k := range target.Labels {
			if k.OID != l.OID && (k.Sort == l.Sort || k.Name == l.Name) {
				return unsupported(fmt.Sprintf("both branches have added labels, %q and %q", l.Name, k.Name), name)
			}
		}
	}
	return nil
}

// addsColumns refuses columns of the source that would not be the same ones in the target: b is nil, or has them.
func (w *work) addsColumns(name string, source, target *catalog.Table) error {
	for i := range source.Columns {
		c := &source.Columns[i]
		if c.Ident != 0 || c.Dropped {
			continue
		}
		// A column that the source's table was made with is told by its number: it must stand at the same one.
		own := w.Source.Table(w.sourceOID(source.OID))
		if int(c.AttNum) > len(own.Columns) || own.Column(c.AttNum).Name != c.Name || int(c.AttNum) > len(target.Columns) {
			return unsupported(fmt.Sprintf("both branches have made it, with column %q at different places", c.Name), name)
		}
	}
	return nil
}

// sourceOID is the source's number of a relation of the target.
func (w *work) sourceOID(target catalog.OID) catalog.OID {
	for _, t := range w.list {
		if t.source != nil && t.target != nil && t.target.oid == target && t.source.kind == catalog.KindRelation {
			return t.source.oid
		}
	}
	return target
}

func clustered(t *catalog.Table) *catalog.Index {
	for _, ix := range t.Indexes {
		if ix.ID == catalog.ClusteredIndexID {
			return &catalog.Index{OID: ix.OID, Keys: ix.Keys}
		}
	}
	return nil
}

// sameRows reports whether rows that were written for one of two states of a column are good for the other.
func sameRows(a, b *catalog.Column) bool {
	if a.Kind != b.Kind || a.Collation != b.Collation || a.Type != b.Type {
		return false
	}
	return a.TypMod == b.TypMod || b.TypMod == -1 || a.TypMod != -1 && a.TypMod < b.TypMod && a.Kind == tuple.KindText
}

// sameEntries reports whether the entries of two states of an index are the same.
func sameEntries(a, b *catalog.Index) bool {
	x, y := *a, *b
	for _, i := range []*catalog.Index{&x, &y} {
		i.Name, i.Comment, i.Options, i.Clustered, i.Building, i.Invalid = "", "", nil, false, false, false
	}
	return same(reflect.ValueOf(x), reflect.ValueOf(y))
}
