package session

import (
	"strconv"
	"strings"
	"time"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
)

// describeDelta tells the columns of delta_scan('path' | table [, version => n | timestamp_as_of => t]).
func (s *Session) describeDelta(args []bind.TableArg) (*bind.TableFunction, error) {
	if len(args) > 0 && args[0].Type == types.RegClass && !args[0].Val.IsNull() {
		// The text of a regclass depends on search_path; its number does not.
		args = append([]bind.TableArg(nil), args...)
		args[0].Type = types.Oid
	}
	texts, err := s.argTexts("delta_scan", args)
	if err != nil {
		return nil, err
	}
	d, err := s.openDelta(texts)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return &bind.TableFunction{Cols: files.DeltaColumns(d), Args: texts}, nil
}

func (s *Session) readDelta(args []string, cols []types.Attr) (builtin.Rows, error) {
	d, err := s.openDelta(args)
	if err != nil {
		return nil, err
	}
	return files.ReadDelta((*functions)(s).Context(), d, cols, s.env)
}

// openDelta opens the version that the arguments name, if the user may read it.
func (s *Session) openDelta(args []string) (files.Delta, error) {
	if s.shared.Deltas == nil {
		return nil, pgerr.Unsupported("reading Delta tables")
	}
	version, at := int64(-1), time.Time{}
	for i := 1; i+1 < len(args); i += 2 {
		value := args[i+1]
		switch args[i] {
		case "version":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || n < 0 {
				return nil, pgerr.New(pgerr.InvalidParameterValue, "invalid value for option \"version\": \"%s\"", value)
			}
			version = n
		case "timestamp_as_of":
			d, err := types.Lookup(types.TimestampTZ).ParseText(value, -1, s.env)
			if err != nil {
				return nil, err
			}
			if !calendar.ValidTimestamp(d.Int()) {
				return nil, pgerr.New(pgerr.InvalidParameterValue, "invalid value for option \"timestamp_as_of\": \"%s\"", value)
			}
			at = calendar.TimeOf(d.Int())
		default:
			return nil, pgerr.New(pgerr.SyntaxError, "option \"%s\" not recognized", args[i])
		}
	}
	if version >= 0 && !at.IsZero() {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "version and timestamp_as_of cannot be given together")
	}
	dir, err := s.deltaDirectory(args[0])
	if err != nil {
		return nil, err
	}
	return s.shared.Deltas.OpenDelta((*functions)(s).Context(), dir, version, at)
}

// deltaDirectory finds a Delta table by its path, or that of a table of the database by its number or name.
func (s *Session) deltaDirectory(of string) (string, error) {
	if strings.HasPrefix(of, "/") || strings.Contains(of, ":/") {
		dir, _, err := s.readable(of)
		return dir, err
	}
	oid, err := strconv.ParseUint(of, 10, 32)
	if err != nil {
		d, err := types.Lookup(types.RegClass).ParseText(of, -1, s.env)
		if err != nil {
			return "", err
		}
		oid = d.Uint()
	}
	t := s.catalog().Table(catalog.OID(oid))
	if t == nil {
		return "", pgerr.New(pgerr.UndefinedTable, "relation with OID %d does not exist", oid)
	}
	access := (&plan.Access{Table: t}).Reading()
	for i := range t.Columns {
		if !t.Columns[i].Dropped {
			access.Read(t.Columns[i].AttNum)
		}
	}
	if id := s.identity(); !allowed(id.roles, id.current, access) {
		return "", t.Denied()
	}
	if guards, err := s.viewer().Guards(t, 0); err != nil {
		return "", err
	} else if guards {
		return "", pgerr.Unsupported("delta_scan of a table with row-level security")
	}
	dir, ok := (*functions)(s).DeltaPath(t.OID)
	if !ok {
		return "", pgerr.New(pgerr.ObjectNotInPrerequisiteState, "relation \"%s\" has no Delta table", t.Name)
	}
	return dir, nil
}
