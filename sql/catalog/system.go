package catalog

import (
	"strconv"
	"strings"
	"sync"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/privilege"
)

// initdbInformationSchema is the OID that the dumped cluster gave to information_schema's relations' schema; they are
// recognised by name instead, so only relation OIDs are taken over.
var systemTables = sync.OnceValue(func() []*Table {
	rels, cols, views := pgdata.Load("system_relations"), pgdata.Load("system_columns"), pgdata.Load("system_views")
	body := map[string]string{}
	for _, r := range views.Rows {
		body[*r[0]] = withoutDomains.Replace(*r[3])
	}
	byOID := map[string]*Table{}
	var out []*Table
	for _, r := range rels.Rows {
		t := &Table{OID: num[OID](*r[0]), Name: *r[2], Kind: RelKind((*r[3])[0]), Persistence: Permanent, Owner: SuperuserOID,
			RowType: num[OID](*r[4]), Schema: PgCatalogOID, View: body[*r[0]]}
		if *r[1] == "information_schema" {
			t.Schema = InformationSchemaOID
		}
		if t.Schema == PgCatalogOID && computedViews[t.Name] {
			t.Kind = RelTable
		}
		t.Virtual = t.Kind == RelTable
		if !secret[t.Name] {
			t.ACL = privilege.ACL{{Grantee: SuperuserOID, Grantor: SuperuserOID, Privs: privilege.Relation.All()},
				{Grantee: privilege.Public, Grantor: SuperuserOID, Privs: privilege.Select}}
		}
		byOID[*r[0]] = t
		out = append(out, t)
	}
	// attrelid, attnum, attname, atttypid, attlen, atttypmod, attndims, attbyval, attalign, attstorage, attnotnull, attcollation
	for _, r := range cols.Rows {
		t := byOID[*r[0]]
		c := Column{AttNum: num[int16](*r[1]), Name: *r[2], Type: num[OID](*r[3]), TypMod: num[int32](*r[5]),
			NDims: num[int](*r[6]), NotNull: *r[10] == "t", Collation: num[OID](*r[11]), Storage: (*r[9])[0]}
		if base, ok := domainBases[c.Type]; ok {
			c.Type = base.typ
			if base.mod != 0 {
				c.TypMod = base.mod
			}
		}
		t.Columns = append(t.Columns, c)
	}
	systemKeys(byOID)
	return append(out, tarnTables()...)
})

// The domains of information_schema stand for their base types: its views cannot violate the domains' constraints, and clients
// see base types in results anyway.
var (
	domainBases = map[OID]struct {
		typ OID
		mod int32
	}{13221: {typ: 23}, 13224: {typ: 1043}, 13226: {typ: 19}, 13232: {1184, 2}, 13234: {1043, 7}}
	withoutDomains = strings.NewReplacer("information_schema.cardinal_number", "pg_catalog.int4", "information_schema.character_data", "pg_catalog.varchar",
		"information_schema.sql_identifier", "pg_catalog.name", "information_schema.time_stamp", "pg_catalog.timestamptz(2)",
		"information_schema.yes_or_no", "pg_catalog.varchar(3)")
)

// computedViews are PostgreSQL's views over functions that return rows of the server's state: sql/catalog/syscat computes them
// whole. Their Kind is that of a table; pg_class shows what they are in PostgreSQL by their View.
var computedViews = map[string]bool{"pg_settings": true, "pg_stat_activity": true, "pg_locks": true, "pg_timezone_names": true,
	"pg_timezone_abbrevs": true}

// systemKeys gives PostgreSQL's catalogs their indexes and keys: nothing is stored in them, but clients look at them, and a query
// that groups by a key may name the other columns.
func systemKeys(byOID map[string]*Table) {
	numbers := func(s string) (out []uint32) {
		for _, f := range strings.Fields(s) {
			out = append(out, num[OID](f))
		}
		return out
	}
	// indexrelid, indrelid, relname, …, indisunique, indisprimary, indkey, indclass, indcollation, indoption
	for _, r := range pgdata.Load("system_indexes").Rows {
		t := byOID[*r[1]]
		if t == nil || t.Kind != RelTable {
			continue
		}
		ix := &Index{OID: num[OID](*r[0]), Name: *r[2], ID: uint16(len(t.Indexes) + 2), Method: "btree", Unique: *r[4] == "t", Primary: *r[5] == "t"}
		classes, colls, options := numbers(*r[7]), numbers(*r[8]), numbers(*r[9])
		for i, att := range numbers(*r[6]) {
			c := t.Column(int16(att))
			ix.Keys = append(ix.Keys, IndexKey{Att: c.AttNum, Type: c.Type, OpClass: classes[i], Collation: colls[i], Desc: options[i]&1 != 0, NullsFirst: options[i]&2 != 0})
		}
		t.Indexes = append(t.Indexes, ix)
	}
	// oid, conname, contype, conrelid, conindid, conkey
	for _, r := range pgdata.Load("system_constraints").Rows {
		t := byOID[*r[3]]
		if t == nil {
			continue
		}
		c := &Constraint{OID: num[OID](*r[0]), Name: *r[1], Type: ConType((*r[2])[0]), Index: num[OID](*r[4]), Validated: true, NoInherit: true}
		for _, att := range numbers(*r[5]) {
			c.Cols = append(c.Cols, int16(att))
		}
		if ix := t.IndexByOID(c.Index); ix != nil {
			ix.Constraint = c.OID
		}
		t.Constraints = append(t.Constraints, c)
	}
}

