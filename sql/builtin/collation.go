package builtin

import (
	"sync"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// collationUse is what a function needs its collation for.
type collationUse uint8

const (
	useNone collationUse = iota
	useCompare
	useCase
	useLike
	useILike
	useRegex
	useSearch
)

// collationUses are the functions that cannot do without a collation, or not with any, by pg_proc.prosrc.
var collationUses = map[collationUse][]string{
	useCompare: {"texteq", "textne", "text_lt", "text_le", "text_gt", "text_ge", "bttextcmp", "text_larger", "text_smaller",
		"bpchareq", "bpcharne", "bpcharlt", "bpcharle", "bpchargt", "bpcharge", "bpcharcmp", "bpchar_larger", "bpchar_smaller",
		"nameeqtext", "namenetext", "namelttext", "nameletext", "namegttext", "namegetext", "btnametextcmp",
		"texteqname", "textnename", "textltname", "textlename", "textgtname", "textgename", "bttextnamecmp"},
	useCase:  {"lower", "upper", "initcap"},
	useLike:  {"textlike", "textnlike", "bpcharlike", "bpcharnlike", "namelike", "namenlike"},
	useILike: {"texticlike", "texticnlike", "bpchariclike", "bpcharicnlike", "nameiclike", "nameicnlike"},
	useRegex: {"textregexeq", "textregexne", "texticregexeq", "texticregexne", "bpcharregexeq", "bpcharregexne", "bpcharicregexeq", "bpcharicregexne",
		"nameregexeq", "nameregexne", "nameicregexeq", "nameicregexne", "textregexsubstr", "textregexreplace", "textregexreplace_noopt",
		"textregexreplace_extended", "textregexreplace_extended_no_flags", "textregexreplace_extended_no_n", "regexp_count", "regexp_count_no_flags",
		"regexp_count_no_start", "regexp_instr", "regexp_instr_no_endoption", "regexp_instr_no_flags", "regexp_instr_no_n", "regexp_instr_no_start",
		"regexp_instr_no_subexpr", "regexp_like", "regexp_like_no_flags", "regexp_match", "regexp_match_no_flags", "regexp_matches",
		"regexp_matches_no_flags", "regexp_split_to_array", "regexp_split_to_array_no_flags", "regexp_split_to_table", "regexp_split_to_table_no_flags",
		"regexp_substr", "regexp_substr_no_flags", "regexp_substr_no_n", "regexp_substr_no_start", "regexp_substr_no_subexpr"},
	useSearch: {"textpos", "replace_text", "split_part", "text_starts_with", "text_to_array", "text_to_array_null", "text_to_table", "text_to_table_null"},
}

type procUse struct {
	use  collationUse
	name string
}

var usesByProc = sync.OnceValue(func() map[types.OID]procUse {
	bySymbol, out := map[string]collationUse{}, map[types.OID]procUse{}
	for use, list := range collationUses {
		for _, s := range list {
			bySymbol[s] = use
		}
	}
	for i, procs := 0, pgdata.Procs(); i < len(procs); i++ {
		if p := &procs[i]; p.Lang == langInternal && bySymbol[p.Src] != useNone {
			out[p.OID] = procUse{bySymbol[p.Src], p.Name}
		}
	}
	return out
})

// NeedsCollation reports whether a function compares text and so cannot be without a collation.
func NeedsCollation(proc types.OID) bool { return usesByProc()[proc].use == useCompare }

// CollationError is what calling a function under a collation (0: none could be derived) gives; nil: a value.
func CollationError(proc, coll types.OID, env *types.Env) error {
	u, ok := usesByProc()[proc]
	if !ok {
		return nil
	}
	if coll == 0 {
		what := ""
		switch u.use {
		case useCompare, useSearch:
			what = "string comparison"
		case useCase:
			what = u.name + "() function"
		case useILike:
			what = "ILIKE"
		case useRegex:
			what = "regular expression"
		default:
			return nil
		}
		return pgerr.New(pgerr.IndeterminateCollation, "could not determine which collation to use for %s", what).
			WithHint("Use the COLLATE clause to set the collation explicitly.")
	}
	what := ""
	switch u.use {
	case useLike:
		what = "LIKE"
	case useILike:
		what = "ILIKE"
	case useRegex:
		what = "regular expressions"
	case useSearch:
		what = "substring searches"
	default:
		return nil
	}
	if env.Equality(coll) == nil {
		return nil
	}
	return pgerr.New(pgerr.FeatureNotSupported, "nondeterministic collations are not supported for %s", what)
}
