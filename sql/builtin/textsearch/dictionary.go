package textsearch

import (
	"embed"
	"strconv"
	"strings"
	"sync"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/arabic"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/hungarian"
	"github.com/blevesearch/snowballstem/irish"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/romanian"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
	"github.com/blevesearch/snowballstem/tamil"
	"github.com/blevesearch/snowballstem/turkish"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/tsearch"
)

// stemmers are Snowball's, by language. PostgreSQL has more; those answer 0A000.
var stemmers = map[string]func(*snowballstem.Env) bool{
	"arabic": arabic.Stem, "danish": danish.Stem, "dutch": dutch.Stem, "english": english.Stem, "finnish": finnish.Stem,
	"french": french.Stem, "german": german.Stem, "hungarian": hungarian.Stem, "irish": irish.Stem, "italian": italian.Stem,
	"norwegian": norwegian.Stem, "portuguese": portuguese.Stem, "romanian": romanian.Stem, "russian": russian.Stem,
	"spanish": spanish.Stem, "swedish": swedish.Stem, "tamil": tamil.Stem, "turkish": turkish.Stem,
}

//go:embed stopwords
var stopFiles embed.FS

// dictionary turns a token into lexemes; none (not nil) for a stop word, nil for a token that it does not know.
type dictionary struct {
	stop map[string]bool
	stem func(*snowballstem.Env) bool // nil: simple
	// replace is all that a filtering dictionary does: changed is false where it knows nothing.
	replace func(token string) (out string, changed bool)
	err  error                        // what to answer instead
}

// maxStem is the longest word in bytes that is stemmed.
const maxStem = 1000

func (d *dictionary) lexize(token string) ([]string, error) {
	if d.err != nil {
		return nil, d.err
	}
	if d.replace != nil {
		if out, changed := d.replace(token); changed {
			return []string{out}, nil
		}
		return nil, nil
	}
	word := strings.ToLower(token)
	switch {
	case d.stem != nil && len(token) > maxStem:
		return []string{word}, nil
	case word == "" || d.stop[word]:
		return []string{}, nil
	case d.stem == nil:
		return []string{word}, nil
	}
	env := snowballstem.NewEnv(word)
	d.stem(env)
	return []string{env.Current()}, nil
}

const snowballTemplate = 13150 // pg_ts_template

var dictionaries = sync.OnceValue(func() map[types.OID]*dictionary {
	out := map[types.OID]*dictionary{}
	for _, row := range pgdata.Load("pg_ts_dict").Rows {
		name, template, options := *row[1], oidOf(*row[4]), ""
		if row[5] != nil {
			options = *row[5]
		}
		d := &dictionary{}
		list, err := parseOptions(options)
		if err != nil {
			panic("textsearch: options of " + name)
		}
		for _, o := range list {
			switch strings.ToLower(o.name) {
			case "stopwords":
				d.stop = stopWords(o.value)
			case "language":
				d.stem = stemmers[o.value]
			}
		}
		if template == unaccentTemplate {
			d.replace = Unaccent
		}
		if template == snowballTemplate && d.stem == nil {
			d.err = pgerr.Unsupported("text search dictionary " + name)
		}
		out[oidOf(*row[0])] = d
	}
	return out
})

func stopWords(file string) map[string]bool {
	raw, err := stopFiles.ReadFile("stopwords/" + file + ".stop")
	if err != nil {
		panic("textsearch: " + err.Error())
	}
	out := map[string]bool{}
	for line := range strings.Lines(string(raw)) {
		if words := strings.Fields(line); len(words) > 0 {
			out[strings.ToLower(words[0])] = true
		}
	}
	return out
}

func oidOf(s string) types.OID {
	v, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		panic("textsearch: " + err.Error())
	}
	return types.OID(v)
}

// config maps token types to the dictionaries that are asked in turn.
type config struct {
	dicts [tokLast + 1][]*dictionary
}