// Lookup are columns by which the rows of a computed relation are found without computing the others; Rows is how many come of one
// value of each, about. Unique: one at most.
type Lookup struct {
	Atts   []int16
	Rows   float64
	Unique bool
}

// secret are the relations that only superusers read.
var secret = map[string]bool{"pg_authid": true, "pg_statistic": true, "pg_statistic_ext_data": true, "pg_largeobject": true, "pg_user_mapping": true,
	"pg_subscription": true, "pg_shadow": true, "pg_hba_file_rules": true, "pg_ident_file_mappings": true, "pg_file_settings": true, "pg_config": true,
	"pg_backend_memory_contexts": true, "pg_shmem_allocations": true, "pg_replication_origin_status": true}

func num[T ~int | ~int16 | ~int32 | ~uint32](s string) T {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic("catalog: " + err.Error())
	}
	return T(n)
}

// tarnTables are the relations of schema tarn (spec/surface.md). All are Virtual; sql/catalog/syscat computes them.
func tarnTables() []*Table {
	const (
		boolean, bigint, text, float8, timestamptz, pgLSN, integer, texts, oid OID = 16, 20, 25, 701, 1184, 3220, 23, 1009, 26
	)
	type col struct {
		name string
		typ  OID
	}
	make := func(id OID, name string, cols ...col) *Table {
		t := &Table{OID: id, RowType: id + 500, Schema: TarnSchemaOID, Name: name, Kind: RelTable, Persistence: Permanent,
			Owner: SuperuserOID, Virtual: true, ACL: privilege.ACL{{Grantee: SuperuserOID, Grantor: SuperuserOID, Privs: privilege.Relation.All()},
				{Grantee: privilege.Public, Grantor: SuperuserOID, Privs: privilege.Select}}}
		for i, c := range cols {
			column := Column{AttNum: int16(i + 1), Name: c.name, Type: c.typ, TypMod: -1}
			if c.typ == text || c.typ == texts {
				column.Collation = 100
			}
			t.Columns = append(t.Columns, column)
		}
		return t
	}
	return []*Table{
		make(9001, "branches", col{"branch_id", text}, col{"name", text}, col{"parent", text}, col{"branch_lsn", pgLSN},
			col{"current_lsn", pgLSN}, col{"created_at", timestamptz}, col{"created_by", text}, col{"expires_at", timestamptz},
			col{"protected", boolean}, col{"state", text}, col{"depth", integer}, col{"shared_bytes", bigint},
			col{"unique_bytes", bigint}, col{"pinned_wal_bytes", bigint}),
		make(9002, "mirrors", col{"table_name", text}, col{"delta_path", text}, col{"delta_version", bigint},
			col{"published_lsn", pgLSN}, col{"lag_bytes", bigint}, col{"lag_seconds", float8}, col{"tail_rows", bigint},
			col{"files", bigint}, col{"file_bytes", bigint}, col{"deleted_rows", bigint}, col{"state", text}, col{"last_error", text},
			col{"text_columns", texts}, col{"renamed_columns", texts}),
		make(9003, "columnar_stats", col{"ran", bigint}, col{"unavailable", bigint}, col{"failed", bigint}),
		make(9004, "progress_mirror", col{"relid", oid}, col{"table_name", text}, col{"phase", text}, col{"started_at", timestamptz},
			col{"rows_total", bigint}, col{"rows_done", bigint}, col{"files_written", bigint}, col{"bytes_written", bigint}),
		make(9005, "progress_optimize", col{"relid", oid}, col{"table_name", text}, col{"phase", text}, col{"background", boolean},
			col{"started_at", timestamptz}, col{"files_total", bigint}, col{"files_done", bigint}, col{"rows_total", bigint},
			col{"rows_done", bigint}, col{"bytes_total", bigint}, col{"bytes_done", bigint}),
		make(9006, "progress_vacuum", col{"relid", oid}, col{"table_name", text}, col{"phase", text}, col{"background", boolean},
			col{"started_at", timestamptz}, col{"files_total", bigint}, col{"files_removed", bigint}, col{"bytes_total", bigint},
			col{"bytes_removed", bigint}),
		make(9008, "archive", col{"database", text}, col{"branch", text}, col{"state", text}, col{"archived_lsn", pgLSN},
			col{"lag_bytes", bigint}, col{"last_base_lsn", pgLSN}, col{"last_base_time", timestamptz}, col{"bytes", bigint},
			col{"last_error", text}, col{"last_error_time", timestamptz}),
		make(VolumesOID, "volumes", col{"volume_catalog", text}, col{"volume_schema", text}, col{"volume_name", text}, col{"volume_type", text},
			col{"volume_owner", text}, col{"storage_location", text}, col{"comment", text}, col{"volume_acl", texts}),
	}
}
