package files

import (
	"strconv"
	"strings"
	"time"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/settings"
)

// Format of files.
type Format uint8

const (
	Detect Format = iota
	CSV
	JSON
	Parquet
	Avro
	Text
)

var formatNames = map[string]Format{"csv": CSV, "json": JSON, "parquet": Parquet, "avro": Avro, "text": Text}

// Mode is what a record that is not of its format, or does not fit, makes.
type Mode uint8

const (
	Permissive Mode = iota
	DropMalformed
	FailFast
)

// Arg is an option as it was given; Text of a number or a boolean is PostgreSQL's.
type Arg struct{ Name, Text string }

// Options say which files are read, and how. Names are Databricks's, without regard to case.
type Options struct {
	Path string
	// Names are the files below Path that are meant; nil: all. Skip leaves out files by their path; nil: none.
	Names []string
	Skip  func(path string) (bool, error)

	Format Format
	Mode   Mode

	Schema, SchemaHints string
	// Rescued names the rescued data column; "" is none. It is set by itself where columns are inferred.
	Rescued    string
	rescuedSet bool
	evolution  string
	FoldCase   bool // readerCaseSensitive = false
	// Infer is false where all columns of CSV and JSON are texts.
	Infer bool

	Recursive     bool
	NamePattern   string
	After, Before time.Time
	// Partitions are the columns that come from directories; nil: all that there are.
	Partitions                   []string
	IgnoreCorrupt, IgnoreMissing bool

	// CSV
	Sep                  string
	Quote, Escape        byte // 0: none
	Comment              byte
	Header, MultiLine    bool
	NullValue            string
	EmptyValue           string
	TrimLeft, TrimRight  bool
	SkipRows             int
	NaN, PosInf, NegInf  string
	DateFormat, TSFormat string
	// JSON
	PrimitivesAsString bool
	// text
	WholeText bool
}

// ParseOptions reads options. Errors: 42601 for one that is not known, 22023 for a value that it cannot have, 0A000.
func ParseOptions(path string, args []Arg) (*Options, error) {
	o := &Options{Path: path, Infer: true, Recursive: true, Sep: ",", Quote: '"', Escape: '\\', NaN: "NaN", PosInf: "Inf", NegInf: "-Inf"}
	if path == "" {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "path must not be empty")
	}
	seen := map[string]bool{}
	for _, a := range args {
		name := strings.ToLower(a.Name)
		if seen[name] {
			return nil, pgerr.New(pgerr.SyntaxError, "option \"%s\" is given more than once", a.Name)
		}
		seen[name] = true
		set, ok := optionSetters[name]
		if !ok {
			if unbuilt[name] {
				return nil, pgerr.Unsupported("option " + a.Name)
			}
			return nil, pgerr.New(pgerr.SyntaxError, "option \"%s\" not recognized", a.Name)
		}
		if err := set(o, a); err != nil {
			return nil, err
		}
	}
	return o, o.complete()
}

func (o *Options) complete() error {
	switch o.evolution {
	case "", "none", "rescue", "addnewcolumns", "failonnewcolumns":
	default:
		return pgerr.Unsupported("schemaEvolutionMode " + o.evolution)
	}
	inferred := o.Schema == "" && o.Format != Text
	if !o.rescuedSet && inferred && o.evolution != "none" {
		o.Rescued = DefaultRescued
	}
	if o.Schema != "" && o.SchemaHints != "" {
		return pgerr.New(pgerr.InvalidParameterValue, "schema and schemaHints cannot be given together")
	}
	return nil
}

// folds reports whether names are found without regard to case, where none is spelled the same.
func (o *Options) folds() bool { return o.FoldCase || o.Rescued == "" }

// DefaultRescued is the rescued data column's name where the user gives none.
const DefaultRescued = "_rescued_data"

type setter func(o *Options, a Arg) error

