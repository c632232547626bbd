package session

import (
	"path"
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/builtin/system"
	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
)

// tableFunctions tells the binder of functions whose columns depend on their arguments.
type tableFunctions struct{ s *Session }

var (
	_ bind.TableFunctions = tableFunctions{}
	_ system.Tarn         = (*functions)(nil)
)

func (t tableFunctions) Const(e plan.Expr) (types.Datum, bool) { return t.s.evalConst(e) }

func (t tableFunctions) Describe(function string, args []bind.TableArg) (*bind.TableFunction, error) {
	switch function {
	case "read_files":
		return t.s.describeFiles(args)
	case "delta_scan":
		return t.s.describeDelta(args)
	}
	return nil, pgerr.Unsupported("function " + function)
}

// TableRows runs a function that Describe has told of.
func (f *functions) TableRows(function string, args []string, cols []types.Attr) (builtin.Rows, error) {
	switch function {
	case "read_files":
		return f.s().readFiles(args, cols)
	case "delta_scan":
		return f.s().readDelta(args, cols)
	}
	return nil, pgerr.Unsupported("function " + function)
}

// argTexts are the arguments of a call as texts: the path, then names and values of options. NULL is an option that is not given.
func (s *Session) argTexts(function string, args []bind.TableArg) ([]string, error) {
	var out []string
	for i, a := range args {
		text := ""
		if !a.Val.IsNull() {
			text = s.env.Type(a.Type).Text(a.Val, s.env)
		}
		switch {
		case i == 0 && (a.Name == "" || a.Name == "path"):
			if a.Val.IsNull() {
				return nil, pgerr.New(pgerr.NullValueNotAllowed, "path of %s must not be null", function)
			}
			out = append(out, text)
		case i == 0, a.Name == "":
			return nil, pgerr.New(pgerr.SyntaxError, "%s takes a path, and options by name", function).
				WithHint("Write %s('path', name => value).", function)
		case !a.Val.IsNull():
			out = append(out, a.Name, text)
		}
	}
	if len(out) == 0 {
		return nil, pgerr.New(pgerr.SyntaxError, "%s takes a path, and options by name", function)
	}
	return out, nil
}

// fileOptions reads what argTexts has made.
func (s *Session) fileOptions(args []string) (*files.Options, files.Store, error) {
	var list []files.Arg
	marked := false
	for i := 1; i+1 < len(args); i += 2 {
		if args[i] == copyMarker && s.copying != nil {
			marked = true
			continue
		}
		list = append(list, files.Arg{Name: args[i], Text: args[i+1]})
	}
	where, st, err := s.readable(args[0])
	if err != nil {
		return nil, nil, err
	}
	o, err := files.ParseOptions(where, list)
	if marked && err == nil {
		o.Names, o.Skip = s.copying.names, s.copying.skip
	}
	return o, st, err
}

func (s *Session) describeFiles(args []bind.TableArg) (*bind.TableFunction, error) {
	texts, err := s.argTexts("read_files", args)
	if err != nil {
		return nil, err
	}
	o, st, err := s.fileOptions(texts)
	if err != nil {
		return nil, err
	}
	cols, err := files.Describe((*functions)(s).Context(), st, o, s.typeNamed)
	if err != nil {
		return nil, err
	}
	return &bind.TableFunction{Cols: cols, Hidden: files.Metadata, HiddenAs: "_metadata", Args: texts}, nil
}

func (s *Session) readFiles(args []string, cols []types.Attr) (builtin.Rows, error) {
	o, st, err := s.fileOptions(args)
	if err != nil {
		return nil, err
	}
	rows, err := files.Open((*functions)(s).Context(), st, o, cols[:len(cols)-len(files.Metadata)], s.env)
	if err != nil {
		return nil, err
	}
	if slices.Contains(args[1:], copyMarker) && s.copying != nil {
		s.copying.rows = rows
	}
	return rows, nil
}

// typeNamed finds a type by its SQL name.
func (s *Session) typeNamed(name string) (types.OID, int32, error) {
	n, err := parser.TypeName(name)
	if n == nil || err != nil {
		return 0, 0, pgerr.New(pgerr.SyntaxError, "invalid type name \"%s\"", name)
	}
	t, err := bind.TypeName(s.bindEnv(s.catalog(), ""), n)
	return t.OID, t.Mod, err
}

// readable checks that the user may read files at a path, and tells the path in the store that has them.
func (s *Session) readable(p string) (string, files.Store, error) {
	if s.shared.Files == nil {
		return "", nil, pgerr.Unsupported("reading files")
	}
	p, err := absolute(p)
	if err != nil {
		return "", nil, err
	}
	id := s.identity()
	if !id.roles.HasPrivsOf(id.current, privilege.ReadServerFiles) {
		return "", nil, pgerr.New(pgerr.InsufficientPrivilege, "permission denied to read files of the server").
			WithDetail("Only superusers and roles with privileges of the \"%s\" role may read files of the server.", "pg_read_server_files")
	}
	return p, s.shared.Files, nil
}

// absolute is a path without . and .. in it.
func absolute(p string) (string, error) {
	if rest, ok := strings.CutPrefix(p, "file:"); ok {
		p = strings.TrimPrefix(rest, "//")
	}
	scheme, _, ok := strings.Cut(p, "://")
	switch {
	case ok:
		return "", pgerr.Unsupported("a path with scheme " + scheme)
	case !strings.HasPrefix(p, "/"):
		return "", pgerr.New(pgerr.InvalidName, "relative path not allowed: \"%s\"", p)
	}
	return path.Clean(p), nil
}
