package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"sync"
	"time"

	"github.com/tarndb/tarn/branching"
	"github.com/tarndb/tarn/server/auth"
	"github.com/tarndb/tarn/server/conn"
	"github.com/tarndb/tarn/sql/session"
)

// config is what the command line and the configuration file say.
type config struct {
	data, listen, socketDir, warehouse, file string
	tlsCert, tlsKey                          string
	debugAddr, http                          string
	httpGiven                                bool // by the command line
	insecure                                 bool
	mirror                                   bool
	maxConnections                           int
	cacheBytes                               int64
	idleBranch                               time.Duration
	logLevel                                 slog.Level
	settings                                 []session.Setting
}

func parseServe(args []string) (config, error) {
	var c config
	cacheMB := 256
	fs := flag.NewFlagSet("tarn serve", flag.ContinueOnError)
	fs.StringVar(&c.data, "data", "data", "data directory, made on first start")
	fs.StringVar(&c.listen, "listen", "127.0.0.1:5432", "address of the PostgreSQL protocol")
	fs.StringVar(&c.socketDir, "socket", "", "directory of a unix socket, none when empty")
	fs.StringVar(&c.warehouse, "warehouse", "", "directory or s3://bucket/prefix of the Delta tables (default DATA/warehouse)")
	fs.StringVar(&c.file, "config", "", "file with lines `name = value` of PostgreSQL and tarn.* settings")
	fs.StringVar(&c.tlsCert, "tls-cert", "", "certificate file; without it connections are not encrypted")
	fs.StringVar(&c.tlsKey, "tls-key", "", "key file of the certificate")
	fs.BoolVar(&c.insecure, "insecure", false, "listen on other addresses than loopback without TLS")
	fs.BoolVar(&c.mirror, "mirror", true, "keep every table also as a Delta table")
	fs.IntVar(&c.maxConnections, "max-connections", 1000, "sessions at a time")
	fs.IntVar(&cacheMB, "cache-mb", cacheMB, "block cache of each open branch, in MB")
	fs.StringVar(&c.debugAddr, "debug", "", "loopback address for Go's profiles (net/http/pprof), none when empty")
	fs.StringVar(&c.http, "http", defaultHTTP, "address of HTTP (/metrics, /healthz), none when empty")
	fs.DurationVar(&c.idleBranch, "branch-idle", time.Minute, "close a branch that nobody has used for so long")
	fs.TextVar(&c.logLevel, "log-level", slog.LevelInfo, "debug, info, warn or error")
	if err := fs.Parse(args); err != nil {
		return c, err
	}
	if fs.NArg() > 0 {
		return c, fmt.Errorf("serve: unexpected argument %q", fs.Arg(0))
	}
	c.cacheBytes = int64(cacheMB) << 20
	if c.warehouse == "" {
		c.warehouse = filepath.Join(c.data, "warehouse")
	}
	if c.file != "" {
		var err error
		if c.settings, err = readConfig(c.file); err != nil {
			return c, err
		}
	}
	fs.Visit(func(f *flag.Flag) { c.httpGiven = c.httpGiven || f.Name == "http" })
	if err := c.checkHTTP(); err != nil {
		return c, err
	}
	return c, c.checkAddress()
}

// checkAddress refuses an address that others can reach unless what crosses it is protected.
func (c *config) checkAddress() error {
	host, _, err := net.SplitHostPort(c.listen)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", c.listen, err)
	}
	if loopback(host) || c.tlsCert != "" || c.insecure {
		return nil
	}
	return fmt.Errorf("--listen %s is reachable from other machines: give --tls-cert and --tls-key, or --insecure", c.listen)
}

func readConfig(name string) ([]session.Setting, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []session.Setting
	for s := bufio.NewScanner(f); s.Scan(); {
		line, _, _ := strings.Cut(s.Text(), "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		k, v, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("%s: %q is not name = value", name, line)
		}
		out = append(out, session.Setting{Name: strings.TrimSpace(k), Value: strings.Trim(strings.TrimSpace(v), "'"), Source: "configuration file"})
	}
	return out, nil
}

// drainTime is how long busy sessions may go on after a stop was asked for.
const drainTime = 10 * time.Second

