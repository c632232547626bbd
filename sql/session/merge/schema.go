package merge

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"github.com/tarndb/tarn/sql/branchdiff"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/tuple"
)

// refuseSchema refuses what the source has changed in its catalog and the target has not in the same way.
func refuseSchema(ctx context.Context, p *branchdiff.Pair) error {
	if p.SourceSince == nil || p.SourceSince.Whole[database.CatalogStorage] {
		base, err := p.Base(ctx)
		if err != nil {
			return err
		}
		return refuseWhole(p, base)
	}
	var keys []string
	for k := range p.SourceSince.Keys {
		if change.TableOf([]byte(k)) == database.CatalogStorage {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		was := &p.Target
		if !p.TargetDescends || p.TargetSince == nil || p.TargetSince.Names([]byte(k)) {
			base, err := p.Base(ctx)
			if err != nil {
				return err
			}
			was = base
		}
		if err := refuseKey(p, was, []byte(k)); err != nil {
			return err
		}
	}
	return nil
}

// refuseWhole is refuseSchema where the log does not tell which descriptors the source has changed.
func refuseWhole(p *branchdiff.Pair, base *branchdiff.State) error {
	lo := tuple.AppendPrefix(nil, database.CatalogStorage, database.StateIndex)
	for _, st := range []*branchdiff.State{&p.Source, base} {
		it := st.Snap.NewIter(lo, tuple.PrefixEnd(bytes.Clone(lo)))
		var err error
		for ok := it.First(); ok && err == nil; ok = it.Next() {
			err = refuseKey(p, base, bytes.Clone(it.Key()))
		}
		if cerr := it.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// refuseKey compares one descriptor.
func refuseKey(p *branchdiff.Pair, base *branchdiff.State, key []byte) error {
	var at [3][]byte
	for i, st := range []*branchdiff.State{&p.Source, &p.Target, base} {
		v, ok, err := st.Snap.AppendGet(nil, key)
		if err != nil {
			return err
		}
		if ok {
			if at[i], err = settled(key, v); err != nil {
				return err
			}
		}
	}
	if same(at[0], at[2]) || same(at[0], at[1]) {
		return nil
	}
	what := "created"
	cat := p.Source.Cat
	switch {
	case at[0] == nil:
		what, cat = "dropped", base.Cat
	case at[2] != nil:
		what = "altered"
	}
	name := describe(cat, key)
	return pgerr.New(pgerr.FeatureNotSupported, "merging schema changes is not supported: %s has been %s in branch \"%s\"", name, what, p.Source.DB.Branch).
		WithHint("Make the same change in branch \"%s\" first.", p.Target.DB.Branch)
}

func same(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// settled is a descriptor without what changes though its object stays what it is: where a table's rows are, and how often it has
// been changed.
func settled(key, value []byte) ([]byte, error) {
	if kindOf(key) != catalog.KindRelation {
		return value, nil
	}
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		return nil, err
	}
	for _, name := range []string{"StorageID", "Version"} {
		delete(m, name)
	}
	return json.Marshal(m)
}

func kindOf(key []byte) catalog.Kind { return catalog.Kind(key[tuple.KeyPrefixLen]) }

// describe names the object of a descriptor.
func describe(cat *catalog.Catalog, key []byte) string {
	k := key[tuple.KeyPrefixLen:]
	if len(k) != 5 {
		return "an object"
	}
	oid := catalog.OID(k[1])<<24 | catalog.OID(k[2])<<16 | catalog.OID(k[3])<<8 | catalog.OID(k[4])
	if kindOf(key) == catalog.KindRelation {
		if t := cat.Table(oid); t != nil {
			return "relation " + branchdiff.TableName(cat, t)
		}
	}
	if sc := cat.SchemaByOID(oid); sc != nil && kindOf(key) == catalog.KindSchema {
		return "schema \"" + sc.Name + "\""
	}
	if o := cat.Object(kindOf(key), oid); o != nil && o.Head().Name != "" {
		return "object \"" + o.Head().Name + "\" (" + kindOf(key).String() + ")"
	}
	return "an object of kind " + kindOf(key).String()
}
