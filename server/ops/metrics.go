package ops

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the numbers of one moment. Counters are since the start, of a branch: since it was opened.
type Metrics struct {
	Sessions                  map[string]int // by state, as pg_stat_activity has it
	Accepted, Refused, Failed uint64         // connections
	Canceled, Lost            uint64         // statements: by request, because the client was gone
	Committed, RolledBack     uint64         // transactions of sessions
	Copies                    *Copies        // nil: the warehouse is on this machine
	Branches                  []Branch
}

// Copies are those of a remote warehouse's data files.
type Copies struct {
	Files, Bytes, Limit, InUse       int64
	Hits, Misses, Evicted, BytesRead uint64
}

// Branch is one open branch.
type Branch struct {
	Database, Name string

	Commits, Groups              uint64 // written to the log: one sync a group
	LogRecords, LogBytes, Syncs  uint64
	SyncSeconds                  float64
	LogSize                      int64  // of segments that are kept
	LogPosition                  uint64 // LSN
	KVDiskBytes, KVMemtableBytes uint64
	KVCompactionDebt             uint64
	CacheHits, CacheMisses       int64

	Columnar ColumnarCounts
	Mirror   *Mirror  // nil: there is none
	Archive  *Archive // nil: there is none
}

// ColumnarCounts are fragments of queries by what became of them.
type ColumnarCounts struct{ Ran, Unavailable, Failed int64 }

// Archive is what is archived of a branch.
type Archive struct {
	State           string // as tarn.archive has it
	LagBytes, Bytes int64  // of log that cannot be restored from it yet; of its objects
	BaseTime        time.Time
}

// Mirror is the columnar shape of a branch.
type Mirror struct {
	Tables                         map[string]int // by state, as tarn.mirrors has it
	LagBytes                       int64          // of log that is in the newest version of its table not yet, of the table that is behind most
	LagSeconds                     float64        // since the oldest change that is not published
	UnreadBytes                    int64          // of log that the mirror has not read
	TailBytes, TailRows            int64          // read and not published
	Files, FileBytes, DeletedRows  int64
	Publications, Merges, Copies   uint64
	FilesWritten, FileBytesWritten uint64
}

// metric is a metric of the server (labels of its own) or of branches (database and branch before them).
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func ofServer(kind prometheus.ValueType, name, help string, labels ...string) metric {
	return metric{prometheus.NewDesc("tarn_"+name, help, labels, nil), kind}
}

func ofBranch(kind prometheus.ValueType, name, help string, labels ...string) metric {
	return ofServer(kind, name, help, append([]string{"database", "branch"}, labels...)...)
}

const (
	counter = prometheus.CounterValue
	gauge   = prometheus.GaugeValue
)

var (
	sessions     = ofServer(gauge, "sessions", "Sessions by state.", "state")
	connections  = ofServer(counter, "connections_total", "Connections by what became of them: accepted counts all.", "result")
	canceled     = ofServer(counter, "canceled_statements_total", "Statements canceled, by request or because their client was gone.", "cause")
	transactions = ofServer(counter, "transactions_total", "Transactions of sessions by how they ended.", "result")

	copyFiles   = ofServer(gauge, "warehouse_cache_files", "Copies of a remote warehouse's data files.")
	copyBytes   = ofServer(gauge, "warehouse_cache_bytes", "Their size.")
	copyLimit   = ofServer(gauge, "warehouse_cache_limit_bytes", "What their size may be (tarn.warehouse_cache_size).")
	copyInUse   = ofServer(gauge, "warehouse_cache_in_use_bytes", "Size of the copies that are being read.")
	copyUses    = ofServer(counter, "warehouse_cache_uses_total", "Files that were asked for: there, or fetched.", "result")
	copyEvicted = ofServer(counter, "warehouse_cache_evicted_total", "Copies that made room for others.")
	copyRead    = ofServer(counter, "warehouse_cache_fetched_bytes_total", "Bytes fetched from the warehouse into copies.")

	commits      = ofBranch(counter, "commits_total", "Commits written to the log.")
	groups       = ofBranch(counter, "commit_groups_total", "Groups of commits that shared a sync.")
	walRecords   = ofBranch(counter, "wal_records_total", "Log records written.")
	walBytes     = ofBranch(counter, "wal_bytes_total", "Bytes written to the log.")
	walSyncs     = ofBranch(counter, "wal_syncs_total", "Syncs of the log.")
	walSyncTime  = ofBranch(counter, "wal_sync_seconds_total", "Time spent in syncs of the log.")
	walSize      = ofBranch(gauge, "wal_size_bytes", "Log that is kept.")
	walPosition  = ofBranch(gauge, "wal_position_bytes", "End of the log (LSN).")
	kvDisk       = ofBranch(gauge, "kv_disk_bytes", "Key-value files on disk.")
	kvMemtable   = ofBranch(gauge, "kv_memtable_bytes", "Key-value state that is in memory only, and in the log.")
	kvDebt       = ofBranch(gauge, "kv_compaction_debt_bytes", "Bytes that compaction of the key-value store has to rewrite.")
	cacheHits    = ofBranch(counter, "kv_cache_hits_total", "Blocks found in the cache.")
	cacheMisses  = ofBranch(counter, "kv_cache_misses_total", "Blocks read from files.")
	fragments    = ofBranch(counter, "columnar_fragments_total", "Fragments of queries that ran over columns, and over rows because the columnar shape was not there or the engine failed.", "result")
	archiveState = ofBranch(gauge, "archive_state", "1 for what the branch's archive does.", "state")
	archiveLag   = ofBranch(gauge, "archive_lag_bytes", "Log that cannot be restored from the archive yet.")
	archiveBytes = ofBranch(gauge, "archive_bytes", "Size of the archive's objects of this branch alone.")
	archiveBase  = ofBranch(gauge, "archive_base_timestamp_seconds", "When the newest base of the archive was taken.")
	mirrorTables = ofBranch(gauge, "mirror_tables", "Mirrored tables by state.", "state")
	mirrorLag    = ofBranch(gauge, "mirror_lag_bytes", "Log between the newest Delta version and the newest change of the table that is behind most.")
	mirrorAge    = ofBranch(gauge, "mirror_lag_seconds", "Age of the oldest change that no Delta version has.")
	mirrorUnread = ofBranch(gauge, "mirror_unread_bytes", "Log that the mirror has not read.")
	mirrorTail   = ofBranch(gauge, "mirror_tail_bytes", "Changes in memory that no Delta version has.")
	mirrorRows   = ofBranch(gauge, "mirror_tail_rows", "Rows of these changes.")
	mirrorFiles  = ofBranch(gauge, "mirror_files", "Files of the newest Delta versions.")
	mirrorBytes  = ofBranch(gauge, "mirror_file_bytes", "Their size.")
	mirrorDead   = ofBranch(gauge, "mirror_deleted_rows", "Rows in them that deletion vectors hide.")
	mirrorDone   = ofBranch(counter, "mirror_versions_total", "Delta versions made, by why.", "kind")
	mirrorNew    = ofBranch(counter, "mirror_files_written_total", "Data files written.")
	mirrorOut    = ofBranch(counter, "mirror_bytes_written_total", "Bytes of data files written.")
)

