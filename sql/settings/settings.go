// Package settings is the one table of configuration parameters: PostgreSQL 15's own (names, types, ranges, units and
// defaults from its pg_settings) and Tarn's, and a session's values of them with PostgreSQL's transaction rules
// (manual: SET, 20.1 Setting Parameters).
package settings

import (
	"math"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
)

// Def declares one parameter. Context is PostgreSQL's (user, superuser, sighup, postmaster, internal, backend).
type Def struct {
	Name, Unit, Category, Short, Extra string
	Context, VarType                   string // bool, integer, real, string, enum
	Min, Max                           float64
	MinText, MaxText                   string
	Enum                               []string
	Boot                               string
	// Report: changes are sent to the client as ParameterStatus (manual 55.2.7).
	Report bool
	// check validates and canonicalises a value; nil: by type only.
	check func(v, current string) (string, error)
}

// ours are Tarn's parameters, and PostgreSQL's whose value differs here.
var ours = []Def{
	{Name: "tarn.columnar", VarType: "enum", Enum: []string{"auto", "on", "off"}, Boot: "auto", Context: "user", Category: "Tarn",
		Short: "Chooses whether plan fragments run over the columnar shape."},
	{Name: "tarn.mirror", VarType: "bool", Boot: "on", Context: "user", Category: "Tarn",
		Short: "Gives new tables a columnar mirror."},
	{Name: "tarn.mirror_max_wal_size", VarType: "integer", Unit: "MB", Boot: "4096", Min: -1, Max: math.MaxInt32, MinText: "-1", MaxText: "2147483647",
		Context: "sighup", Category: "Tarn", Short: "Sets the size of the log that is kept for changes that are not in the mirror yet.",
		Extra: "Tables whose changes hold more are copied anew. -1 means no limit."},
	{Name: "tarn.restore_window", VarType: "integer", Unit: "s", Boot: "86400", Min: 0, Max: math.MaxInt32, MinText: "0", MaxText: "2147483647",
		Context: "sighup", Category: "Tarn", Short: "Sets how far back branches can be made of the past of a branch.",
		Extra: "It holds for branches that are opened from then on. 0 keeps nothing."},
	{Name: "tarn.restore_window_size", VarType: "integer", Unit: "MB", Boot: "2048", Min: 16, Max: math.MaxInt32, MinText: "16", MaxText: "2147483647",
		Context: "sighup", Category: "Tarn", Short: "Sets how much is kept on disk for the restore window of each branch.",
		Extra: "What exceeds it shortens the window."},
	{Name: "tarn.archive", VarType: "string", Boot: "auto", Context: "postmaster", Category: "Tarn",
		Short: "Sets where the past of branches is archived.", Extra: "A directory, s3://bucket/prefix, off, or auto: .archive in a warehouse in a bucket."},
	{Name: "tarn.archive_timeout", VarType: "integer", Unit: "s", Boot: "60", Min: 1, Max: math.MaxInt32 / 2, MinText: "1", MaxText: "1073741823",
		Context: "postmaster", Category: "Tarn", Short: "Sets how long a commit stays out of the archive when little is written."},
	{Name: "tarn.archive_max_wal_size", VarType: "integer", Unit: "MB", Boot: "4096", Min: -1, Max: math.MaxInt32, MinText: "-1", MaxText: "2147483647",
		Context: "postmaster", Category: "Tarn", Short: "Sets the size of the log of a branch that is kept for the archive.",
		Extra: "What exceeds it leaves a gap, which a new base ends. -1 means no limit."},
	{Name: "tarn.as_of", VarType: "string", Boot: "", Context: "internal", Category: "Tarn",
		Short: "Shows the point of the past that the transaction reads.", Extra: "SET LOCAL tarn.as_of chooses it: an LSN, or a time."},
	{Name: "tarn.warehouse_cache_size", VarType: "integer", Unit: "MB", Boot: "8192", Min: 64, Max: math.MaxInt32, MinText: "64", MaxText: "2147483647",
		Context: "postmaster", Category: "Tarn", Short: "Sets the size of the local copies of a remote warehouse's data files.",
		Extra: "A query that reads more columnar files at a time runs over rows."},
	{Name: "tarn.columnar_min_rows", VarType: "integer", Boot: "20000", Min: 0, Max: math.MaxInt32, MinText: "0", MaxText: "2147483647",
		Context: "user", Category: "Tarn", Short: "Smallest estimated input for which a fragment is run over the columnar shape."},
	{Name: "tarn.columnar_memory", VarType: "integer", Unit: "MB", Boot: "1024", Min: 64, Max: 1 << 20, MinText: "64", MaxText: "1048576", Context: "postmaster",
		Category: "Tarn", Short: "Sets the memory of the columnar engine; beyond it queries use temporary files."},
	{Name: "tarn.columnar_temp_size", VarType: "integer", Unit: "MB", Boot: "10240", Min: 0, Max: math.MaxInt32, MinText: "0", MaxText: "2147483647", Context: "postmaster",
		Category: "Tarn", Short: "Sets how much of temporary files the columnar engine may have.", Extra: "A query that needs more runs over rows. 0 means 10 GB."},
	{Name: "tarn.columnar_threads", VarType: "integer", Boot: "0", Min: 0, Max: 1024, MinText: "0", MaxText: "1024", Context: "postmaster",
		Category: "Tarn", Short: "Sets the threads of the columnar engine.", Extra: "0 means half of the processors, but at least one."},
	{Name: "tarn.columnar_queries", VarType: "integer", Boot: "0", Min: 0, Max: 1024, MinText: "0", MaxText: "1024", Context: "postmaster",
		Category: "Tarn", Short: "Sets how many columnar queries run at a time; others wait.", Extra: "0 means as many as there are threads, but at least two."},
	{Name: "tarn.columnar_nice", VarType: "integer", Boot: "20", Min: 0, Max: 20, MinText: "0", MaxText: "20", Context: "postmaster",
		Category: "Tarn", Short: "Sets how far the columnar engine's threads step back behind transactions.",
		Extra: "A niceness of setpriority(2), or 20: they run when no other thread wants the processor (SCHED_IDLE). Linux only."},
}

