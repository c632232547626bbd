package syscat

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
)

// Server is what the catalogs tell of the server around the database. Its methods may be called by any number of
// goroutines; results are not changed.
type Server interface {
	Databases() []Database
	Roles() *privilege.Roles
	Branches() ([]Branch, error)
	Mirrors(ctx context.Context) ([]Mirror, error)
	// MirrorWork is the long work on Delta tables that is under way.
	MirrorWork() []MirrorWork
	Archives() []Archive
	Columnar() ColumnarStats
	// TableStats are the last known number of rows (-1: never analyzed) and of 8 kB pages.
	TableStats(t *catalog.Table) (rows float64, pages int64)
}

// Database is a row of pg_database.
type Database struct {
	OID       uint32
	Name      string
	Owner     uint32
	Template  bool
	AllowConn bool
	ACL       privilege.ACL
}

// Privileges is the part of want that a role has on the database.
func (d Database) Privileges(roles *privilege.Roles, role uint32, want privilege.Set) privilege.Set {
	if roles.IsSuper(role) {
		return want
	}
	acl := d.ACL
	if acl == nil {
		acl = privilege.Default(privilege.Database, d.Owner)
	}
	return acl.Mask(roles, role, d.Owner, want, false)
}

// Branch is a row of tarn.branches.
type Branch struct {
	ID, Database, Name, Parent, CreatedBy, State string
	LSN, CurrentLSN                              uint64
	Created, Expires                             time.Time
	Protected                                    bool
	Depth                                        int
	SharedBytes, UniqueBytes, LogBytes           int64
}

// Mirror is a row of tarn.mirrors.
type Mirror struct {
	Table                        catalog.OID
	Name, Path, State, LastError string
	Version                      int64
	PublishedLSN                 uint64
	LagBytes                     int64
	LagSeconds                   float64
	TailRows, Files, FileBytes   int64
	DeletedRows                  int64
	Text, Renamed                []string
}

// Archive is a row of tarn.archive.
type Archive struct {
	Database, Branch, State  string
	ArchivedLSN, LastBaseLSN uint64 // 0: none
	LagBytes, Bytes          int64
	LastBaseTime             time.Time
	LastError                string
	LastErrorTime            time.Time
}

// MirrorWork is a row of tarn.progress_mirror (Kind "copy"), progress_optimize ("optimize") or progress_vacuum ("vacuum").
type MirrorWork struct {
	Kind                                                  string
	Table                                                 catalog.OID
	Name, Phase                                           string
	Background                                            bool
	Started                                               time.Time
	Rows, RowsTotal, Files, FilesTotal, Bytes, BytesTotal int64
}

// ColumnarStats is the row of tarn.columnar_stats: fragments since the branch was opened that ran over columns, and over rows because
// the columnar shape was not there or the engine failed.
type ColumnarStats struct{ Ran, Unavailable, Failed int64 }

// Key is a condition: column = value, which is not NULL, or, with Chars, a column of type "char" is one of these.
type Key struct {
	AttNum int16
	Val    types.Datum
	Chars  string
}

// Scan starts a scan. cols are the attribute numbers that the rows have, in this order; number -6 is tableoid, other
// system columns are NULL. eq may be used to give fewer rows. srv and sess may be nil: what only they know is left out.
func Scan(ctx context.Context, cat *catalog.Catalog, srv Server, sess Session, t *catalog.Table, cols []int16, eq []Key) (builtin.Rows, error) {
	s := &scan{ctx: ctx, cat: cat, srv: srv, sess: sess, table: t, cols: cols}
	for _, k := range eq {
		if k.Chars != "" {
			s.chars = append(s.chars, k)
		} else {
			s.eq = append(s.eq, k)
		}
	}
	err := s.fill()
	return &rows{s: s, row: make([]types.Datum, 0, len(cols))}, err
}

// rows gives PostgreSQL's own rows, then those that were added.
type rows struct {
	s   *scan
	row []types.Datum
}

