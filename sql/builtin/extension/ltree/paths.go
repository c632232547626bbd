package ltree

import (
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/ltree"
	"github.com/tarndb/tarn/storage/tuple"
)

func path(s string) (types.Datum, error) { return tuple.String(s), nil }

// compare is positive or negative by more the earlier the paths differ, as ltree_cmp's answer is.
func compare(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, y := ltree.Labels(a[0].Str()), ltree.Labels(a[1].Str())
	for i := range min(len(x), len(y)) {
		left := 10 * int64(len(x)-i+1)
		n := min(len(x[i]), len(y[i]))
		if c := strings.Compare(x[i][:n], y[i][:n]); c != 0 {
			return call.Int(int64(c) * left)
		}
		if len(x[i]) != len(y[i]) {
			return call.Int(int64(len(x[i])-len(y[i])) * left)
		}
	}
	rest := len(x) - min(len(x), len(y))
	return call.Int(int64(len(x)-len(y)) * 10 * int64(rest+1))
}

func comparison(holds func(c int) bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return call.Bool(holds(strings.Compare(a[0].Str(), a[1].Str())))
	}
}

// ancestor is whether the first is above or the same as the second.
func ancestor(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return call.Bool(ltree.Contains(a[0].Str(), a[1].Str()))
}

// cut takes the labels [start, end).
func cut(s string, start, end int64) (types.Datum, error) {
	labels := ltree.Labels(s)
	n := int64(len(labels))
	if start < 0 || end < 0 || start >= n || start > end {
		return types.Null, pgerr.New(pgerr.InvalidParameterValue, "invalid positions")
	}
	return path(strings.Join(labels[start:min(end, n)], "."))
}

func subltree(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return cut(a[0].Str(), a[1].Int(), a[2].Int())
}

// subpath counts a negative start from the end; a negative length leaves that many labels at the end out.
func subpath(_ *call.Call, a []types.Datum) (types.Datum, error) {
	n := int64(ltree.Levels(a[0].Str()))
	start := a[1].Int()
	for range 2 { // twice, as PostgreSQL does: -1 - n is -1 again
		if start < 0 {
			start += n
		}
	}
	if len(a) < 3 {
		return cut(a[0].Str(), start, ltree.MaxLevels)
	}
	end := start + a[2].Int()
	if a[2].Int() < 0 {
		end = n + a[2].Int()
	}
	return cut(a[0].Str(), start, end)
}

// index is where the second path stands in the first, from a place on; -1 if it does not.
func index(_ *call.Call, a []types.Datum) (types.Datum, error) {
	in, what := ltree.Labels(a[0].Str()), ltree.Labels(a[1].Str())
	start := 0
	if len(a) > 2 {
		if start = int(a[2].Int()); start < 0 {
			start = max(0, start+len(in))
		}
	}
	if len(what) == 0 {
		return call.Int(-1)
	}
	for i := start; i+len(what) <= len(in); i++ {
		if equal(in[i:i+len(what)], what) {
			return call.Int(int64(i))
		}
	}
	return call.Int(-1)
}

func equal(a, b []string) bool {
	for i := range b {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func join(_ *call.Call, a []types.Datum) (types.Datum, error) {
	s, err := ltree.Join(a[0].Str(), a[1].Str())
	return tuple.String(s), err
}

// joinText is join where argument text is yet to be read as a path.
func joinText(text int) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		if _, err := ltree.Parse(a[text].Str()); err != nil {
			return types.Null, err
		}
		return join(c, a)
	}
}

func fromText(_ *call.Call, a []types.Datum) (types.Datum, error) {
	s, err := ltree.Parse(a[0].Str())
	return tuple.String(s), err
}

func levels(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return call.Int(int64(ltree.Levels(a[0].Str())))
}

// commonAncestor is the longest path above all; it is NULL if one of them is empty.
func commonAncestor(paths []types.Datum) (types.Datum, error) {
	var common []string
	for i, p := range paths {
		labels := ltree.Labels(p.Str())
		if len(labels) == 0 {
			return types.Null, nil
		}
		labels = labels[:len(labels)-1]
		if i == 0 {
			common = labels
			continue
		}
		n := 0
		for n < min(len(common), len(labels)) && common[n] == labels[n] {
			n++
		}
		common = common[:n]
	}
	if len(paths) == 0 {
		return types.Null, nil
	}
	return path(strings.Join(common, "."))
}
