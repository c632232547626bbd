package trgm

// haystack is a text as the search for a word sees it: its trigrams in order, each as the number of the different trigram that it is.
type haystack struct {
	at     []int // number of the trigram at each place
	wanted []bool
	need   int // different trigrams of the word
	// first and last tell of each place whether a word of the text starts or ends there.
	first, last []bool
}

func newHaystack(word, text string) *haystack {
	h := &haystack{}
	number := map[trigram]int{}
	numberOf := func(t trigram, wanted bool) int {
		n, ok := number[t]
		if !ok {
			n = len(number)
			number[t] = n
			h.wanted = append(h.wanted, wanted)
			if wanted {
				h.need++
			}
		}
		return n
	}
	for _, t := range sequence(word) {
		numberOf(t, true)
	}
	var buf []trigram
	words(text, func(w string) {
		buf = appendTrigrams(buf[:0], w)
		for i, t := range buf {
			h.at = append(h.at, numberOf(t, false))
			h.first = append(h.first, i == 0)
			h.last = append(h.last, i == len(buf)-1)
		}
	})
	return h
}

// wordSimilarity is the greatest similarity of a word's trigrams to those of a continuous extent of a text. With strict the extent
// begins and ends with words of the text. A search that only wants to know whether there is an extent of at least enough stops at
// the first (enough above 1: none stops).
//
// The extent grows to the right place by place; where it may end, its left end moves to where the similarity is greatest, and stays
// there. So it finds PostgreSQL's answer, which need not be the greatest of all extents.
func (h *haystack) wordSimilarity(strict bool, enough float64) float32 {
	seen := make([]int, len(h.wanted)) // 1 + the last place of each trigram within the extent; 0: none
	lower, size, common := -1, 0, 0    // the extent's start, its different trigrams, those of them that are wanted
	if strict {
		lower = 0
	}
	best := float32(0)
	for upper, n := range h.at {
		if lower >= 0 || h.wanted[n] {
			if seen[n] == 0 {
				size++
				if h.wanted[n] {
					common++
				}
			}
			seen[n] = upper + 1
		}
		if strict && !h.last[upper] || !strict && !h.wanted[n] {
			continue
		}
		if lower < 0 {
			lower, size = upper, 1
		}
		now, from := ratio(common, h.need, size), lower
		restSize, restCommon := size, common // of the extent from start on
		for start := from; start <= upper; start++ {
			if !strict || h.first[start] {
				if r := ratio(restCommon, h.need, restSize); r > now {
					now, lower, size, common = r, start, restSize, restCommon
				}
				if float64(now) >= enough {
					break
				}
			}
			if n := h.at[start]; seen[n] == start+1 {
				restSize--
				if h.wanted[n] {
					restCommon--
				}
			}
		}
		best = max(best, now)
		if float64(best) >= enough {
			return best
		}
		for start := from; start < lower; start++ {
			if n := h.at[start]; seen[n] == start+1 {
				seen[n] = 0
			}
		}
	}
	return best
}