func (r *rows) Next() ([]types.Datum, bool, error) {
	s := r.s
	if len(s.static) > 0 {
		r.row = s.project(r.row[:0], s.static[0])
		s.static = s.static[1:]
		return r.row, true, nil
	}
	if s.added == 0 {
		return nil, false, nil
	}
	s.added--
	w := len(s.cols)
	if w == 0 {
		return nil, true, nil
	}
	if len(s.blocks[0]) == 0 {
		s.blocks = s.blocks[1:]
	}
	row := s.blocks[0][:w:w]
	s.blocks[0] = s.blocks[0][w:]
	return row, true, nil
}

const tableOIDAtt = -6

// scan collects the rows of one scan.
type scan struct {
	ctx   context.Context
	cat   *catalog.Catalog
	srv   Server
	sess  Session
	table *catalog.Table
	cols  []int16 // that are asked for
	eq    []Key
	chars []Key
	// static are rows with all columns, which are shared. blocks hold the columns that are asked for of added rows, one after the other.
	static [][]types.Datum
	blocks [][]types.Datum
	added  int
	// att says which columns pg_attribute is asked for.
	att struct {
		byNumber, byName bool
		number           int64
		name             string
	}
	// object and referenced say the same of pg_depend; note is told of every object that is referred to.
	object, referenced *catalog.OID
	note               func(referenced catalog.OID)
}

// maxBlockRows bounds how many rows' values are allocated at a time.
const maxBlockRows = 512

// add adds a row, given with all columns.
func (s *scan) add(vals ...types.Datum) {
	if len(vals) != len(s.table.Columns) {
		panic("syscat: a row of " + s.table.Name + " has another number of columns")
	}
	w := len(s.cols)
	last := len(s.blocks) - 1
	if w > 0 && (last < 0 || cap(s.blocks[last])-len(s.blocks[last]) < w) {
		s.blocks = append(s.blocks, make([]types.Datum, 0, w*min(maxBlockRows, 4+2*s.added)))
		last++
	}
	if w > 0 {
		s.blocks[last] = s.project(s.blocks[last], vals)
	}
	s.added++
}

// project appends the columns that are asked for of a row with all columns.
func (s *scan) project(dst, full []types.Datum) []types.Datum {
	for _, att := range s.cols {
		switch {
		case att > 0:
			dst = append(dst, full[att-1])
		case att == tableOIDAtt:
			dst = append(dst, oid(s.table.OID))
		default:
			dst = append(dst, types.Null)
		}
	}
	return dst
}

// when computes a column that is dear, if it is asked for.
func (s *scan) when(att int16, f func() types.Datum) types.Datum {
	if s.wants(att) {
		return f()
	}
	return null
}

// fill collects the rows: PostgreSQL's own, then the database's.
func (s *scan) fill() error {
	if s.table.Kind == catalog.RelSequence {
		return sequenceRow(s)
	}
	name := s.table.Name
	if s.table.Schema == catalog.PgCatalogOID || s.table.Schema == catalog.InformationSchemaOID {
		if st := staticRows(s.table); st != nil {
			s.static = s.created(st, st.find(s.eq))
		}
	}
	if f := relations[qualified{s.table.Schema, name}]; f != nil {
		return f(s)
	}
	return nil
}

type qualified struct {
	schema catalog.OID
	name   string
}

// relations are the computed ones. What is in neither this table nor staticSources is there and empty.
var relations map[qualified]func(*scan) error

