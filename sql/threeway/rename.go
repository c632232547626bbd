package threeway

import "github.com/tarndb/tarn/sql/catalog"

// renames plans the new names of what stored SQL may name: whoever gives them changes that, too.
func (w *work) renames() {
	for _, t := range w.list {
		if t.base == nil || t.source == nil || t.target == nil {
			continue
		}
		w.rename(t)
		w.renameColumns(t)
	}
}

// placed is the name of an object and its schema, 0 for none, in the target's numbers.
func placed(n *numbers, d any) (schema catalog.OID, name string) {
	switch o := d.(type) {
	case *catalog.Schema:
		return 0, o.Name
	case *catalog.Table:
		return n.oid(o.Schema), o.Name
	case *catalog.Cast, *catalog.DefaultACL, *catalog.LanguageACL, *catalog.EventTrigger, *catalog.Extension:
		return 0, ""
	case catalog.Object:
		return n.oid(o.Head().Schema), o.Head().Name
	}
	return 0, ""
}

// moves reports whether the source has given something another value that the target is to take over.
func moves[T comparable](w *work, b, s, t T) bool {
	return s != b && s != t && (t == b || w.UseSource)
}

func (w *work) rename(t *triple) {
	bs, bn := placed(w.bas, t.base.desc)
	ss, sn := placed(w.src, t.source.desc)
	ts, tn := placed(newNumbers(), t.target.desc)
	r := Rename{Address: t.target.addr()}
	if moves(w, bn, sn, tn) {
		r.Name = sn
	}
	if moves(w, bs, ss, ts) {
		if sc := w.target.SchemaByOID(ss); sc != nil {
			r.Schema = sc.Name
		}
	}
	if r.Name != "" || r.Schema != "" {
		w.plan.Renames = append(w.plan.Renames, r)
	}
}

func (w *work) renameColumns(t *triple) {
	base, _ := desc[*catalog.Table](t.base)
	source, _ := desc[*catalog.Table](t.source)
	target, ok := desc[*catalog.Table](t.target)
	if !ok {
		return
	}
	was := map[int16]string{}
	for i := range base.Columns {
		if c := &base.Columns[i]; !c.Dropped {
			was[w.bas.att(base.OID, c.AttNum)] = c.Name
		}
	}
	for i := range source.Columns {
		c := &source.Columns[i]
		att := w.src.att(source.OID, c.AttNum)
		if c.Dropped || c.InhCount > 0 || was[att] == "" || int(att) > len(target.Columns) || target.Column(att).Dropped {
			continue
		}
		if moves(w, was[att], c.Name, target.Column(att).Name) {
			w.plan.Renames = append(w.plan.Renames, Rename{Address: catalog.Address{Kind: catalog.KindColumn, OID: target.OID, Sub: att}, Name: c.Name})
		}
	}
}