var configs = sync.OnceValue(func() map[types.OID]*config {
	out := map[types.OID]*config{}
	for _, row := range pgdata.Load("pg_ts_config").Rows {
		out[oidOf(*row[0])] = &config{}
	}
	all := dictionaries()
	for _, row := range pgdata.Load("pg_ts_config_map").Rows { // in the order of mapseqno
		kind, err := strconv.Atoi(*row[1])
		if err != nil || kind < 1 || kind > int(tokLast) {
			panic("textsearch: token type " + *row[1])
		}
		c := out[oidOf(*row[0])]
		c.dicts[kind] = append(c.dicts[kind], all[oidOf(*row[3])])
	}
	return out
})

func configByOID(oid types.OID) (*config, error) {
	if c := configs()[oid]; c != nil {
		return c, nil
	}
	return nil, pgerr.New(pgerr.InternalError, "cache lookup failed for text search configuration %d", oid)
}

// lexemes calls f for each token of a text with its lexemes: none for a stop word, nil for a token that no dictionary
// knows. A token that is too long to be one is left out with a notice.
func (c *config) lexemes(text string, notice func(*pgerr.Error), f func(kind tokenType, token string, norms []string)) error {
	p := newParser(text)
	for {
		kind, token, ok := p.next()
		if !ok {
			return nil
		}
		if len(token) >= tsearch.MaxWord {
			if notice != nil {
				notice(pgerr.Notice(pgerr.SeverityNotice, pgerr.ProgramLimitExceeded, "word is too long to be indexed").
					WithDetail("Words longer than %d characters are ignored.", tsearch.MaxWord))
			}
			continue
		}
		var norms []string
		for _, d := range c.dicts[kind] {
			var err error
			if norms, err = d.lexize(token); err != nil {
				return err
			}
			if norms != nil {
				break
			}
		}
		f(kind, token, norms)
	}
}

// word is a lexeme at its position, counted from 1; stop words count too.
type word struct {
	text string
	pos  int
}

// words are a text's lexemes, from a position on; last is the position that was reached.
func (c *config) words(text string, from int, notice func(*pgerr.Error)) (out []word, last int, err error) {
	err = c.lexemes(text, notice, func(_ tokenType, _ string, norms []string) {
		if norms == nil {
			return
		}
		from++
		for _, n := range norms {
			out = append(out, word{n, min(from, tsearch.MaxPosition)})
		}
	})
	return out, from, err
}

// Document is the tsvector of texts one after the other, by the configuration of that OID. Notices are told of words that are left out.
func Document(config types.OID, texts []string, notice func(*pgerr.Error)) (types.Datum, error) {
	c, err := configByOID(config)
	if err != nil {
		return types.Null, err
	}
	var all []word
	at := 0
	for _, t := range texts {
		var w []word
		if w, at, err = c.words(t, at, notice); err != nil {
			return types.Null, err
		}
		all = append(all, w...)
	}
	return packVector(vector(all))
}

// vector makes a tsvector of lexemes.
func vector(words []word) tsearch.Vector {
	v := make(tsearch.Vector, len(words))
	for i, w := range words {
		v[i] = tsearch.Lexeme{Word: w.text, Pos: []tsearch.Pos{{At: uint16(w.pos)}}}
	}
	return v.Normalize()
}

// push adds an operand of to_tsquery and its kin: a text whose words become a phrase, or with op AND are wanted in any
// order. Stop words in between keep their places.
func (c *config) push(op tsearch.Op, notice func(*pgerr.Error)) tsearch.PushFunc {
	return func(b *tsearch.Builder, text string, weight uint8, prefix bool) error {
		words, _, err := c.words(text, 0, notice)
		if err != nil {
			return err
		}
		if len(words) == 0 {
			b.Stop()
			return nil
		}
		pos, places := 0, 0
		place := func(join bool) error {
			places++
			if join {
				return b.Operator(op, 1)
			}
			return nil
		}
		for _, w := range words {
			if pos > 0 {
				for ; pos+1 < w.pos; pos++ {
					b.Stop()
					if err := place(places > 0); err != nil {
						return err
					}
				}
			}
			pos = w.pos
			if err := b.Word(w.text, weight, prefix); err != nil {
				return err
			}
			if err := place(places > 0); err != nil {
				return err
			}
		}
		return nil
	}
}