// ofExtensions are parameters that PostgreSQL's modules define when they are loaded; here they are always there.
var ofExtensions = []Def{
	{Name: "pg_stat_statements.max", VarType: "integer", Boot: "5000", Min: 100, Max: math.MaxInt32 / 2, MinText: "100", MaxText: "1073741823", Context: "postmaster",
		Category: "Customized Options", Short: "Sets the maximum number of statements tracked by pg_stat_statements."},
	{Name: "pg_stat_statements.save", VarType: "bool", Boot: "on", Context: "sighup", Category: "Customized Options",
		Short: "Save pg_stat_statements statistics across server shutdowns."},
	{Name: "pg_stat_statements.track", VarType: "enum", Enum: []string{"none", "top", "all"}, Boot: "top", Context: "superuser", Category: "Customized Options",
		Short: "Selects which statements are tracked by pg_stat_statements."},
	{Name: "pg_stat_statements.track_planning", VarType: "bool", Boot: "off", Context: "superuser", Category: "Customized Options",
		Short: "Selects whether planning duration is tracked by pg_stat_statements."},
	{Name: "pg_stat_statements.track_utility", VarType: "bool", Boot: "on", Context: "superuser", Category: "Customized Options",
		Short: "Selects whether utility commands are tracked by pg_stat_statements."},
	{Name: "pg_trgm.similarity_threshold", VarType: "real", Boot: "0.3", Min: 0, Max: 1, MinText: "0", MaxText: "1", Context: "user", Category: "Customized Options",
		Short: "Sets the threshold used by the % operator.", Extra: "Valid range is 0.0 .. 1.0."},
	{Name: "pg_trgm.word_similarity_threshold", VarType: "real", Boot: "0.6", Min: 0, Max: 1, MinText: "0", MaxText: "1", Context: "user", Category: "Customized Options",
		Short: "Sets the threshold used by the <% operator.", Extra: "Valid range is 0.0 .. 1.0."},
	{Name: "pg_trgm.strict_word_similarity_threshold", VarType: "real", Boot: "0.5", Min: 0, Max: 1, MinText: "0", MaxText: "1", Context: "user", Category: "Customized Options",
		Short: "Sets the threshold used by the <<% operator.", Extra: "Valid range is 0.0 .. 1.0."},
	{Name: "hnsw.ef_search", VarType: "integer", Boot: "40", Min: 1, Max: 1000, MinText: "1", MaxText: "1000", Context: "user", Category: "Customized Options",
		Short: "Sets the size of the dynamic candidate list for search", Extra: "Valid range is 1..1000."},
	{Name: "hnsw.iterative_scan", VarType: "enum", Enum: []string{"off", "relaxed_order", "strict_order"}, Boot: "off", Context: "user", Category: "Customized Options",
		Short: "Sets the mode for iterative scans"},
	{Name: "hnsw.max_scan_tuples", VarType: "integer", Boot: "20000", Min: 1, Max: math.MaxInt32, MinText: "1", MaxText: "2147483647", Context: "user", Category: "Customized Options",
		Short: "Sets the max number of tuples to visit for iterative scans"},
	{Name: "hnsw.scan_mem_multiplier", VarType: "real", Boot: "1", Min: 1, Max: 1000, MinText: "1", MaxText: "1000", Context: "user", Category: "Customized Options",
		Short: "Sets the multiple of work_mem to use for iterative scans"},
}

