package catalog

import (
	"strings"

	"github.com/tarndb/tarn/sql/types"
)

// OptClusterBy is the storage parameter that names the columns by which the files of a table's Delta table are clustered.
const OptClusterBy = "cluster_by"

// ClusterColumns are the names in the value of the parameter cluster_by; ok is false where it is no list of names.
func ClusterColumns(value string) (names []string, ok bool) {
	s := strings.TrimSpace(value)
	for {
		name := ""
		if strings.HasPrefix(s, `"`) {
			end := 1
			for end < len(s) && s[end] != '"' {
				if strings.HasPrefix(s[end+1:], `""`) {
					end += 2
				}
				end++
			}
			if end >= len(s) {
				return nil, false
			}
			name, s = strings.ReplaceAll(s[1:end], `""`, `"`), strings.TrimSpace(s[end+1:])
		} else {
			end := strings.IndexAny(s, ",\"")
			if end < 0 {
				end = len(s)
			}
			name, s = types.LowerASCII(strings.TrimSpace(s[:end])), s[end:]
			if strings.ContainsAny(name, " \t\n\r.()'") {
				return nil, false
			}
		}
		if name == "" {
			return nil, false
		}
		names = append(names, name)
		if s == "" {
			return names, true
		}
		if s[0] != ',' {
			return nil, false
		}
		s = strings.TrimSpace(s[1:])
	}
}

// ClusterBy are the columns by which the table's files are clustered.
func (t *Table) ClusterBy() (atts []int16) {
	v, _ := t.Options.Get(OptClusterBy)
	if v == "" {
		return nil
	}
	names, _ := ClusterColumns(v)
	for _, n := range names {
		if c := t.ColumnByName(n); c != nil {
			atts = append(atts, c.AttNum)
		}
	}
	return atts
}

// Clusters reports whether rows can be clustered by values of a type.
func Clusters(t types.OID) bool {
	switch t {
	case types.Int2, types.Int4, types.Int8, types.Float4, types.Float8, types.Numeric, types.Date, types.Timestamp, types.TimestampTZ,
		types.Text, types.Varchar, types.BPChar, types.UUID:
		return true
	}
	return false
}