var optionSetters = map[string]setter{
	"format": func(o *Options, a Arg) error {
		f, ok := formatNames[strings.ToLower(a.Text)]
		if !ok {
			switch strings.ToLower(a.Text) {
			case "orc", "xml", "binaryfile", "excel":
				return pgerr.Unsupported("file format " + a.Text)
			}
			return badValue(a)
		}
		o.Format = f
		return nil
	},
	"mode": func(o *Options, a Arg) error {
		switch strings.ToUpper(a.Text) {
		case "PERMISSIVE":
			o.Mode = Permissive
		case "DROPMALFORMED":
			o.Mode = DropMalformed
		case "FAILFAST":
			o.Mode = FailFast
		default:
			return badValue(a)
		}
		return nil
	},
	"schema":            text(func(o *Options) *string { return &o.Schema }),
	"schemahints":       text(func(o *Options) *string { return &o.SchemaHints }),
	"rescueddatacolumn": func(o *Options, a Arg) error { o.Rescued, o.rescuedSet = a.Text, true; return nil },
	"schemaevolutionmode": func(o *Options, a Arg) error {
		o.evolution = strings.ToLower(a.Text)
		return nil
	},
	"readercasesensitive": func(o *Options, a Arg) error {
		on, err := boolean(a)
		o.FoldCase = !on
		return err
	},
	"infercolumntypes":    onOff(func(o *Options) *bool { return &o.Infer }),
	"inferschema":         onOff(func(o *Options) *bool { return &o.Infer }),
	"recursivefilelookup": onOff(func(o *Options) *bool { return &o.Recursive }),
	"filenamepattern":     text(func(o *Options) *string { return &o.NamePattern }),
	"pathglobfilter":      text(func(o *Options) *string { return &o.NamePattern }),
	"modifiedafter":       moment(func(o *Options) *time.Time { return &o.After }),
	"modifiedbefore":      moment(func(o *Options) *time.Time { return &o.Before }),
	"partitioncolumns": func(o *Options, a Arg) error {
		o.Partitions = []string{}
		for name := range strings.SplitSeq(a.Text, ",") {
			if name = strings.TrimSpace(name); name != "" {
				o.Partitions = append(o.Partitions, name)
			}
		}
		return nil
	},
	"ignorecorruptfiles":       onOff(func(o *Options) *bool { return &o.IgnoreCorrupt }),
	"ignoremissingfiles":       onOff(func(o *Options) *bool { return &o.IgnoreMissing }),
	"sep":                      separator,
	"delimiter":                separator,
	"quote":                    letter(func(o *Options) *byte { return &o.Quote }),
	"escape":                   letter(func(o *Options) *byte { return &o.Escape }),
	"comment":                  letter(func(o *Options) *byte { return &o.Comment }),
	"header":                   onOff(func(o *Options) *bool { return &o.Header }),
	"multiline":                onOff(func(o *Options) *bool { return &o.MultiLine }),
	"nullvalue":                text(func(o *Options) *string { return &o.NullValue }),
	"emptyvalue":               text(func(o *Options) *string { return &o.EmptyValue }),
	"ignoreleadingwhitespace":  onOff(func(o *Options) *bool { return &o.TrimLeft }),
	"ignoretrailingwhitespace": onOff(func(o *Options) *bool { return &o.TrimRight }),
	"skiprows": func(o *Options, a Arg) error {
		n, err := strconv.Atoi(a.Text)
		if err != nil || n < 0 {
			return badValue(a)
		}
		o.SkipRows = n
		return nil
	},
	"nanvalue":           text(func(o *Options) *string { return &o.NaN }),
	"positiveinf":        text(func(o *Options) *string { return &o.PosInf }),
	"negativeinf":        text(func(o *Options) *string { return &o.NegInf }),
	"dateformat":         layout(func(o *Options) *string { return &o.DateFormat }),
	"timestampformat":    layout(func(o *Options) *string { return &o.TSFormat }),
	"primitivesasstring": onOff(func(o *Options) *bool { return &o.PrimitivesAsString }),
	"wholetext":          onOff(func(o *Options) *bool { return &o.WholeText }),
	"encoding":           utf8Only,
	"charset":            utf8Only,
	// Columns of several files are always united.
	"mergeschema": func(_ *Options, a Arg) error { _, err := boolean(a); return err },
}

