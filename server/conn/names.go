package conn

// names gives statement and portal names of messages as strings without allocating for those seen before. Beyond
// its bound it starts again.
type names struct{ m map[string]string }

const maxNames = 512

func (n *names) of(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if s, ok := n.m[string(b)]; ok {
		return s
	}
	if n.m == nil || len(n.m) >= maxNames {
		n.m = make(map[string]string)
	}
	s := string(b)
	if len(s) <= 128 {
		n.m[s] = s
	}
	return s
}
