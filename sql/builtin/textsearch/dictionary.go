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

	"github.com/tarndb/tarn/sql/catalog"
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
	// reject: a word that is no stop word goes on to the next dictionary.
	reject bool
	// replace is all that a filtering dictionary does: the next one is asked about out. changed is false where it knows nothing.
	replace func(token string) (out string, changed bool)
	err     error // what to answer instead
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
	case d.reject:
		return nil, nil
	case d.stem == nil:
		return []string{word}, nil
	}
	env := snowballstem.NewEnv(word)
	d.stem(env)
	return []string{env.Current()}, nil
}

// Templates (pg_ts_template).
const (
	simpleTemplate   types.OID = 3727
	snowballTemplate types.OID = 13150
	unaccentTemplate types.OID = 14264 // of the extension unaccent
)

// madeDictionaries keeps dictionaries by template and options.
var madeDictionaries struct {
	sync.Mutex // protects byKey
	byKey      map[string]*dictionary
}

// maxMade bounds the dictionaries that are kept for all sessions.
const maxMade = 1024

// dictionaryOf makes a dictionary of a template.
func dictionaryOf(template types.OID, options string) (*dictionary, error) {
	key := strconv.Itoa(int(template)) + " " + options
	m := &madeDictionaries
	m.Lock()
	defer m.Unlock()
	if d := m.byKey[key]; d != nil {
		return d, nil
	}
	d, err := makeDictionary(template, options)
	if err != nil {
		return nil, err
	}
	if m.byKey == nil {
		m.byKey = map[string]*dictionary{}
	}
	if len(m.byKey) < maxMade {
		m.byKey[key] = d
	}
	return d, nil
}

// Check refuses options that a template does not take. Errors: 22023, 42704, F0000, 0A000.
func Check(template types.OID, options string) error {
	_, err := dictionaryOf(template, options)
	return err
}

func makeDictionary(template types.OID, options string) (*dictionary, error) {
	kind := "simple dictionary"
	switch template {
	case simpleTemplate:
	case snowballTemplate:
		kind = "Snowball"
	case unaccentTemplate:
		return makeUnaccent(options)
	default:
		return nil, pgerr.Unsupported("a text search dictionary of this template, which reads files")
	}
	list, err := ParseOptions(options)
	if err != nil {
		return nil, err
	}
	d := &dictionary{}
	seen := map[string]bool{}
	language := ""
	for _, o := range list {
		name := strings.ToLower(o.Name)
		shown := map[string]string{"stopwords": "StopWords", "accept": "Accept", "language": "Language"}[name]
		if shown == "" || name == "accept" && template != simpleTemplate || name == "language" && template != snowballTemplate {
			return nil, pgerr.New(pgerr.InvalidParameterValue, "unrecognized %s parameter: \"%s\"", kind, o.Name)
		}
		if seen[name] {
			return nil, pgerr.New(pgerr.InvalidParameterValue, "multiple %s parameters", shown)
		}
		seen[name] = true
		switch name {
		case "stopwords":
			if d.stop, err = stopWords(o.Value); err != nil {
				return nil, err
			}
		case "language":
			language = o.Value
		case "accept":
			switch strings.ToLower(o.Value) {
			case "true", "on", "1", "yes", "t", "y":
			case "false", "off", "0", "no", "f", "n":
				d.reject = true
			default:
				return nil, pgerr.New(pgerr.SyntaxError, "%s requires a Boolean value", o.Name)
			}
		}
	}
	if template != snowballTemplate {
		return d, nil
	}
	if language == "" {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "missing Language parameter")
	}
	if d.stem = stemmers[strings.ToLower(language)]; d.stem == nil {
		if postgresStemmers[strings.ToLower(language)] {
			return nil, pgerr.Unsupported("Snowball's stemmer of " + strings.ToLower(language))
		}
		return nil, pgerr.New(pgerr.UndefinedObject, "no Snowball stemmer available for language \"%s\" and encoding \"UTF8\"", language)
	}
	return d, nil
}

// postgresStemmers are those that PostgreSQL has and the library has not.
var postgresStemmers = map[string]bool{"armenian": true, "basque": true, "catalan": true, "greek": true, "hindi": true, "indonesian": true, "lithuanian": true,
	"nepali": true, "porter": true, "serbian": true, "yiddish": true}

func stopWords(file string) (map[string]bool, error) {
	for _, r := range file {
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_') {
			return nil, pgerr.New(pgerr.InvalidParameterValue, "invalid text search configuration file name \"%s\"", file)
		}
	}
	raw, err := stopFiles.ReadFile("stopwords/" + file + ".stop")
	if err != nil {
		return nil, pgerr.New(pgerr.ConfigFileError, "could not open stop-word file \"%s.stop\": No such file or directory", file)
	}
	out := map[string]bool{}
	for line := range strings.Lines(string(raw)) {
		if words := strings.Fields(line); len(words) > 0 {
			out[strings.ToLower(words[0])] = true
		}
	}
	return out, nil
}

// config maps token types to the dictionaries that are asked in turn.
type config struct {
	dicts [tokLast + 1][]*dictionary
	oids  [tokLast + 1][]types.OID
}

func configByOID(env *types.Env, oid types.OID) (*config, error) {
	tokens, ok := finder(env).SearchConfig(oid)
	if !ok {
		return nil, errLookup("configuration", oid)
	}
	c := &config{}
	for token, dicts := range tokens {
		if token < 1 || token > int(tokLast) {
			continue
		}
		for _, d := range dicts {
			made, err := dictionaryByOID(env, d)
			if err != nil {
				made = &dictionary{err: err} // it is not asked for every text
			}
			c.dicts[token], c.oids[token] = append(c.dicts[token], made), append(c.oids[token], d)
		}
	}
	return c, nil
}

// finder knows the session's objects, or at least the system's.
func finder(env *types.Env) types.SearchFinder {
	if env != nil {
		if f, ok := env.Resolver.(types.SearchFinder); ok {
			return f
		}
	}
	return (*catalog.Catalog)(nil)
}

func errLookup(what string, oid types.OID) error {
	return pgerr.New(pgerr.InternalError, "cache lookup failed for text search %s %d", what, oid)
}

func dictionaryByOID(env *types.Env, oid types.OID) (*dictionary, error) {
	template, options, ok := finder(env).SearchDictionary(oid)
	if !ok {
		return nil, errLookup("dictionary", oid)
	}
	return dictionaryOf(template, options)
}

// TokenType is the number of a type of tokens.
func TokenType(name string) (int, bool) {
	for i, n := range tokenNames {
		if i > 0 && n[0] == name {
			return i, true
		}
	}
	return 0, false
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
		asked := token
		for _, d := range c.dicts[kind] {
			var err error
			if norms, err = d.lexize(asked); err != nil {
				return err
			}
			if norms != nil && d.replace != nil {
				asked, norms = norms[0], nil
				continue
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

// Document is the tsvector of texts one after the other, by the configuration of that OID.
func Document(env *types.Env, config types.OID, texts []string) (types.Datum, error) {
	c, err := configByOID(env, config)
	if err != nil {
		return types.Null, err
	}
	var all []word
	at := 0
	for _, t := range texts {
		var w []word
		if w, at, err = c.words(t, at, env.Notice); err != nil {
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