// serve runs the server until ctx ends. It stops in this order: listeners and sessions (they use branches), then branches
// (their mirrors before their stores).
func serve(ctx context.Context, args []string) error {
	cfg, err := parseServe(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	started := time.Now()
	paceGC()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: cfg.logLevel}))
	for _, name := range []string{"tmp", "cache"} {
		if err := os.MkdirAll(filepath.Join(cfg.data, name), 0o700); err != nil {
			return err
		}
	}
	if err := clearTemp(filepath.Join(cfg.data, "tmp")); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	values := valuesOf(cfg.settings, log)
	house, err := openWarehouse(cfg.warehouse, filepath.Join(cfg.data, "cache"), values.Int("tarn.warehouse_cache_size")<<20)
	if err != nil {
		return err
	}
	where := &places{warehouse: house, data: cfg.data, cacheDir: filepath.Join(cfg.data, "cache"),
		cacheBytes: values.Int("tarn.warehouse_cache_size") << 20}
	c := &cluster{cfg: cfg, log: log, warehouse: house, places: where, columnar: newColumnar(&cfg, where, values, log)}
	defer c.columnar.Close() // after the branches, whose fragments it runs
	if c.failpoint, err = failpoint(); err != nil {
		return err
	}
	if c.archives, err = openArchives(ctx, &cfg, values, log); err != nil {
		return err
	}
	// A store that cannot sync must not go on: what it holds in memory is not what is on disk (I1).
	c.fatal = func(err error) {
		log.Error("stopping at once: the store has failed", "error", err)
		os.Exit(3)
	}
	if c.branches, err = branching.Open(branching.Options{Dir: cfg.data, Logger: log, IdleTimeout: cfg.idleBranch,
		Open: func(ctx context.Context, w branching.Where) (branching.Runtime, error) {
			r, err := c.openBranch(ctx, w)
			if err != nil {
				return nil, err
			}
			return r, nil
		},
		Step: func(where string) {
			if c.failpoint != nil {
				c.failpoint(where)
			}
		},
		Forget: c.forget, Empty: c.emptyBranch, Window: c.restoreWindow,
		Warehouse: c.warehouse.local(),
	}); err != nil {
		return err
	}
	var background sync.WaitGroup
	background.Go(func() { giveBack(ctx, &c.closed) })
	defer func() { cancel(nil); background.Wait() }()
	c.archives.start(c)
	defer func() {
		if err := c.branches.Close(); err != nil {
			log.Error("close", "error", err)
		}
		c.archives.stop(c)
	}()
	statistics, saveStatistics := openStatistics(cfg, log)
	defer saveStatistics()
	shared := &session.Shared{Cluster: c, Extensions: []session.Extension{c.statements}, Log: log,
		TempDir: filepath.Join(cfg.data, "tmp"), Started: started, Statements: statistics, Files: c.places, Deltas: c.places, Branches: c, Past: c.Past}
	o := conn.Options{Backend: &backend{shared, c}, MaxConnections: cfg.maxConnections, Logger: log}
	if cfg.tlsCert != "" {
		if o.TLS, err = auth.LoadTLS(cfg.tlsCert, cfg.tlsKey); err != nil {
			return err
		}
	}
	if c.conns, err = conn.New(o); err != nil {
		return err
	}
	listeners, err := listen(cfg)
	if err != nil {
		return err
	}
	if cfg.debugAddr != "" {
		stop, err := serveDebug(cfg.debugAddr)
		if err != nil {
			return err
		}
		defer stop()
	}
	web, err := serveHTTP(&cfg, operator{c, shared}, log)
	if err != nil {
		return err
	}
	if web != nil {
		defer web.Close()
	}
	var wg sync.WaitGroup
	for _, l := range listeners {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := c.conns.Serve(l); !errors.Is(err, conn.ErrServerClosed) {
				cancel(err)
			}
		}()
	}
	log.Info("tarn is ready", "listen", listeners[0].Addr().String(), "data", cfg.data, "took", time.Since(started).Round(time.Millisecond),
		"go", goruntime.Version())
	printHow(listeners[0].Addr())
	<-ctx.Done()
	log.Info("stopping")
	c.stopping.Store(true)
	drain, done := context.WithTimeout(context.Background(), drainTime)
	defer done()
	err = c.conns.Shutdown(drain)
	wg.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		err = errors.Join(cause, err)
	}
	return err
}

func printHow(a net.Addr) {
	host, port, _ := net.SplitHostPort(a.String())
	fmt.Printf("\nconnect with:  psql -h %s -p %s -U postgres\n\n", host, port)
}

func listen(cfg config) ([]net.Listener, error) {
	l, err := net.Listen("tcp", cfg.listen)
	if err != nil {
		return nil, err
	}
	out := []net.Listener{l}
	if cfg.socketDir != "" {
		_, port, _ := net.SplitHostPort(l.Addr().String())
		path := filepath.Join(cfg.socketDir, ".s.PGSQL."+port)
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		u, err := net.Listen("unix", path)
		if err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, nil
}

// clearTemp removes what operators of an earlier process left.
func clearTemp(dir string) error {
	es, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range es {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
