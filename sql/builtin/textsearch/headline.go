package textsearch

import (
	"math"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/tsearch"
)

// headlineWord is a token of the document. A token that several operands match stands once for each; all but the first
// are repeated.
type headlineWord struct {
	text     string
	kind     tokenType
	pos      int
	item     *tsearch.Node
	repeated bool

	in, selected, skip, replace bool
}

// headlineOptions are ts_headline's (manual: 12.3.4).
type headlineOptions struct {
	maxWords, minWords, shortWord, maxFragments int
	highlightAll                                bool
	start, stop, delimiter                      string
}

type headline struct {
	headlineOptions
	words    []headlineWord
	query    tsearch.Query
	maxCover int
	notice   func(*pgerr.Error)
}

func parseHeadlineOptions(s string) (headlineOptions, error) {
	o := headlineOptions{maxWords: 35, minWords: 15, shortWord: 3, start: "<b>", stop: "</b>", delimiter: " ... "}
	pairs, err := ParseOptions(s)
	if err != nil {
		return o, err
	}
	int4 := types.Lookup(types.Int4)
	for _, p := range pairs {
		number := func(into *int) error {
			d, err := int4.ParseText(p.Value, -1, nil)
			*into = int(d.Int())
			return err
		}
		switch strings.ToLower(p.Name) {
		case "maxwords":
			err = number(&o.maxWords)
		case "minwords":
			err = number(&o.minWords)
		case "shortword":
			err = number(&o.shortWord)
		case "maxfragments":
			err = number(&o.maxFragments)
		case "startsel":
			o.start = p.Value
		case "stopsel":
			o.stop = p.Value
		case "fragmentdelimiter":
			o.delimiter = p.Value
		case "highlightall":
			switch strings.ToLower(p.Value) {
			case "1", "on", "true", "t", "y", "yes":
				o.highlightAll = true
			default:
				o.highlightAll = false
			}
		default:
			err = pgerr.New(pgerr.InvalidParameterValue, "unrecognized headline parameter: \"%s\"", p.Name)
		}
		if err != nil {
			return o, err
		}
	}
	return o, o.check()
}

func (o *headlineOptions) check() error {
	invalid := func(format string, args ...any) error {
		return pgerr.New(pgerr.InvalidParameterValue, format, args...)
	}
	if !o.highlightAll {
		switch {
		case o.minWords >= o.maxWords:
			return invalid("MinWords should be less than MaxWords")
		case o.minWords <= 0:
			return invalid("MinWords should be positive")
		case o.shortWord < 0:
			return invalid("ShortWord should be >= 0")
		case o.maxFragments < 0:
			return invalid("MaxFragments should be >= 0")
		}
	}
	for _, p := range [...]struct{ name, value string }{{"StartSel", o.start}, {"StopSel", o.stop}, {"FragmentDelimiter", o.delimiter}} {
		if len(p.value) > math.MaxInt16 {
			return invalid("value for \"%s\" is too long", p.name)
		}
	}
	return nil
}

// Option is one name = value.
type Option struct{ Name, Value string }

// ParseOptions reads name = value …, as PostgreSQL keeps the options of dictionaries: commas between them may be left
// out, names may stand in double quotes, values in either kind.
func ParseOptions(s string) ([]Option, error) {
	const blanks = " \t\n\r\v\f"
	bad := func() error { return pgerr.New(pgerr.SyntaxError, "invalid parameter list format: \"%s\"", s) }
	var out []Option
	for rest := strings.TrimLeft(s, blanks+","); rest != ""; rest = strings.TrimLeft(rest, blanks+",") {
		var o Option
		ok := true
		if rest[0] == '"' {
			o.Name, rest, ok = quotedOption(rest)
		} else {
			n := 1 + strings.IndexAny(rest[1:], blanks+"=")
			ok = n > 0
			o.Name, rest = rest[:max(n, 0)], rest[max(n, 0):]
		}
		if rest = strings.TrimLeft(rest, blanks); !ok || !strings.HasPrefix(rest, "=") {
			return nil, bad()
		}
		rest = strings.TrimLeft(rest[1:], blanks)
		if strings.HasPrefix(rest, "E'") {
			rest = rest[1:]
		}
		switch {
		case rest == "":
			return nil, bad()
		case rest[0] == '"' || rest[0] == '\'':
			if o.Value, rest, ok = quotedOption(rest); !ok {
				return nil, bad()
			}
		default:
			n := strings.IndexAny(rest, blanks+",")
			if n < 0 {
				n = len(rest)
			}
			o.Value, rest = rest[:n], rest[n:]
		}
		out = append(out, o)
	}
	return out, nil
}

// quotedOption reads up to the quote that s begins with; doubled quotes count once, and in single ones backslashes too.
func quotedOption(s string) (text, rest string, ok bool) {
	var out []byte
	for i := 1; i < len(s); i++ {
		c := s[i]
		double := i+1 < len(s) && s[i+1] == c
		switch {
		case double && (c == s[0] || c == '\\' && s[0] == '\''):
			i++
		case c == s[0]:
			return string(out), s[i+1:], true
		}
		out = append(out, c)
	}
	return "", "", false
}

