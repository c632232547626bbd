package settings

import "strings"

// Identifiers reads a list of identifiers as SET search_path takes it.
func Identifiers(v string) []string {
	var out []string
	for v = strings.TrimSpace(v); v != ""; {
		var name string
		if v[0] == '"' {
			var b strings.Builder
			i := 1
			for ; i < len(v); i++ {
				if v[i] == '"' {
					if i+1 < len(v) && v[i+1] == '"' {
						i++
					} else {
						break
					}
				}
				b.WriteByte(v[i])
			}
			name, v = b.String(), v[min(i+1, len(v)):]
			_, v, _ = strings.Cut(v, ",")
		} else {
			name, v, _ = strings.Cut(v, ",")
			name = strings.ToLower(strings.TrimSpace(name))
		}
		if name != "" {
			out = append(out, name)
		}
		v = strings.TrimSpace(v)
	}
	return out
}
