package external

import (
	"context"
	"path"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// Session is what reading needs of the session that reads.
type Session interface {
	Context() context.Context // of the statement under way
	Types() *types.Env
	Catalog() *catalog.Catalog
	TypeNamed(name string) (types.OID, int32, error)
	// MayReadFiles fails for a user who may not read files of the server. Errors: 42501.
	MayReadFiles() error
	// MayWriteFiles fails for a user who may not write files of the server. Errors: 42501.
	MayWriteFiles() error
	// Volume is the volume of a name that the user may read or (write) change, in this database. Errors: 42501, 3F000, 42704, 0A000.
	Volume(database, schema, name string, write bool) (files.Volume, error)
	// MayReadWhole fails for a user who may not read each row and column of a table. Errors: 42501, 0A000.
	MayReadWhole(t *catalog.Table) error
	// DeltaPath is the directory of a table's Delta table; ok is false for a table without one.
	DeltaPath(table catalog.OID) (path string, ok bool)
}

// Sources are the places that a session reads.
type Sources struct {
	S       Session
	Files   files.Store   // nil: reading files is 0A000
	Deltas  files.Deltas  // nil: reading Delta tables is 0A000
	Volumes files.Volumes // nil: there are none, and nothing is written to buckets
	Loading *Loading      // the COPY INTO under way; nil: none
}

// Describe tells the columns of a call (bind.TableFunctions).
func (x *Sources) Describe(function string, args []bind.TableArg) (*bind.TableFunction, error) {
	switch function {
	case "read_files":
		return x.describeFiles(args)
	case "delta_scan":
		return x.describeDelta(args)
	case "table_changes":
		return x.describeChanges(args)
	}
	return nil, pgerr.Unsupported("function " + function)
}

// Rows runs a call that Describe has told of.
func (x *Sources) Rows(function string, args []string, cols []types.Attr) (builtin.Rows, error) {
	switch function {
	case "read_files":
		return x.readFiles(args, cols)
	case "delta_scan":
		return x.readDelta(args, cols)
	case "table_changes":
		return x.readChanges(args, cols)
	}
	return nil, pgerr.Unsupported("function " + function)
}

// texts are the arguments of a call as texts: the path, then names and values of options. NULL is an option that is not given.
// positions are the names of arguments that may also be given by their place.
func (x *Sources) texts(function string, args []bind.TableArg, positions ...string) ([]string, error) {
	env := x.S.Types()
	var out []string
	for i, a := range args {
		text, name := "", a.Name
		if !a.Val.IsNull() {
			text = env.Type(a.Type).Text(a.Val, env)
		}
		if name == "" && i > 0 && i <= len(positions) {
			name = positions[i-1]
		}
		switch {
		case i == 0 && (name == "" || name == "path"):
			if a.Val.IsNull() {
				return nil, pgerr.New(pgerr.NullValueNotAllowed, "path of %s must not be null", function)
			}
			out = append(out, text)
		case i == 0, name == "":
			return nil, argsError(function)
		case !a.Val.IsNull():
			out = append(out, name, text)
		}
	}
	if len(out) == 0 {
		return nil, argsError(function)
	}
	return out, nil
}

func argsError(function string) error {
	return pgerr.New(pgerr.SyntaxError, "%s takes a path, and options by name", function).
		WithHint("Write %s('path', name => value).", function)
}

// readable checks that the user may read files at a path, and tells the path in the store that has them.
func (x *Sources) readable(p string) (string, files.Store, error) {
	if x.Files == nil {
		return "", nil, pgerr.Unsupported("reading files")
	}
	if volumePath(p) {
		v, p, err := x.InVolume(p, false)
		return p, v, err
	}
	p, err := absolute(p)
	if err != nil {
		return "", nil, err
	}
	if err := x.S.MayReadFiles(); err != nil {
		return "", nil, err
	}
	return p, x.Files, nil
}

// absolute is a path without . and .. in it.
func absolute(p string) (string, error) {
	if rest, ok := strings.CutPrefix(p, "file:"); ok {
		p = strings.TrimPrefix(rest, "//")
	}
	scheme, rest, ok := strings.Cut(p, "://")
	switch {
	case ok && (scheme == "s3" || scheme == "s3a"):
		return "s3:/" + path.Clean("/"+rest), nil
	case ok:
		return "", pgerr.Unsupported("a path with scheme " + scheme)
	case !strings.HasPrefix(p, "/"):
		return "", pgerr.New(pgerr.InvalidName, "relative path not allowed: \"%s\"", p)
	}
	return path.Clean(p), nil
}
