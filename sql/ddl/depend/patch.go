package depend

import "sort"

// Stored SQL is changed in place, at the locations that its parse tree gives: the text stays what it was otherwise.

// Patch is new text for a part of stored SQL.
type Patch struct {
	Off, End int
	Text     string
}

// ApplyText is sql with patches that do not overlap.
func ApplyText(sql string, list []Patch) string {
	sort.Slice(list, func(i, j int) bool { return list[i].Off > list[j].Off })
	for _, p := range list {
		sql = sql[:p.Off] + p.Text + sql[p.End:]
	}
	return sql
}

// IdentAt finds the n-th identifier of a dotted name that starts at off.
func IdentAt(sql string, off, n int) (start, end int, ok bool) {
	for i := off; i < len(sql); n-- {
		start = i
		if sql[i] == '"' {
			for i++; i < len(sql) && (sql[i] != '"' || i+1 < len(sql) && sql[i+1] == '"'); i++ {
				if sql[i] == '"' {
					i++
				}
			}
			i++
		} else {
			for i < len(sql) && (sql[i] == '_' || sql[i] == '$' || sql[i] >= 0x80 || sql[i] >= '0' && sql[i] <= '9' || sql[i]|0x20 >= 'a' && sql[i]|0x20 <= 'z') {
				i++
			}
		}
		end = min(i, len(sql))
		if n == 0 {
			return start, end, end > start
		}
		for i < len(sql) && sql[i] == ' ' {
			i++
		}
		if i >= len(sql) || sql[i] != '.' {
			return 0, 0, false
		}
		for i++; i < len(sql) && sql[i] == ' '; i++ {
		}
	}
	return 0, 0, false
}
