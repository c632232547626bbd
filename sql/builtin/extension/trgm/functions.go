package trgm

import (
	"strconv"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// The settings of the operators.
const (
	settingSimilarity = "pg_trgm.similarity_threshold"
	settingWord       = "pg_trgm.word_similarity_threshold"
	settingStrictWord = "pg_trgm.strict_word_similarity_threshold"
)

// all is more than any similarity: nothing is enough.
const all = 2

// threshold is the value of a setting.
func threshold(c *call.Call, name string) (float64, error) {
	if c.Sess == nil {
		return 0, call.ErrNoSession
	}
	s, _ := c.Sess.Setting(name)
	return strconv.ParseFloat(s, 64)
}

func float4(f float32) (types.Datum, error) { return tuple.Float(float64(f)), nil }

// sets are the trigrams of both arguments; those of one that stays the same are kept.
func sets(c *call.Call, a []types.Datum) (x, y []trigram) {
	kept, ok := c.Cache.(*[2]keptSet)
	if !ok {
		kept = new([2]keptSet)
		c.Cache = kept
	}
	return kept[0].of(a[0].Str()), kept[1].of(a[1].Str())
}

type keptSet struct {
	text string
	set  []trigram
}

func (k *keptSet) of(s string) []trigram {
	if k.set == nil || k.text != s {
		k.text, k.set = string([]byte(s)), set(s)
	}
	return k.set
}

func similar(c *call.Call, a []types.Datum) (types.Datum, error) {
	return float4(similarity(sets(c, a)))
}

func distance(c *call.Call, a []types.Datum) (types.Datum, error) {
	return float4(1 - similarity(sets(c, a)))
}

func similarEnough(c *call.Call, a []types.Datum) (types.Datum, error) {
	limit, err := threshold(c, settingSimilarity)
	if err != nil {
		return types.Null, err
	}
	return call.Bool(float64(similarity(sets(c, a))) >= limit)
}

// word is word_similarity and strict_word_similarity.
func word(strict bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return float4(newHaystack(a[0].Str(), a[1].Str()).wordSimilarity(strict, all))
	}
}

func wordDistance(strict bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return float4(1 - newHaystack(a[0].Str(), a[1].Str()).wordSimilarity(strict, all))
	}
}

func wordEnough(strict bool, setting string) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		limit, err := threshold(c, setting)
		if err != nil {
			return types.Null, err
		}
		return call.Bool(float64(newHaystack(a[0].Str(), a[1].Str()).wordSimilarity(strict, limit)) >= limit)
	}
}

func show(_ *call.Call, a []types.Datum) (types.Datum, error) {
	trigrams := set(a[0].Str())
	out := make([]types.Datum, len(trigrams))
	for i, t := range trigrams {
		out[i] = tuple.String(t.String())
	}
	return call.TextArray(out), nil
}

func showLimit(c *call.Call, _ []types.Datum) (types.Datum, error) {
	limit, err := threshold(c, settingSimilarity)
	return tuple.Float(float64(float32(limit))), err
}

func setLimit(c *call.Call, a []types.Datum) (types.Datum, error) {
	if c.Sess == nil {
		return types.Null, call.ErrNoSession
	}
	text := types.Lookup(types.Float4).Text(a[0], nil)
	if _, err := c.Sess.SetSetting(settingSimilarity, text, false); err != nil {
		return types.Null, err
	}
	return showLimit(c, nil)
}

// Family is what this package implements.
func Family() call.Family {
	return call.Family{Fns: call.Fns{
		"similarity": similar, "similarity_dist": distance, "similarity_op": similarEnough,
		"word_similarity": word(false), "strict_word_similarity": word(true),
		"word_similarity_op": wordEnough(false, settingWord), "word_similarity_commutator_op": call.Swap(wordEnough(false, settingWord)),
		"strict_word_similarity_op":            wordEnough(true, settingStrictWord),
		"strict_word_similarity_commutator_op": call.Swap(wordEnough(true, settingStrictWord)),
		"word_similarity_dist_op":              wordDistance(false), "word_similarity_dist_commutator_op": call.Swap(wordDistance(false)),
		"strict_word_similarity_dist_op": wordDistance(true), "strict_word_similarity_dist_commutator_op": call.Swap(wordDistance(true)),
		"show_trgm": show, "show_limit": showLimit, "set_limit": setLimit,
	}}
}
