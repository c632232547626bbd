package system

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

func orNull(s string) types.Datum {
	if s == "" {
		return types.Null
	}
	return tuple.String(s)
}

// availableExtensions is the function under pg_available_extensions.
func availableExtensions(*call.Call, []types.Datum) (call.Rows, error) {
	var rows [][]types.Datum
	for _, x := range pgdata.Extensions() {
		rows = append(rows, []types.Datum{tuple.String(x.Name), tuple.String(x.Version), orNull(x.Comment)})
	}
	return call.TableRows(rows), nil
}

// availableExtensionVersions is the function under pg_available_extension_versions: of each extension there is one version.
func availableExtensionVersions(*call.Call, []types.Datum) (call.Rows, error) {
	var rows [][]types.Datum
	for _, x := range pgdata.Extensions() {
		rows = append(rows, []types.Datum{tuple.String(x.Name), tuple.String(x.Version), tuple.Bool(x.Superuser), tuple.Bool(x.Trusted), tuple.Bool(x.Relocatable),
			orNull(x.Schema), types.Null, orNull(x.Comment)})
	}
	return call.TableRows(rows), nil
}

// extensionUpdatePaths is pg_extension_update_paths: there are no other versions to come from.
func extensionUpdatePaths(_ *call.Call, a []types.Datum) (call.Rows, error) {
	if pgdata.ExtensionNamed(a[0].Str()) == nil {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "extension \"%s\" is not available", a[0].Str())
	}
	return call.TableRows(nil), nil
}

func extensionConfigDump(*call.Call, []types.Datum) (types.Datum, error) {
	return types.Null, pgerr.New(pgerr.FeatureNotSupported, "pg_extension_config_dump() can only be called from an SQL script executed by CREATE EXTENSION")
}

// objectArgs are the arguments of the functions about an address.
func objectArgs(a []types.Datum) (class, obj types.OID, sub int32) {
	return types.OID(a[0].Uint()), types.OID(a[1].Uint()), int32(a[2].Int())
}

func describeObject(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	class, obj, sub := objectArgs(a)
	if class == 0 && obj == 0 {
		return types.Null, nil // an entry for a pinned object
	}
	return orNull(s.DescribeObject(class, obj, sub)), nil
}

var textAttrs = []types.Attr{{Name: "type", Type: types.Text, Mod: -1}, {Name: "schema", Type: types.Text, Mod: -1}, {Name: "name", Type: types.Text, Mod: -1},
	{Name: "identity", Type: types.Text, Mod: -1}}

// record makes a value of an anonymous row type.
func record(attrs []types.Attr, vals []types.Datum) types.Datum {
	fields := make([]tuple.Field, len(vals))
	for i, v := range vals {
		fields[i] = tuple.Field{OID: attrs[i].Type, Kind: types.Lookup(attrs[i].Type).Kind, Value: v}
	}
	return tuple.Bytes(tuple.AppendRecord(nil, fields))
}

func identifyObject(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	id, ok := s.IdentifyObject(objectArgs(a))
	vals := []types.Datum{types.Null, types.Null, types.Null, types.Null}
	if ok {
		vals = []types.Datum{orNull(id.Type), orNull(id.Schema), orNull(id.Name), orNull(id.Identity)}
	}
	return record(textAttrs, vals), nil
}

var addressAttrs = []types.Attr{{Name: "type", Type: types.Text, Mod: -1}, {Name: "object_names", Type: types.TextArray, Mod: -1},
	{Name: "object_args", Type: types.TextArray, Mod: -1}}

func identifyAddress(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	id, ok := s.IdentifyObject(objectArgs(a))
	vals := []types.Datum{types.Null, types.Null, types.Null}
	if ok {
		list := func(s []string) types.Datum {
			out := make([]types.Datum, len(s))
			for i := range s {
				out[i] = tuple.String(s[i])
			}
			return call.TextArray(out)
		}
		vals = []types.Datum{orNull(id.Type), list(id.Names), list(id.Args)}
	}
	return record(addressAttrs, vals), nil
}