// read splits a document and marks what the query's operands match.
func (h *headline) read(cfg *config, text string) error {
	pos := 0
	return cfg.lexemes(text, h.notice, func(kind tokenType, token string, norms []string) {
		if norms != nil {
			pos++
		}
		h.words = append(h.words, headlineWord{text: token, kind: kind})
		for _, norm := range norms {
			h.mark(min(pos, tsearch.MaxPosition), norm)
		}
	})
}

func (h *headline) mark(pos int, norm string) {
	at := len(h.words) - 1
	h.words[at].pos = pos
	var ops []*tsearch.Node
	h.query.Words(func(n *tsearch.Node) { ops = append(ops, n) })
	for i := range ops {
		op := ops[len(ops)-1-i]
		if op.Word != norm && !(op.Prefix && strings.HasPrefix(norm, op.Word)) {
			continue
		}
		if h.words[at].item == nil {
			h.words[at].item = op
			continue
		}
		again := h.words[at]
		again.item, again.repeated = op, true
		h.words = append(h.words, again)
	}
}

func (h *headline) interesting(i int) bool { return h.words[i].item != nil && !h.words[i].repeated }

// blank reports a token that does not count as a word.
func blank(k tokenType) bool {
	switch k {
	case tokSpace, tokTag, tokURL, tokNumHWord, tokASCIIHWord, tokHWord:
		return true
	}
	return false
}

func (h *headline) counts(i int) bool { return !blank(h.words[i].kind) }

// badEnd reports a place where a headline should not end: no word, a number, or a short word.
func (h *headline) badEnd(i int) bool {
	if h.interesting(i) {
		return false
	}
	switch k := h.words[i].kind; k {
	case tokScientific, tokVersion, tokDecimal, tokSignedInt, tokUnsignedInt, tokProtocol, tokEntity:
		return true
	default:
		return blank(k) || len(h.words[i].text) <= h.shortWord
	}
}

func (h *headline) nextMatch(from int) int {
	for i := from; i < len(h.words); i++ {
		if h.words[i].item != nil {
			return i
		}
	}
	return -1
}

// cover finds the earliest, shortest part from word `from` on that the query matches.
func (h *headline) cover(from int) (p, q int, ok bool) {
	if h.query == nil {
		return 0, 0, false
	}
	for first := h.nextMatch(from); first >= 0; {
		next := -1
		for last := first; last >= 0 && last-first < h.maxCover; {
			if matches(h.query, inWords(h.words[first:last+1])) {
				return first, last, true
			}
			after := h.nextMatch(last + 1)
			if last == first {
				next = after
			}
			last = after
		}
		first = next
	}
	return 0, 0, false
}

func inWords(words []headlineWord) lookup {
	return func(n *tsearch.Node, positions bool) (answer, []int) {
		var pos []int
		for i := range words {
			if words[i].item != n {
				continue
			}
			if !positions {
				return yes, nil
			}
			if k := len(pos); k == 0 || pos[k-1] < words[i].pos {
				pos = append(pos, words[i].pos)
			}
		}
		if pos == nil {
			return no, nil
		}
		return yes, pos
	}
}

// show marks the words from start to end as part of the headline.
func (h *headline) show(start, end int) {
	for i := start; i <= end; i++ {
		w := &h.words[i]
		w.selected = w.item != nil || w.selected
		switch {
		case w.kind == tokTag && !h.highlightAll:
			w.replace = true
		case w.kind != tokSpace && w.kind != tokTag && blank(w.kind):
			w.skip = true
		}
		w.in = !w.repeated
	}
}

// firstWords is what is shown where nothing matches.
func (h *headline) firstWords() {
	n, end := 0, -1
	for i := 0; i < len(h.words) && n < h.minWords; i++ {
		if h.counts(i) {
			n++
		}
		end = i
	}
	h.show(0, end)
}

// selectOne chooses the best single part (MaxFragments = 0).
func (h *headline) selectOne() {
	if h.highlightAll {
		h.show(0, len(h.words)-1)
		return
	}
	bestBegin, bestEnd, bestItems, bestCovers := -1, -1, -1, false
	badEnd := func(i int) bool { return i >= 0 && h.badEnd(i) }
	for p, q, ok := h.cover(0); ok; p, q, ok = h.cover(p + 1) {
		begin, end, items := h.around(p, q)
		covers := begin <= p && end >= q
		if covers && !bestCovers || covers == bestCovers &&
			(items > bestItems || items == bestItems && !badEnd(end) && badEnd(bestEnd)) {
			bestBegin, bestEnd, bestItems, bestCovers = begin, end, items, covers
		}
	}
	if bestItems < 0 {
		h.firstWords()
		return
	}
	h.show(bestBegin, bestEnd)
}

