package system

import (
	"time"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/storage/tuple"
)

// Tarn is what Tarn's own functions ask of a session (spec/surface.md, "Log and mirror"). Sessions that have a mirror
// and branches implement it next to Session.
type Tarn interface {
	// MirrorSync publishes what is committed, of one table or (0) of all, and returns the position that it covers.
	MirrorSync(table types.OID) (lsn uint64, err error)
	// DeltaPath is the directory of a table's Delta table; ok is false for a table without one.
	DeltaPath(table types.OID) (path string, ok bool)
	// MirrorHistory lists the commits of a table's Delta log that are kept, the newest first.
	MirrorHistory(table types.OID) ([]MirrorCommit, error)
	Branch() string
	// ListFiles is the file at a path, or what is in the directory there.
	ListFiles(path string) ([]File, error)
	// BranchDiff lists what a branch has changed that another one lacks, in one table or (0) in all.
	BranchDiff(source, target string, table types.OID) (call.Rows, error)
	// BranchSchemaDiff lists the objects that a branch has changed and another one has not.
	BranchSchemaDiff(source, target string) (call.Rows, error)
	// TableRows starts a function whose columns depend on its arguments.
	TableRows(function string, args []string, cols []types.Attr) (call.Rows, error)
}

// tableSets are the functions whose columns depend on their arguments: as the statement was bound they are RetFields.
func tableSets() call.Sets {
	run := func(function string) call.SetFn {
		return func(c *call.Call, args []types.Datum) (call.Rows, error) {
			t, err := tarn(c)
			if err != nil {
				return nil, err
			}
			if c.RetFields == nil {
				return nil, pgerr.Unsupported("function " + function + " outside of FROM")
			}
			texts := make([]string, len(args))
			for i, a := range args {
				texts[i] = string(a.Bytes())
			}
			return t.TableRows(function, texts, c.RetFields)
		}
	}
	return call.Sets{"tarn_branch_diff": branchDiff, "tarn_branch_schema_diff": branchSchemaDiff, "tarn_read_files": run("read_files"), "tarn_delta_scan": run("delta_scan"),
		"tarn_table_changes": run("table_changes")}
}

// branchDiff is branch_diff(source, target [, table]).
func branchDiff(c *call.Call, args []types.Datum) (call.Rows, error) {
	t, err := tarn(c)
	if err != nil {
		return nil, err
	}
	table := types.OID(0)
	if len(args) > 2 {
		table = types.OID(args[2].Uint())
	}
	return t.BranchDiff(string(args[0].Bytes()), string(args[1].Bytes()), table)
}

// branchSchemaDiff is branch_schema_diff(source, target).
func branchSchemaDiff(c *call.Call, args []types.Datum) (call.Rows, error) {
	t, err := tarn(c)
	if err != nil {
		return nil, err
	}
	return t.BranchSchemaDiff(string(args[0].Bytes()), string(args[1].Bytes()))
}

// MirrorCommit is a row of tarn.mirror_history. LSN is 0 where another writer made the commit.
type MirrorCommit struct {
	Version                    int64
	Time                       time.Time
	Operation                  string
	LSN                        uint64
	Added, Removed, AddedBytes int64 // of files
}

// mirrorHistory is tarn.mirror_history(regclass).
func mirrorHistory(c *call.Call, args []types.Datum) (call.Rows, error) {
	t, err := tarn(c)
	if err != nil {
		return nil, err
	}
	list, err := t.MirrorHistory(types.OID(args[0].Uint()))
	if err != nil {
		return nil, err
	}
	rows := make([][]types.Datum, len(list))
	for i, h := range list {
		lsn := types.Null
		if h.LSN != 0 {
			lsn = tuple.Uint(h.LSN)
		}
		rows[i] = []types.Datum{tuple.Int(h.Version), tuple.Int(calendar.TimestampOf(h.Time)), tuple.String(h.Operation), lsn,
			tuple.Int(h.Added), tuple.Int(h.Removed), tuple.Int(h.AddedBytes)}
	}
	return call.TableRows(rows), nil
}

// File is a row of list_files.
type File struct {
	Path, Name string
	Size       int64
	ModTime    time.Time // zero: not known
	Dir        bool
}

// listFiles is list_files(text).
func listFiles(c *call.Call, args []types.Datum) (call.Rows, error) {
	t, err := tarn(c)
	if err != nil {
		return nil, err
	}
	list, err := t.ListFiles(string(args[0].Bytes()))
	if err != nil {
		return nil, err
	}
	rows := make([][]types.Datum, len(list))
	for i, f := range list {
		at := types.Null
		if !f.ModTime.IsZero() {
			at = tuple.Int(calendar.TimestampOf(f.ModTime))
		}
		rows[i] = []types.Datum{tuple.String(f.Path), tuple.String(f.Name), tuple.Int(f.Size), at, tuple.Bool(f.Dir)}
	}
	return call.TableRows(rows), nil
}

func tarnFns() call.Fns {
	return call.Fns{
		"tarn_mirror_sync_all": func(c *call.Call, _ []types.Datum) (types.Datum, error) { return mirrorSync(c, 0) },
		"tarn_mirror_sync": func(c *call.Call, args []types.Datum) (types.Datum, error) {
			return mirrorSync(c, types.OID(args[0].Uint()))
		},
		"tarn_delta_path": func(c *call.Call, args []types.Datum) (types.Datum, error) {
			t, err := tarn(c)
			if err != nil {
				return types.Null, err
			}
			path, ok := t.DeltaPath(types.OID(args[0].Uint()))
			if !ok {
				return types.Null, nil
			}
			return tuple.String(path), nil
		},
		"tarn_current_branch": func(c *call.Call, _ []types.Datum) (types.Datum, error) {
			t, err := tarn(c)
			if err != nil {
				return types.Null, err
			}
			return tuple.String(t.Branch()), nil
		},
	}
}

func tarn(c *call.Call) (Tarn, error) {
	if t, ok := c.Sess.(Tarn); ok {
		return t, nil
	}
	return nil, pgerr.Unsupported("function " + call.Signature(c.Proc) + " outside of a session")
}

func mirrorSync(c *call.Call, table types.OID) (types.Datum, error) {
	t, err := tarn(c)
	if err != nil {
		return types.Null, err
	}
	lsn, err := t.MirrorSync(table)
	if err != nil {
		return types.Null, err
	}
	return tuple.Uint(lsn), nil
}
