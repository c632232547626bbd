package external

import (
	"slices"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// describeChanges tells the columns of table_changes('path' | table, starting [, ending]): the table's, as delta_scan shows them,
// and files.ChangeColumns. Beginning and end are numbers of versions or times.
func (x *Sources) describeChanges(args []bind.TableArg) (*bind.TableFunction, error) {
	texts, err := x.texts("table_changes", byNumber(args), "starting", "ending")
	if err != nil {
		return nil, err
	}
	d, err := x.openChanges(texts)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	cols := changeColumns(d)
	for _, c := range cols[:len(cols)-len(files.ChangeColumns)] {
		if slices.ContainsFunc(files.ChangeColumns, func(a types.Attr) bool { return a.Name == c.Name }) {
			return nil, pgerr.Unsupported("changes of a table with a column \"" + c.Name + "\"")
		}
	}
	return &bind.TableFunction{Cols: cols, Args: texts}, nil
}

func changeColumns(d files.Delta) []types.Attr {
	cols := files.DeltaColumns(d)
	copy(cols[len(cols)-len(files.ChangeColumns):], files.ChangeColumns)
	return cols
}

func (x *Sources) readChanges(args []string, cols []types.Attr) (builtin.Rows, error) {
	d, err := x.openChanges(args)
	if err != nil {
		return nil, err
	}
	return files.ReadDelta(x.S.Context(), d, changeColumns(d), cols, x.S.Types())
}

func (x *Sources) openChanges(args []string) (files.Delta, error) {
	if x.Deltas == nil {
		return nil, pgerr.Unsupported("reading Delta tables")
	}
	from, to := files.Version{Number: -1}, files.Version{Number: -1}
	for i := 1; i+1 < len(args); i += 2 {
		at := &from
		switch args[i] {
		case "starting":
		case "ending":
			at = &to
		default:
			return nil, pgerr.New(pgerr.SyntaxError, "option \"%s\" not recognized", args[i])
		}
		var err error
		if *at, err = x.version(args[i], args[i+1]); err != nil {
			return nil, err
		}
	}
	if from.Number < 0 && from.At.IsZero() {
		return nil, pgerr.New(pgerr.SyntaxError, "table_changes takes a table, and the version or the time where its changes begin")
	}
	dir, err := x.deltaDirectory(args[0])
	if err != nil {
		return nil, err
	}
	return x.Deltas.OpenChanges(x.S.Context(), dir, from, to)
}

// version reads a number, or a time.
func (x *Sources) version(option, value string) (files.Version, error) {
	if n, err := versionNumber(option, value); err == nil {
		return files.Version{Number: n}, nil
	}
	at, err := x.versionTime(option, value)
	if err != nil {
		return files.Version{}, badOption(option, value)
	}
	return files.Version{Number: -1, At: at}, nil
}