// version is what the server reports; every oracle of the project is of this version.
const (
	Version    = "15.18"
	VersionNum = "150018"
)

var overrides = map[string]string{
	"server_version":                Version,
	"server_version_num":            VersionNum,
	"server_encoding":               "UTF8",
	"client_encoding":               "UTF8",
	"integer_datetimes":             "on",
	"DateStyle":                     "ISO, MDY",
	"TimeZone":                      "Etc/UTC",
	"log_timezone":                  "Etc/UTC",
	"lc_collate":                    "C.UTF-8",
	"lc_ctype":                      "C.UTF-8",
	"lc_messages":                   "C.UTF-8",
	"lc_monetary":                   "C.UTF-8",
	"lc_numeric":                    "C.UTF-8",
	"lc_time":                       "C.UTF-8",
	"default_text_search_config":    "pg_catalog.english",
	"is_superuser":                  "on",
	"session_authorization":         "postgres",
	"in_hot_standby":                "off",
	"max_connections":               "1000",
	"wal_level":                     "logical",
	"application_name":              "",
	"data_checksums":                "on",
	"fsync":                         "on",
	"config_file":                   "",
	"hba_file":                      "",
	"ident_file":                    "",
	"data_directory":                "",
	"external_pid_file":             "",
	"unix_socket_directories":       "",
	"default_transaction_isolation": "read committed",
	"transaction_isolation":         "read committed",
	"jit":                           "off",
}

// missing are parameters that pg_settings hides but clients set or show.
var missing = []Def{
	{Name: "is_superuser", VarType: "bool", Boot: "on", Context: "internal", Category: "Preset Options", Report: true},
	{Name: "session_authorization", VarType: "string", Boot: "postgres", Context: "user", Category: "Ungrouped", Report: true},
	{Name: "role", VarType: "string", Boot: "none", Context: "user", Category: "Ungrouped"},
	{Name: "seed", VarType: "real", Boot: "0", Min: -1, Max: 1, MinText: "-1", MaxText: "1", Context: "user", Category: "Ungrouped"},
}

var reported = []string{"application_name", "client_encoding", "DateStyle", "default_transaction_read_only", "in_hot_standby",
	"integer_datetimes", "IntervalStyle", "is_superuser", "server_encoding", "server_version", "session_authorization",
	"standard_conforming_strings", "TimeZone"}

var table = sync.OnceValue(func() map[string]*Def {
	m := map[string]*Def{}
	t := pgdata.Load("pg_settings")
	str := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	for _, r := range t.Rows {
		d := &Def{Name: *r[0], Unit: str(r[2]), Category: str(r[3]), Short: str(r[4]), Extra: str(r[5]), Context: *r[6],
			VarType: *r[7], MinText: str(r[8]), MaxText: str(r[9]), Boot: str(r[11])}
		d.Min, _ = strconv.ParseFloat(d.MinText, 64)
		d.Max, _ = strconv.ParseFloat(d.MaxText, 64)
		if r[10] != nil {
			for _, e := range strings.Split(strings.Trim(*r[10], "{}"), ",") {
				d.Enum = append(d.Enum, strings.Trim(e, `"`))
			}
		}
		m[strings.ToLower(d.Name)] = d
	}
	for _, list := range [][]Def{missing, ours, ofExtensions} {
		for i := range list {
			d := list[i]
			if m[strings.ToLower(d.Name)] == nil {
				m[strings.ToLower(d.Name)] = &d
			}
		}
	}
	for n, v := range overrides {
		if d := m[strings.ToLower(n)]; d != nil {
			d.Boot = v
		}
	}
	for _, n := range reported {
		if d := m[strings.ToLower(n)]; d != nil {
			d.Report = true
		}
	}
	for n, c := range checks {
		if d := m[n]; d != nil {
			d.check = c
		}
	}
	return m
})

// Lookup returns the declaration of a parameter, by any spelling of its case; nil for an unknown one.
func Lookup(name string) *Def { return table()[strings.ToLower(name)] }

