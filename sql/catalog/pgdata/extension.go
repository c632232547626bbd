package pgdata

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"strings"
	"sync"
)

// Rows of extensions: extension/<name>/<catalog>.tsv has the columns of data/<catalog>.tsv, with 0 for the schema. dumpext.py writes
// them. Load and what is built on it give the rows of all extensions after PostgreSQL's own.
//
//go:embed extension
var extensionFiles embed.FS

// OIDs of extensions' objects. Columns and stored dependencies refer to them on disk: a number that is given keeps its meaning
// for ever (extension/oids.txt).
const (
	FirstExtensionOID uint32 = 14000
	EndExtensionOID   uint32 = 16384
)

// Extension is what an extension's control file says, and the OIDs that its objects take.
type Extension struct {
	Name                            string
	First, Last                     uint32 // both included
	Version                         string
	Relocatable, Superuser, Trusted bool
	Schema                          string // the only schema that it can be in; "": any
	Comment                         string
}

// Extensions are those that can be created, in the order of their names.
var Extensions = sync.OnceValue(func() []Extension {
	t := parseFile(extensionFiles, "extension/control.tsv")
	out := make([]Extension, len(t.Rows))
	for i, row := range t.Rows {
		r := &reader{row: row}
		out[i] = Extension{Name: r.str(), First: r.oid(), Last: r.oid(), Version: r.str(), Relocatable: r.bool(), Superuser: r.bool(),
			Trusted: r.bool(), Schema: r.str(), Comment: r.str()}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
})

// ExtensionNamed finds an extension; nil if there is none.
func ExtensionNamed(name string) *Extension {
	list := Extensions()
	if i := slices.IndexFunc(list, func(x Extension) bool { return x.Name == name }); i >= 0 {
		return &list[i]
	}
	return nil
}

// ExtensionOf is the extension whose objects have that OID; nil for other OIDs.
func ExtensionOf(oid uint32) *Extension {
	if oid < FirstExtensionOID || oid >= EndExtensionOID {
		return nil
	}
	list := Extensions()
	if i := slices.IndexFunc(list, func(x Extension) bool { return x.First <= oid && oid <= x.Last }); i >= 0 {
		return &list[i]
	}
	return nil
}

// Table is an extension's own rows of a catalog, or of another file of its directory; nil if it has none.
func (x *Extension) Table(name string) *Table {
	path := "extension/" + x.Name + "/" + name + ".tsv"
	if _, err := fs.Stat(extensionFiles, path); err != nil {
		return nil
	}
	return parseFile(extensionFiles, path)
}

// withExtensions adds the rows of extensions to a catalog's.
func withExtensions(name string, t *Table) *Table {
	for i := range Extensions() {
		x := &Extensions()[i]
		own := x.Table(name)
		if own == nil {
			continue
		}
		if !slices.Equal(own.Columns, t.Columns) {
			panic(fmt.Sprintf("pgdata: %s of extension %s has the columns %s", name, x.Name, strings.Join(own.Columns, " ")))
		}
		t.Rows = append(t.Rows, own.Rows...)
	}
	return t
}