func init() {
	relations = map[qualified]func(*scan) error{}
	for name, f := range map[string]func(*scan) error{
		"pg_class": pgClass, "pg_enum": pgEnum, "pg_proc": pgProc, "pg_aggregate": pgAggregate, "pg_operator": pgOperator, "pg_cast": pgCast, "pg_range": pgRange, "pg_language": pgLanguage, "pg_shdepend": pgShdepend, "pg_attribute": pgAttribute, "pg_attrdef": pgAttrdef, "pg_index": pgIndex,
		"pg_constraint": pgConstraint, "pg_type": pgType, "pg_namespace": pgNamespace, "pg_sequence": pgSequence,
		"pg_description": pgDescription, "pg_depend": pgDepend, "pg_rewrite": pgRewrite,
		"pg_settings": pgSettings, "pg_stat_activity": pgStatActivity, "pg_locks": pgLocks, "pg_timezone_names": pgTimezoneNames,
		"pg_timezone_abbrevs": pgTimezoneAbbrevs, "pg_statistic": pgStatistic,
		"pg_database": pgDatabase, "pg_authid": pgAuthid, "pg_auth_members": pgAuthMembers, "pg_db_role_setting": pgDBRoleSetting,
		"pg_default_acl": pgDefaultACL, "pg_init_privs": pgInitPrivs, "pg_extension": pgExtension,
		"pg_inherits": pgInherits, "pg_policy": pgPolicy, "pg_collation": pgCollation, "pg_ts_dict": pgTSDict, "pg_ts_config": pgTSConfig, "pg_ts_config_map": pgTSConfigMap, "pg_trigger": pgTrigger, "pg_event_trigger": pgEventTrigger, "pg_partitioned_table": pgPartitionedTable,
		"pg_foreign_table": pgForeignTable, "pg_foreign_server": pgForeignServer, "pg_foreign_data_wrapper": pgForeignDataWrapper,
	} {
		relations[qualified{catalog.PgCatalogOID, name}] = f
	}
	relations[qualified{catalog.TarnSchemaOID, "branches"}] = tarnBranches
	relations[qualified{catalog.TarnSchemaOID, "mirrors"}] = tarnMirrors
	relations[qualified{catalog.TarnSchemaOID, "archive"}] = tarnArchive
	relations[qualified{catalog.TarnSchemaOID, "columnar_stats"}] = tarnColumnarStats
	relations[qualified{catalog.TarnSchemaOID, "progress_mirror"}] = tarnProgressMirror
	relations[qualified{catalog.TarnSchemaOID, "progress_optimize"}] = tarnProgressOptimize
	relations[qualified{catalog.TarnSchemaOID, "progress_vacuum"}] = tarnProgressVacuum
	relations[qualified{catalog.TarnSchemaOID, "volumes"}] = tarnVolumes
}

// wants reports that one of some columns is asked for: those that are dear need not be computed otherwise.
func (s *scan) wants(atts ...int16) bool {
	for _, a := range atts {
		if slices.Contains(s.cols, a) {
			return true
		}
	}
	return false
}

// mayBe reports whether rows with this value of a column of type "char" are asked for.
func (s *scan) mayBe(att int16, c byte) bool {
	for _, k := range s.eq {
		if k.AttNum == att && k.Val.Uint() != uint64(c) {
			return false
		}
	}
	for _, k := range s.chars {
		if k.AttNum == att && strings.IndexByte(k.Chars, c) < 0 {
			return false
		}
	}
	return true
}

// keyOID returns the value that the condition gives to an OID column.
func (s *scan) keyOID(att int16) (catalog.OID, bool) {
	for _, k := range s.eq {
		if k.AttNum == att {
			n := k.Val.Uint()
			if n > 1<<32-1 {
				return 0, true
			}
			return catalog.OID(n), true
		}
	}
	return 0, false
}

// keyInt returns the value that the condition gives to an integer column.
func (s *scan) keyInt(att int16) (int64, bool) {
	for _, k := range s.eq {
		if k.AttNum == att {
			return k.Val.Int(), true
		}
	}
	return 0, false
}

// keyName returns the value that the condition gives to a name column.
func (s *scan) keyName(att int16) (string, bool) {
	for _, k := range s.eq {
		if k.AttNum == att {
			return string(k.Val.Bytes()), true
		}
	}
	return "", false
}

// tables calls f for the relations of the database and the system's, or the one with that OID.
func (s *scan) tables(att int16, f func(*catalog.Table)) {
	if o, ok := s.keyOID(att); ok {
		if t := s.cat.Table(o); t != nil {
			f(t)
		}
		return
	}
	s.cat.Tables(func(t *catalog.Table) bool {
		f(t)
		return true
	})
}
