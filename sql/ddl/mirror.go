package ddl

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// Storage parameters of the columnar mirror.
const (
	optMirror  = "mirror"
	optDeletes = "mirror_deletes"
	optMaxLag  = "mirror_max_lag"
	optFeed    = "change_data_feed"
)

// mirrorOption refuses a value that a storage parameter of the mirror cannot have.
func mirrorOption(name, value string) error {
	switch name {
	case optMirror, optFeed:
		if _, ok := types.ParseBool(value); !ok {
			return pgerr.New(pgerr.InvalidParameterValue, "invalid value for boolean option \"%s\": %s", name, value)
		}
	case optDeletes:
		if value != "vectors" && value != "rewrite" {
			return pgerr.New(pgerr.InvalidParameterValue, "invalid value for enum option \"%s\": %s", name, value).
				WithDetail("Valid values are \"vectors\" and \"rewrite\".")
		}
	case optMaxLag:
		if !validLag(value) {
			return pgerr.New(pgerr.InvalidParameterValue, "invalid value for option \"%s\": %s", name, value).
				WithHint("Valid units for this parameter are \"ms\", \"s\", \"min\", and \"h\".")
		}
	default:
		if strings.HasPrefix(name, "mirror") {
			return pgerr.New(pgerr.InvalidParameterValue, "unrecognized parameter \"%s\"", name)
		}
	}
	return nil
}

// validLag reports whether the mirror can read a mirror_max_lag: seconds, or a number with a unit.
func validLag(s string) bool {
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return n >= 0 && n < 1e9
	}
	s = strings.ReplaceAll(s, " ", "")
	for _, unit := range [...]string{"ms", "s", "min", "h"} {
		digits, ok := strings.CutSuffix(s, unit)
		if n, err := strconv.ParseFloat(digits, 64); ok && err == nil {
			return n >= 0 && n < float64(1000000*time.Hour/time.Second)
		}
	}
	return false
}

// unmirrored gives a new table the parameter that keeps it out of the mirror where tarn.mirror is off and nothing else was said.
func (x *exec) unmirrored(t *catalog.Table) {
	if _, said := t.Options.Get(optMirror); x.NoMirror && !said && t.Kind == catalog.RelTable && t.Persistence == catalog.Permanent {
		t.Options = t.Options.With(catalog.RelOption{Name: optMirror, Value: "off"})
	}
}

// feedColumns are the columns of a change data feed behind those of the table.
var feedColumns = []string{"_change_type", "_commit_version", "_commit_timestamp"}

// checkFeed refuses a change data feed of a table that has no Delta table, or that has columns of the feed's names.
func checkFeed(t *catalog.Table) error {
	v, _ := t.Options.Get(optFeed)
	if on, _ := types.ParseBool(v); !on {
		return nil
	}
	if t.Kind != catalog.RelTable || t.Persistence != catalog.Permanent {
		return pgerr.New(pgerr.InvalidParameterValue, "unrecognized parameter \"%s\"", optFeed)
	}
	for i := range t.Columns {
		if c := &t.Columns[i]; !c.Dropped && slices.ContainsFunc(feedColumns, func(n string) bool { return strings.EqualFold(n, c.Name) }) {
			return pgerr.New(pgerr.InvalidTableDefinition, "column \"%s\" of table \"%s\" has a name that the change data feed needs", c.Name, t.Name)
		}
	}
	return nil
}