// collector asks the source at each scrape.
type collector struct{ src Source }

var _ prometheus.Collector = collector{}

// Describe gives none: what there is depends on the branches that are open.
func (collector) Describe(chan<- *prometheus.Desc) {}

func (c collector) Collect(out chan<- prometheus.Metric) {
	m := c.src.Metrics()
	put := func(to metric, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(to.desc, to.kind, v, labels...)
	}
	for state, n := range m.Sessions {
		put(sessions, float64(n), state)
	}
	put(connections, float64(m.Accepted), "accepted")
	put(connections, float64(m.Refused), "refused")
	put(connections, float64(m.Failed), "failed")
	put(canceled, float64(m.Canceled), "request")
	put(canceled, float64(m.Lost), "disconnect")
	put(transactions, float64(m.Committed), "commit")
	put(transactions, float64(m.RolledBack), "rollback")
	if x := m.Copies; x != nil {
		put(copyFiles, float64(x.Files))
		put(copyBytes, float64(x.Bytes))
		put(copyLimit, float64(x.Limit))
		put(copyInUse, float64(x.InUse))
		put(copyUses, float64(x.Hits), "hit")
		put(copyUses, float64(x.Misses), "miss")
		put(copyEvicted, float64(x.Evicted))
		put(copyRead, float64(x.BytesRead))
	}
	for i := range m.Branches {
		b := &m.Branches[i]
		b.collect(func(to metric, v float64, labels ...string) {
			put(to, v, append([]string{b.Database, b.Name}, labels...)...)
		})
	}
}

func (b *Branch) collect(put func(to metric, v float64, labels ...string)) {
	put(commits, float64(b.Commits))
	put(groups, float64(b.Groups))
	put(walRecords, float64(b.LogRecords))
	put(walBytes, float64(b.LogBytes))
	put(walSyncs, float64(b.Syncs))
	put(walSyncTime, b.SyncSeconds)
	put(walSize, float64(b.LogSize))
	put(walPosition, float64(b.LogPosition))
	put(kvDisk, float64(b.KVDiskBytes))
	put(kvMemtable, float64(b.KVMemtableBytes))
	put(kvDebt, float64(b.KVCompactionDebt))
	put(cacheHits, float64(b.CacheHits))
	put(cacheMisses, float64(b.CacheMisses))
	put(fragments, float64(b.Columnar.Ran), "ran")
	put(fragments, float64(b.Columnar.Unavailable), "unavailable")
	put(fragments, float64(b.Columnar.Failed), "failed")
	if a := b.Archive; a != nil {
		put(archiveState, 1, a.State)
		put(archiveLag, float64(a.LagBytes))
		put(archiveBytes, float64(a.Bytes))
		if !a.BaseTime.IsZero() {
			put(archiveBase, float64(a.BaseTime.UnixMicro())/1e6)
		}
	}
	m := b.Mirror
	if m == nil {
		return
	}
	for state, n := range m.Tables {
		put(mirrorTables, float64(n), state)
	}
	put(mirrorLag, float64(m.LagBytes))
	put(mirrorAge, m.LagSeconds)
	put(mirrorUnread, float64(m.UnreadBytes))
	put(mirrorTail, float64(m.TailBytes))
	put(mirrorRows, float64(m.TailRows))
	put(mirrorFiles, float64(m.Files))
	put(mirrorBytes, float64(m.FileBytes))
	put(mirrorDead, float64(m.DeletedRows))
	put(mirrorDone, float64(m.Publications), "publication")
	put(mirrorDone, float64(m.Merges), "merge")
	put(mirrorDone, float64(m.Copies), "copy")
	put(mirrorNew, float64(m.FilesWritten))
	put(mirrorOut, float64(m.FileBytesWritten))
}
