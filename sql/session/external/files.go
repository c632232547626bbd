package external

import (
	"slices"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/types"
)

// fileOptions reads what texts has made.
func (x *Sources) fileOptions(args []string) (*files.Options, files.Store, error) {
	var list []files.Arg
	marked := false
	for i := 1; i+1 < len(args); i += 2 {
		if args[i] == loadMarker && x.Loading != nil {
			marked = true
			continue
		}
		list = append(list, files.Arg{Name: args[i], Text: args[i+1]})
	}
	where, st, err := x.readable(args[0])
	if err != nil {
		return nil, nil, err
	}
	o, err := files.ParseOptions(where, list)
	if marked && err == nil {
		o.Names, o.Skip = x.Loading.Names, x.Loading.Skip
	}
	return o, st, err
}

// List is the file at a path, or what is in the directory there, by name.
func (x *Sources) List(p string) ([]files.Info, error) {
	where, st, err := x.readable(p)
	if err != nil {
		return nil, err
	}
	return files.List(x.S.Context(), st, where)
}

func (x *Sources) describeFiles(args []bind.TableArg) (*bind.TableFunction, error) {
	texts, err := x.texts("read_files", args)
	if err != nil {
		return nil, err
	}
	o, st, err := x.fileOptions(texts)
	if err != nil {
		return nil, err
	}
	cols, err := files.Describe(x.S.Context(), st, o, x.S.TypeNamed)
	if err != nil {
		return nil, err
	}
	return &bind.TableFunction{Cols: cols, Hidden: files.Metadata, HiddenAs: "_metadata", Args: texts}, nil
}

func (x *Sources) readFiles(args []string, cols []types.Attr) (builtin.Rows, error) {
	o, st, err := x.fileOptions(args)
	if err != nil {
		return nil, err
	}
	rows, err := files.Open(x.S.Context(), st, o, cols[:len(cols)-len(files.Metadata)], x.S.Types())
	if err != nil {
		return nil, err
	}
	if slices.Contains(args[1:], loadMarker) && x.Loading != nil {
		x.Loading.Rows = rows
	}
	return rows, nil
}
