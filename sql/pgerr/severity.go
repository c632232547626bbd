package pgerr

import "strings"

// SeverityRank orders severities as client_min_messages does; the larger is never held back.
func SeverityRank(severity string) int {
	switch {
	case strings.HasPrefix(severity, "DEBUG"):
		return 0
	case severity == SeverityLog:
		return 1
	case severity == SeverityNotice:
		return 2
	case severity == SeverityWarning:
		return 3
	case severity == SeverityError:
		return 4
	}
	return 5 // INFO is always sent
}
