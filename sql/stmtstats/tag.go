package stmtstats

import (
	"strconv"
	"strings"
)

// TagRows are the rows that the command tag of a utility statement says.
func TagRows(tag string) int64 {
	word, n, _ := strings.Cut(tag, " ")
	switch word {
	case "COPY", "FETCH", "SELECT", "REFRESH":
		if rows, err := strconv.ParseInt(n, 10, 64); err == nil {
			return rows
		}
	}
	return 0
}