// unbuilt are options that Databricks has and that are not built.
var unbuilt = map[string]bool{"allowcomments": true, "allowsinglequotes": true, "allowunquotedfieldnames": true, "prefersdecimal": true,
	"linesep": true, "locale": true, "timezone": true, "columnnameofcorruptrecord": true, "singlevariantcolumn": true, "samplingratio": true,
	"unescapedquotehandling": true, "charstoescapequoteescaping": true, "chartoescapequoteescaping": true, "maxcolumns": true,
	"maxcharspercolumn": true, "enforceschema": true, "avroschema": true, "datetimerebasemode": true, "int96rebasemode": true,
	"badrecordspath": true, "rowtag": true, "schemalocation": true, "maxfilespertrigger": true, "maxbytespertrigger": true}

func badValue(a Arg) error {
	return pgerr.New(pgerr.InvalidParameterValue, "invalid value for option \"%s\": \"%s\"", a.Name, a.Text)
}

// ParseBool reads a boolean as options have it.
func ParseBool(s string) (on, ok bool) { return settings.ParseBool(s) }

func boolean(a Arg) (bool, error) {
	on, ok := settings.ParseBool(a.Text)
	if !ok {
		return false, pgerr.New(pgerr.InvalidParameterValue, "option \"%s\" requires a Boolean value", a.Name)
	}
	return on, nil
}

func text(at func(*Options) *string) setter {
	return func(o *Options, a Arg) error { *at(o) = a.Text; return nil }
}

func onOff(at func(*Options) *bool) setter {
	return func(o *Options, a Arg) (err error) { *at(o), err = boolean(a); return err }
}

func letter(at func(*Options) *byte) setter {
	return func(o *Options, a Arg) error {
		if len(a.Text) > 1 {
			return pgerr.New(pgerr.InvalidParameterValue, "option \"%s\" must be a single one-byte character", a.Name)
		}
		*at(o) = 0
		if a.Text != "" {
			*at(o) = a.Text[0]
		}
		return nil
	}
}

func separator(o *Options, a Arg) error {
	s := strings.ReplaceAll(a.Text, `\t`, "\t")
	if s == "" || strings.ContainsAny(s, "\r\n") {
		return badValue(a)
	}
	o.Sep = s
	return nil
}

func layout(at func(*Options) *string) setter {
	return func(o *Options, a Arg) (err error) {
		*at(o), err = goLayout(a)
		return err
	}
}

func moment(at func(*Options) *time.Time) setter {
	return func(o *Options, a Arg) error {
		for _, l := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00",
			"2006-01-02 15:04:05.999999999Z07", "2006-01-02"} {
			if t, err := time.Parse(l, a.Text); err == nil {
				*at(o) = t
				return nil
			}
		}
		return badValue(a)
	}
}

func utf8Only(_ *Options, a Arg) error {
	if e := strings.ToLower(strings.ReplaceAll(a.Text, "-", "")); e != "utf8" && e != "usascii" {
		return pgerr.Unsupported("encoding " + a.Text)
	}
	return nil
}

// goLayout translates a Java date pattern: letters in runs, quoted text, everything else as it stands.
func goLayout(a Arg) (string, error) {
	var b strings.Builder
	for i := 0; i < len(a.Text); {
		c := a.Text[i]
		n := 1
		for i+n < len(a.Text) && a.Text[i+n] == c {
			n++
		}
		run := a.Text[i : i+n]
		i += n
		switch {
		case c == '\'':
			end := strings.IndexByte(a.Text[i:], '\'')
			if n > 1 || end < 0 {
				return "", badValue(a)
			}
			b.WriteString(a.Text[i : i+end])
			i += end + 1
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			l, ok := layoutOf[run]
			if !ok {
				if c != 'S' || n > 9 {
					return "", badValue(a)
				}
				l = strings.Repeat("0", n)
			}
			b.WriteString(l)
		default:
			b.WriteString(run)
		}
	}
	return b.String(), nil
}

var layoutOf = map[string]string{"yyyy": "2006", "y": "2006", "uuuu": "2006", "yy": "06", "MM": "01", "M": "1", "MMM": "Jan", "MMMM": "January",
	"dd": "02", "d": "2", "HH": "15", "H": "15", "hh": "03", "h": "3", "mm": "04", "m": "4", "ss": "05", "s": "5", "a": "PM",
	"E": "Mon", "EEE": "Mon", "EEEE": "Monday", "X": "Z07", "XX": "Z0700", "XXX": "Z07:00", "x": "-07", "xx": "-0700", "xxx": "-07:00",
	"Z": "-0700", "z": "MST"}