// All returns every declaration in name order.
func All() []*Def {
	m := table()
	out := make([]*Def, 0, len(m))
	for _, d := range m {
		out = append(out, d)
	}
	sort.Slice(out, func(i, j int) bool { return strings.ToLower(out[i].Name) < strings.ToLower(out[j].Name) })
	return out
}

// Unknown is PostgreSQL's error for a name that is no parameter.
func Unknown(name string) error {
	return pgerr.New(pgerr.UndefinedObject, "unrecognized configuration parameter \"%s\"", name)
}

// Parse checks a value and returns its stored form: on/off, a number in the base unit, a canonical string.
func (d *Def) Parse(v string) (string, error) { return d.parse(v, d.Boot) }

func (d *Def) parse(v, current string) (string, error) {
	var err error
	switch d.VarType {
	case "bool":
		b, ok := ParseBool(v)
		if !ok {
			return "", pgerr.New(pgerr.InvalidParameterValue, "parameter \"%s\" requires a Boolean value", d.Name)
		}
		v = onOff(b)
	case "integer", "real":
		if v, err = d.number(v); err != nil {
			return "", err
		}
	case "enum":
		if v, err = d.enum(v); err != nil {
			return "", err
		}
	}
	if d.check != nil {
		return d.check(v, current)
	}
	return v, nil
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// ParseBool reads PostgreSQL's spellings of a boolean: unique prefixes of true, false, yes, no; on, off, 1, 0.
func ParseBool(v string) (val, ok bool) {
	s := strings.ToLower(strings.TrimSpace(v))
	if s == "" {
		return false, false
	}
	switch {
	case strings.HasPrefix("true", s), strings.HasPrefix("yes", s), s == "on", s == "1":
		return true, true
	case strings.HasPrefix("false", s), strings.HasPrefix("no", s), s == "of", s == "off", s == "0":
		return false, true
	}
	return false, false
}

func (d *Def) enum(v string) (string, error) {
	for _, e := range d.Enum {
		if strings.EqualFold(e, v) {
			return e, nil
		}
	}
	// Boolean spellings of on/off enums are accepted, as PostgreSQL's hidden values are.
	if b, ok := ParseBool(v); ok {
		for _, e := range d.Enum {
			if e == onOff(b) {
				return e, nil
			}
		}
	}
	return "", pgerr.New(pgerr.InvalidParameterValue, "invalid value for parameter \"%s\": \"%s\"", d.Name, v).
		WithHint("Available values: " + strings.Join(d.Enum, ", ") + ".")
}

// Base units in bytes and in microseconds.
var byteUnits = map[string]float64{"B": 1, "kB": 1 << 10, "8kB": 8 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
var timeUnits = map[string]float64{"us": 1, "ms": 1e3, "s": 1e6, "min": 60e6, "h": 3600e6, "d": 86400e6}

func (d *Def) number(v string) (string, error) {
	s := strings.TrimSpace(v)
	i := 0
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || strings.IndexByte("+-.", s[i]) >= 0 ||
		(s[i] == 'e' || s[i] == 'E') && i+1 < len(s) && (s[i+1] >= '0' && s[i+1] <= '9' || s[i+1] == '-')) {
		i++
	}
	bad := func(hint string) error {
		e := pgerr.New(pgerr.InvalidParameterValue, "invalid value for parameter \"%s\": \"%s\"", d.Name, v)
		if hint != "" {
			e = e.WithHint(hint)
		}
		return e
	}
	f, err := strconv.ParseFloat(s[:i], 64)
	if err != nil {
		return "", bad("")
	}
	unit := strings.TrimSpace(s[i:])
	if unit != "" {
		units, hint := timeUnits, `Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".`
		if byteUnits[d.Unit] != 0 {
			units, hint = byteUnits, `Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".`
		}
		if d.Unit == "" || units[unit] == 0 || unit == "8kB" {
			if d.Unit == "" {
				hint = ""
			}
			return "", bad(hint)
		}
		f = f * units[unit] / units[d.Unit]
	}
	if d.VarType == "integer" {
		f = math.RoundToEven(f)
	}
	if f < d.Min || f > d.Max {
		u := ""
		if d.Unit != "" {
			u = " " + d.Unit
		}
		text := strconv.FormatFloat(f, 'g', 6, 64)
		if d.VarType == "integer" {
			text = strconv.FormatFloat(f, 'f', -1, 64)
		}
		return "", pgerr.New(pgerr.InvalidParameterValue, "%s%s is outside the valid range for parameter \"%s\" (%s .. %s)",
			text, u, d.Name, d.MinText, d.MaxText)
	}
	if d.VarType == "integer" {
		return strconv.FormatInt(int64(f), 10), nil
	}
	return strconv.FormatFloat(f, 'g', -1, 64), nil
}

// Show is the value as SHOW prints it: with the largest unit that divides it.
func (d *Def) Show(v string) string {
	if d.Unit == "" || d.VarType != "integer" && d.VarType != "real" {
		return v
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || f <= 0 {
		return v
	}
	units, order := timeUnits, []string{"d", "h", "min", "s", "ms", "us"}
	if byteUnits[d.Unit] != 0 {
		units, order = byteUnits, []string{"TB", "GB", "MB", "kB", "B"}
	}
	f *= units[d.Unit]
	for _, u := range order {
		if n := f / units[u]; n == math.Trunc(n) {
			return strconv.FormatFloat(n, 'f', -1, 64) + u
		}
	}
	return v + d.Unit
}

// entry is a session's value with what it goes back to.
type entry struct {
	value string
	reset string // RESET's target: start-up value
	// source is pg_settings.source.
	source string
}

// Values are one session's parameters. Not safe for concurrent use.
type Values struct {
	set map[string]*entry // by lower-case name; absent: boot value
	// undo is the transaction's stack: what to restore on rollback, and at commit for SET LOCAL.
	undo []undo
	gen  uint64
	// OnChange hears of every change of a known parameter, rollbacks included.
	OnChange func(d *Def, value string)
}

type undo struct {
	key   string
	old   string
	had   bool
	src   string
	local bool
}

func New() *Values { return &Values{set: map[string]*entry{}, gen: 1} }

// Get returns the stored value; ok is false for an unknown parameter.
func (v *Values) Get(name string) (string, bool) {
	key := strings.ToLower(name)
	if e := v.set[key]; e != nil {
		return e.value, true
	}
	if d := Lookup(key); d != nil {
		return d.Boot, true
	}
	return "", false
}

// Show returns the value as SHOW prints it, or 42704.
func (v *Values) Show(name string) (string, error) {
	val, ok := v.Get(name)
	if !ok {
		return "", Unknown(name)
	}
	if d := Lookup(name); d != nil {
		return d.Show(val), nil
	}
	return val, nil
}

// Source returns pg_settings.source of a parameter.
func (v *Values) Source(name string) string {
	if e := v.set[strings.ToLower(name)]; e != nil {
		return e.source
	}
	return "default"
}

// Bool, Float and Int return typed values of known parameters.
func (v *Values) Bool(name string) bool { s, _ := v.Get(name); return s == "on" }
func (v *Values) Float(name string) float64 {
	s, _ := v.Get(name)
	f, _ := strconv.ParseFloat(s, 64)
	return f
}
func (v *Values) Int(name string) int64 {
	s, _ := v.Get(name)
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// Init sets a start-up value (from the command line, database, role or connection): RESET goes back to it. Parameters
// that only the server sets are accepted from it (force).
func (v *Values) Init(name, value, source string, force bool) error {
	d, val, err := v.resolve(name, value, force)
	if err != nil {
		return err
	}
	key := strings.ToLower(name)
	v.set[key] = &entry{value: val, reset: val, source: source}
	v.changed(d, val)
	return nil
}

// Set is SET [LOCAL]. It lasts as PostgreSQL's rules say: CommitTransaction and RollbackTo end it.
func (v *Values) Set(name, value string, local bool) error {
	d, val, err := v.resolve(name, value, false)
	if err != nil {
		return err
	}
	v.assign(name, d, val, local)
	return nil
}

// Reset is RESET name.
func (v *Values) Reset(name string) error {
	d := Lookup(name)
	e := v.set[strings.ToLower(name)]
	if d == nil && e == nil {
		if strings.Contains(name, ".") {
			return nil
		}
		return Unknown(name)
	}
	if d != nil {
		if err := d.settable(); err != nil {
			return err
		}
	}
	if e == nil {
		return nil
	}
	v.assign(name, d, e.reset, false)
	return nil
}

// ResetAll is RESET ALL.
func (v *Values) ResetAll() {
	for key, e := range v.set {
		d := Lookup(key)
		if d != nil && (d.settable() != nil || d.Name == "role" || d.Name == "session_authorization" || strings.HasPrefix(d.Name, "transaction_")) {
			continue
		}
		if e.value != e.reset {
			v.assign(key, d, e.reset, false)
		}
	}
}

// Force changes a value without checks or transaction effect (transaction_isolation, is_superuser …).
func (v *Values) Force(name, value string) {
	key, d := strings.ToLower(name), Lookup(name)
	e := v.set[key]
	if e == nil {
		boot := ""
		if d != nil {
			boot = d.Boot
		}
		e = &entry{reset: boot, source: "override"}
		v.set[key] = e
	}
	if e.value != value {
		e.value = value
		v.changed(d, value)
	}
}

func (v *Values) assign(name string, d *Def, val string, local bool) {
	key := strings.ToLower(name)
	e := v.set[key]
	if e == nil {
		boot := ""
		if d != nil {
			boot = d.Boot
		}
		v.undo = append(v.undo, undo{key: key, old: boot, local: local})
		e = &entry{reset: boot}
		v.set[key] = e
	} else {
		v.undo = append(v.undo, undo{key: key, old: e.value, had: true, src: e.source, local: local})
	}
	e.value, e.source = val, "session"
	v.changed(d, val)
}

// Generation grows with every change: what was derived from the values is good while it stays.
func (v *Values) Generation() uint64 { return v.gen }

func (v *Values) changed(d *Def, val string) {
	v.gen++
	if d != nil && v.OnChange != nil {
		v.OnChange(d, val)
	}
}

func (v *Values) resolve(name, value string, force bool) (*Def, string, error) {
	d := Lookup(name)
	if d == nil {
		if prefix, rest, ok := strings.Cut(name, "."); ok && prefix != "" && rest != "" {
			if strings.EqualFold(prefix, "tarn") {
				return nil, "", Unknown(name)
			}
			return nil, value, nil // a placeholder of an extension or an application
		}
		return nil, "", Unknown(name)
	}
	if !force {
		if err := d.settable(); err != nil {
			return nil, "", err
		}
	}
	current, _ := v.Get(name)
	val, err := d.parse(value, current)
	return d, val, err
}

func (d *Def) settable() error {
	switch d.Context {
	case "internal":
		return pgerr.New(pgerr.CantChangeRuntimeParam, "parameter \"%s\" cannot be changed", d.Name)
	case "postmaster":
		return pgerr.New(pgerr.CantChangeRuntimeParam, "parameter \"%s\" cannot be changed without restarting the server", d.Name)
	case "sighup":
		return pgerr.New(pgerr.CantChangeRuntimeParam, "parameter \"%s\" cannot be changed now", d.Name)
	case "backend", "superuser-backend":
		return pgerr.New(pgerr.CantChangeRuntimeParam, "parameter \"%s\" cannot be set after connection start", d.Name)
	}
	return nil
}

// Mark is the position of the transaction's undo stack; RollbackTo(Mark) takes back what was set since.
func (v *Values) Mark() int { return len(v.undo) }

func (v *Values) RollbackTo(mark int) {
	for i := len(v.undo) - 1; i >= mark; i-- {
		v.restore(v.undo[i])
	}
	v.undo = v.undo[:mark]
}

// CommitTransaction keeps what SET did and takes back what SET LOCAL did.
func (v *Values) CommitTransaction() {
	if len(v.undo) == 0 {
		return
	}
	// A later plain SET of the same parameter wins over an earlier SET LOCAL: only what was local last is restored, to the
	// value before the first local of that run.
	last := map[string]bool{}
	for i := len(v.undo) - 1; i >= 0; i-- {
		u := v.undo[i]
		local, seen := last[u.key]
		if !seen {
			local = u.local
		}
		if local && u.local {
			v.restore(u)
			last[u.key] = true
			continue
		}
		last[u.key] = false
	}
	v.undo = v.undo[:0]
}

func (v *Values) restore(u undo) {
	d := Lookup(u.key)
	if !u.had {
		delete(v.set, u.key)
	} else if e := v.set[u.key]; e != nil {
		e.value, e.source = u.old, u.src
	}
	v.changed(d, u.old)
}

// Extra lists parameters that are set but not declared (custom names), in order.
func (v *Values) Extra() []string {
	var out []string
	for k := range v.set {
		if Lookup(k) == nil {
			out = append(out, k)
		}
	}
	sort.Strings(out)
	return out
}

// Reported lists the parameters that are sent to the client at start, in PostgreSQL's order.
func Reported() []string { return reported }

func invalid(name, v string) *pgerr.Error {
	return pgerr.New(pgerr.InvalidParameterValue, "invalid value for parameter \"%s\": \"%s\"", name, v)
}
