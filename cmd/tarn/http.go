package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/tarndb/tarn/branching"
	"github.com/tarndb/tarn/server/ops"
	"github.com/tarndb/tarn/sql/session"
)

// defaultHTTP is where HTTP is served when the command line does not say. Another program may have it: then there is none.
const defaultHTTP = "127.0.0.1:8080"

// checkHTTP refuses an address that others can reach: what is served there is neither encrypted nor asks who wants it.
func (c *config) checkHTTP() error {
	if c.http == "" || c.insecure {
		return nil
	}
	host, _, err := net.SplitHostPort(c.http)
	if err != nil {
		return fmt.Errorf("--http %s: %w", c.http, err)
	}
	if !loopback(host) {
		return fmt.Errorf("--http %s is reachable from other machines and asks for no password: give --insecure", c.http)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// serveHTTP answers on the configured address; nil: nobody asked for it, or the default address is taken.
func serveHTTP(cfg *config, src ops.Source, log *slog.Logger) (*ops.Server, error) {
	if cfg.http == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", cfg.http)
	if err != nil && !cfg.httpGiven {
		log.Info("no HTTP: the default address is taken; give --http", "address", cfg.http)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("--http %s: %w", cfg.http, err)
	}
	log.Info("http", "listen", l.Addr().String())
	return ops.Serve(l, src, log), nil
}

// operator tells server/ops of the server.
type operator struct {
	c      *cluster
	shared *session.Shared
}

var _ ops.Source = operator{}

var errStopping = errors.New("stopping")

// Health is that of the server as a whole: an error of one mirror is in the metrics.
func (o operator) Health() error {
	if o.c.stopping.Load() {
		return errStopping
	}
	return nil
}

func (o operator) Metrics() ops.Metrics {
	m := ops.Metrics{Sessions: map[string]int{}}
	conns := o.c.conns.Metrics()
	m.Accepted, m.Refused, m.Failed, m.Canceled, m.Lost = conns.Accepted, conns.Refused, conns.Failed, conns.Canceled, conns.Lost
	for _, s := range o.shared.Sessions() {
		m.Sessions[s.Activity().State]++
	}
	m.Committed, m.RolledBack = o.shared.Transactions()
	if c := o.c.warehouse.cache; c != nil {
		s := c.Stats()
		m.Copies = &ops.Copies{Files: s.Files, Bytes: s.Bytes, Limit: s.Limit, InUse: s.InUse, Hits: s.Hits, Misses: s.Misses,
			Evicted: s.Evicted, BytesRead: uint64(s.FetchedBytes)}
	}
	o.c.branches.EachOpen(func(w branching.Where, r branching.Runtime) {
		if r, ok := r.(*runtime); ok {
			b := branchMetrics(r)
			b.Database, b.Name = w.Database, w.Branch
			m.Branches = append(m.Branches, b)
		}
	})
	return m
}

func branchMetrics(r *runtime) ops.Branch {
	e := r.Engine.Metrics()
	b := ops.Branch{Commits: e.Commits, Groups: e.Groups, LogRecords: e.Log.Records, LogBytes: e.Log.Bytes, Syncs: e.Log.Syncs,
		SyncSeconds: e.Log.SyncTime.Sum.Seconds(), LogSize: int64(e.Log.End - e.Log.Oldest), LogPosition: uint64(e.Log.End),
		KVDiskBytes: e.KV.DiskSpaceUsage(), KVMemtableBytes: e.KV.MemTable.Size, KVCompactionDebt: e.KV.Compact.EstimatedDebt,
		CacheHits: e.KV.BlockCache.Hits, CacheMisses: e.KV.BlockCache.Misses}
	if r.Columnar != nil {
		n := r.Columnar.Counts()
		b.Columnar = ops.ColumnarCounts(n)
	}
	b.Archive = archiveMetrics(r.archiver)
	if r.mirror == nil {
		return b
	}
	c := r.mirror.Metrics()
	m := &ops.Mirror{Tables: map[string]int{}, TailBytes: c.TailBytes, Publications: c.Publications, Merges: c.Compactions, Copies: c.Copies,
		FilesWritten: c.FilesWritten, FileBytesWritten: c.BytesWritten}
	if d := e.Log.Durable; d > c.Applied {
		m.UnreadBytes = int64(d - c.Applied)
	}
	for _, s := range r.mirror.Status() {
		m.Tables[string(s.State)]++
		m.LagBytes, m.LagSeconds = max(m.LagBytes, s.LagBytes), max(m.LagSeconds, s.Lag.Seconds())
		m.TailRows += s.TailRows
		m.Files += int64(s.Files)
		m.FileBytes += s.FileBytes
		m.DeletedRows += s.DeletedRows
	}
	b.Mirror = m
	return b
}
