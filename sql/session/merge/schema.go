package merge

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"slices"

	"github.com/tarndb/tarn/sql/branchdiff"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/storage/tuple"
)

// schemaChange is a descriptor that the source has changed and the target has not in the same way.
type schemaChange struct {
	p    *branchdiff.Pair
	base *branchdiff.State
	key  []byte
	at   [3][]byte // of source, target, base; nil where it is not there
}

// eachSchemaChange calls f with what the source has changed in its catalog.
func eachSchemaChange(ctx context.Context, p *branchdiff.Pair, f func(c schemaChange) error) error {
	if p.SourceSince == nil || p.SourceSince.Whole[database.CatalogStorage] {
		base, err := p.Base(ctx)
		if err != nil {
			return err
		}
		return eachDescriptor(p, base, f)
	}
	for _, k := range p.SourceSince.Of(database.CatalogStorage) {
		was := &p.Target
		if !p.TargetDescends || p.TargetSince == nil || p.TargetSince.Names([]byte(k)) {
			base, err := p.Base(ctx)
			if err != nil {
				return err
			}
			was = base
		}
		if err := compareKey(p, was, []byte(k), f); err != nil {
			return err
		}
	}
	return nil
}

// eachDescriptor is eachSchemaChange where the log does not tell which descriptors the source has changed.
func eachDescriptor(p *branchdiff.Pair, base *branchdiff.State, f func(c schemaChange) error) error {
	lo := tuple.AppendPrefix(nil, database.CatalogStorage, database.StateIndex)
	var keys []string
	for _, st := range []*branchdiff.State{&p.Source, base} {
		it := st.Snap.NewIter(lo, tuple.PrefixEnd(bytes.Clone(lo)))
		for ok := it.First(); ok; ok = it.Next() {
			keys = append(keys, string(it.Key()))
		}
		if err := it.Close(); err != nil {
			return err
		}
	}
	slices.Sort(keys)
	for _, k := range slices.Compact(keys) {
		if err := compareKey(p, base, []byte(k), f); err != nil {
			return err
		}
	}
	return nil
}

// compareKey compares one descriptor.
func compareKey(p *branchdiff.Pair, base *branchdiff.State, key []byte, f func(c schemaChange) error) error {
	c := schemaChange{p: p, base: base, key: key}
	for i, st := range []*branchdiff.State{&p.Source, &p.Target, base} {
		v, ok, err := st.Snap.AppendGet(nil, key)
		if err != nil {
			return err
		}
		if ok {
			if c.at[i], err = settled(key, v); err != nil {
				return err
			}
		}
	}
	if same(c.at[0], c.at[2]) || same(c.at[0], c.at[1]) {
		return nil
	}
	return f(c)
}

// refuseSchema refuses what the source has changed in its catalog and the target has not in the same way.
func refuseSchema(ctx context.Context, p *branchdiff.Pair) error {
	return eachSchemaChange(ctx, p, func(c schemaChange) error {
		return pgerr.New(pgerr.FeatureNotSupported, "merging schema changes is not supported: %s has been %s in branch \"%s\"",
			c.object(), c.what(), p.Source.DB.Branch).
			WithHint("Make the same change in branch \"%s\" first.", p.Target.DB.Branch)
	})
}

func (c *schemaChange) what() string {
	switch {
	case c.at[0] == nil:
		return "dropped"
	case c.at[2] == nil:
		return "created"
	}
	return "altered"
}

// object names what has changed.
func (c *schemaChange) object() string {
	if c.at[0] == nil {
		return describe(c.base.Cat, c.key)
	}
	return describe(c.p.Source.Cat, c.key)
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

func oidOf(key []byte) catalog.OID {
	k := key[tuple.KeyPrefixLen:]
	if len(k) != 5 {
		return 0
	}
	return catalog.OID(binary.BigEndian.Uint32(k[1:]))
}

// describe names the object of a descriptor.
func describe(cat *catalog.Catalog, key []byte) string {
	oid, kind := oidOf(key), kindOf(key)
	if kind == catalog.KindRelation {
		if t := cat.Table(oid); t != nil {
			return "relation " + ruleutils.Qualified(cat, t.Schema, t.Name)
		}
	}
	if sc := cat.SchemaByOID(oid); sc != nil && kind == catalog.KindSchema {
		return "schema \"" + sc.Name + "\""
	}
	if o := cat.Object(kind, oid); o != nil && o.Head().Name != "" {
		return kind.String() + " \"" + o.Head().Name + "\""
	}
	return "an object of kind " + kind.String()
}
