package external

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
)

// describeDelta tells the columns of delta_scan('path' | table [, version => n | timestamp_as_of => t]).
func (x *Sources) describeDelta(args []bind.TableArg) (*bind.TableFunction, error) {
	texts, err := x.texts("delta_scan", byNumber(args))
	if err != nil {
		return nil, err
	}
	d, err := x.openDelta(texts)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return &bind.TableFunction{Cols: files.DeltaColumns(d), Args: texts, Rows: d.Rows()}, nil
}

// byNumber makes a regclass its number: its text depends on search_path.
func byNumber(args []bind.TableArg) []bind.TableArg {
	if len(args) > 0 && args[0].Type == types.RegClass && !args[0].Val.IsNull() {
		args = slices.Clone(args)
		args[0].Type = types.Oid
	}
	return args
}

func (x *Sources) readDelta(args []string, cols []types.Attr) (builtin.Rows, error) {
	d, err := x.openDelta(args)
	if err != nil {
		return nil, err
	}
	return files.ReadDelta(x.S.Context(), d, files.DeltaColumns(d), cols, x.S.Types())
}

// openDelta opens the version that the arguments name, if the user may read it.
func (x *Sources) openDelta(args []string) (files.Delta, error) {
	dir, v, err := x.DeltaVersion(args)
	if err != nil {
		return nil, err
	}
	return x.Deltas.OpenDelta(x.S.Context(), dir, v, nil)
}

// DeltaVersion is the version that the arguments of delta_scan name, if the user may read it.
func (x *Sources) DeltaVersion(args []string) (dir string, v files.Version, err error) {
	v.Number = -1
	if x.Deltas == nil {
		return "", v, pgerr.Unsupported("reading Delta tables")
	}
	for i := 1; i+1 < len(args); i += 2 {
		value := args[i+1]
		switch args[i] {
		case "version":
			if v.Number, err = versionNumber("version", value); err != nil {
				return "", v, err
			}
		case "timestamp_as_of":
			if v.At, err = x.versionTime("timestamp_as_of", value); err != nil {
				return "", v, err
			}
		default:
			return "", v, pgerr.New(pgerr.SyntaxError, "option \"%s\" not recognized", args[i])
		}
	}
	if v.Number >= 0 && !v.At.IsZero() {
		return "", v, pgerr.New(pgerr.InvalidParameterValue, "version and timestamp_as_of cannot be given together")
	}
	dir, err = x.deltaDirectory(args[0])
	return dir, v, err
}

func badOption(option, value string) error {
	return pgerr.New(pgerr.InvalidParameterValue, "invalid value for option \"%s\": \"%s\"", option, value)
}

func versionNumber(option, value string) (int64, error) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 {
		return 0, badOption(option, value)
	}
	return n, nil
}

func (x *Sources) versionTime(option, value string) (time.Time, error) {
	d, err := types.Lookup(types.TimestampTZ).ParseText(value, -1, x.S.Types())
	if err != nil {
		return time.Time{}, err
	}
	if !calendar.ValidTimestamp(d.Int()) {
		return time.Time{}, badOption(option, value)
	}
	return calendar.TimeOf(d.Int()), nil
}

// deltaDirectory finds a Delta table by its path, or that of a table of the database by its number or name.
func (x *Sources) deltaDirectory(of string) (string, error) {
	if strings.HasPrefix(of, "/") || strings.Contains(of, ":/") {
		if volumePath(of) {
			return "", pgerr.Unsupported("a Delta table in a volume")
		}
		dir, _, err := x.readable(of)
		return dir, err
	}
	oid, err := strconv.ParseUint(of, 10, 32)
	if err != nil {
		d, err := types.Lookup(types.RegClass).ParseText(of, -1, x.S.Types())
		if err != nil {
			return "", err
		}
		oid = d.Uint()
	}
	t := x.S.Catalog().Table(catalog.OID(oid))
	if t == nil {
		return "", pgerr.New(pgerr.UndefinedTable, "relation with OID %d does not exist", oid)
	}
	if err := x.S.MayReadWhole(t); err != nil {
		return "", err
	}
	dir, ok := x.S.DeltaPath(t.OID)
	if !ok {
		return "", pgerr.New(pgerr.ObjectNotInPrerequisiteState, "relation \"%s\" has no Delta table", t.Name)
	}
	return dir, nil
}
