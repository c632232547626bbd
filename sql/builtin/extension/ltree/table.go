package ltree

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
)

// Family is what this package implements.
func Family() call.Family {
	fns := call.Fns{
		"ltree_cmp": compare,
		"ltree_lt":  comparison(func(c int) bool { return c < 0 }), "ltree_le": comparison(func(c int) bool { return c <= 0 }),
		"ltree_eq": comparison(func(c int) bool { return c == 0 }), "ltree_ne": comparison(func(c int) bool { return c != 0 }),
		"ltree_gt": comparison(func(c int) bool { return c > 0 }), "ltree_ge": comparison(func(c int) bool { return c >= 0 }),
		"ltree_isparent": ancestor, "ltree_risparent": call.Swap(ancestor),
		"subltree": subltree, "subpath": subpath, "ltree_index": index, "nlevel": levels,
		"ltree2text": call.First, "text2ltree": fromText,
		"ltree_addltree": join, "ltree_addtext": joinText(1), "ltree_textadd": joinText(0),
		"lca": func(_ *call.Call, a []types.Datum) (types.Datum, error) { return commonAncestor(a) },
		"_lca": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			paths, err := list(a[0])
			if err != nil {
				return types.Null, err
			}
			return commonAncestor(paths)
		},
		"ltq_regex": matchQuery.single, "ltq_rregex": call.Swap(matchQuery.single),
		"lt_q_regex": withSome(matchQuery.single), "lt_q_rregex": call.Swap(withSome(matchQuery.single)),
		"ltxtq_exec": matchText.single, "ltxtq_rexec": call.Swap(matchText.single),

		"_ltree_isparent": relation(above).some, "_ltree_r_isparent": call.Swap(relation(above).some),
		"_ltree_risparent": relation(below).some, "_ltree_r_risparent": call.Swap(relation(below).some),
		"_ltq_regex": matchQuery.some, "_ltq_rregex": call.Swap(matchQuery.some),
		"_lt_q_regex": withSome(matchQuery.some), "_lt_q_rregex": call.Swap(withSome(matchQuery.some)),
		"_ltxtq_exec": matchText.some, "_ltxtq_rexec": call.Swap(matchText.some),
		"_ltree_extract_isparent": relation(above).first, "_ltree_extract_risparent": relation(below).first,
		"_ltq_extract_regex": matchQuery.first, "_ltxtq_extract_exec": matchText.first,
	}
	return call.Family{Fns: fns}
}