// around makes a headline of the right length of a cover; items is how many operands it shows.
func (h *headline) around(p, q int) (begin, end, items int) {
	n := 0
	begin, end = p, p
	add := func(i, by int) {
		if h.counts(i) {
			n += by
		}
		if h.interesting(i) {
			items += by
		}
	}
	i := p
	for ; i <= q && n < h.maxWords; i++ {
		add(i, 1)
		end = i
	}
	if n >= h.maxWords { // too long already: do not end badly
		for i = min(i, q); n > h.minWords && h.badEnd(i); i-- {
			add(i, -1)
			end = i - 1
		}
		return begin, end, items
	}
	for i--; i < len(h.words) && n < h.maxWords; i++ {
		if i > q {
			add(i, 1)
		}
		end = i
		if !h.badEnd(i) && n >= h.minWords {
			break
		}
	}
	if n >= h.minWords {
		return begin, end, items
	}
	for i = p - 1; i >= 0; i-- { // the text ends here: go to the left
		add(i, 1)
		if n >= h.maxWords || !h.badEnd(i) && n >= h.minWords {
			break
		}
	}
	return max(i, 0), end, items
}

// fragment is a part that may be shown.
type fragment struct {
	begin, end, items, length int
	chosen, excluded          bool
}

// selectFragments chooses up to MaxFragments parts.
func (h *headline) selectFragments() {
	var all []fragment
	for p, q, ok := h.cover(0); ok; p, q, ok = h.cover(p + 1) {
		for begin := p; begin <= q; {
			f := h.cut(begin, q)
			all = append(all, f)
			begin = f.end + 1
		}
	}
	shown := 0
	for ; shown < h.maxFragments; shown++ {
		best, items, words := -1, 0, math.MaxInt32
		for i, f := range all {
			if !f.chosen && !f.excluded && (items < f.items || items == f.items && words > f.length) {
				best, items, words = i, f.items, f.length
			}
		}
		if best < 0 {
			break
		}
		all[best].chosen = true
		begin, end := h.stretch(all[best])
		all[best].begin, all[best].end = begin, end
		h.show(begin, end)
		for i := range all {
			f := &all[i]
			if i != best && (f.begin >= begin && f.begin <= end || f.end >= begin && f.end <= end || f.begin < begin && f.end > end) {
				f.excluded = true
			}
		}
	}
	if shown == 0 {
		h.firstWords()
	}
}

// cut takes a fragment of at most MaxWords words off the front of a cover; both its ends are operands.
func (h *headline) cut(begin, end int) fragment {
	i := begin
	for ; i <= end; i++ {
		begin = i
		if h.interesting(i) {
			break
		}
	}
	f := fragment{begin: begin}
	for i = begin; i <= end && f.length < h.maxWords; i++ {
		if h.counts(i) {
			f.length++
		}
		if h.interesting(i) {
			f.items++
		}
	}
	if end > i {
		end = i
		for i = end; i >= begin; i-- {
			end = i
			if h.interesting(i) {
				break
			}
			if h.counts(i) {
				f.length--
			}
		}
	}
	f.end = end
	return f
}

// stretch makes a short fragment longer on both sides, up to other fragments, and cuts it back to good ends.
func (h *headline) stretch(f fragment) (begin, end int) {
	begin, end = f.begin, f.end
	n := f.length
	if n >= h.maxWords {
		return begin, end
	}
	most, more, mark := (h.maxWords-n)/2, 0, begin
	for i := begin - 1; i >= 0 && more < most && !h.words[i].in; i-- {
		if h.counts(i) {
			n++
			more++
		}
		mark = i
	}
	i := mark
	for ; i < begin && h.badEnd(i); i++ {
		if h.counts(i) {
			n--
		}
	}
	begin, mark = i, end
	for i = end + 1; i < len(h.words) && n < h.maxWords && !h.words[i].in; i++ {
		if h.counts(i) {
			n++
		}
		mark = i
	}
	for i = mark; i > end && h.badEnd(i); i-- {
		if h.counts(i) {
			n--
		}
	}
	return begin, i
}

// makeHeadline is ts_headline for one text.
func makeHeadline(cfg *config, text string, q tsearch.Query, o headlineOptions, notice func(*pgerr.Error)) (string, error) {
	h := &headline{headlineOptions: o, query: q, notice: notice, maxCover: max(o.maxWords*10, 100)}
	if o.maxFragments > 0 {
		h.maxCover *= o.maxFragments
	}
	if err := h.read(cfg, text); err != nil {
		return "", err
	}
	if o.maxFragments == 0 {
		h.selectOne()
	} else {
		h.selectFragments()
	}
	return h.String(), nil
}

func (h *headline) String() string {
	var b strings.Builder
	fragments, inside := 0, false
	for _, w := range h.words {
		switch {
		case w.repeated:
			continue
		case !w.in:
			inside = false
			continue
		case !inside:
			inside = true
			if fragments++; fragments > 1 {
				b.WriteString(h.delimiter)
			}
		}
		switch {
		case w.replace:
			b.WriteByte(' ')
		case w.skip:
		case w.selected:
			b.WriteString(h.start + w.text + h.stop)
		default:
			b.WriteString(w.text)
		}
	}
	return b.String()
}
