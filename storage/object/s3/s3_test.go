package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/object"
)

func TestMain(m *testing.M) {
	minio.DefaultRetryUnit = time.Millisecond // it pauses after a failure though it does not try again
	os.Exit(m.Run())
}

// server is an S3 server in this process, behind a proxy that fails where fault says so.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	fault func(r *http.Request) failure
	seen  []string // method and path of each request
}

type failure int

const (
	fine    failure = iota
	lost            // the server does it, the answer is cut
	dropped         // the connection is cut before the server sees the request
	busy            // 503 SlowDown
	broken          // 500 InternalError, though the server has done it
	clash           // 409 ConditionalRequestConflict
	denied          // 403
	changed         // 412
)

func newServer(t *testing.T, buckets ...string) *server {
	t.Helper()
	backend := s3mem.New()
	if buckets == nil {
		buckets = []string{"lake"}
	}
	for _, b := range buckets {
		if err := backend.CreateBucket(b); err != nil {
			t.Fatal(err)
		}
	}
	inner := gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	s := &server{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.seen = append(s.seen, r.Method+" "+r.URL.Path)
		fault := fine
		if s.fault != nil {
			fault = s.fault(r)
		}
		s.mu.Unlock()
		code := func(status int, name string) {
			w.WriteHeader(status)
			fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>%s as asked for</Message></Error>`, name, name)
		}
		switch fault {
		case fine:
			inner.ServeHTTP(w, r)
		case lost:
			inner.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		case dropped:
			panic(http.ErrAbortHandler)
		case busy:
			code(503, "SlowDown")
		case broken:
			inner.ServeHTTP(httptest.NewRecorder(), r)
			code(500, "InternalError")
		case clash:
			code(409, "ConditionalRequestConflict")
		case denied:
			code(403, "AccessDenied")
		case changed:
			code(412, "PreconditionFailed")
		}
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// failing makes requests fail from now on.
func (s *server) failing(f func(r *http.Request) failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.seen = f, nil
}

func (s *server) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.seen...)
}

// failFirst makes the first n requests of a method fail.
func failFirst(n int, method string, f failure) func(r *http.Request) failure {
	return func(r *http.Request) failure {
		if r.Method == method && n > 0 {
			n--
			return f
		}
		return fine
	}
}

func (s *server) getenv(name string) string {
	return map[string]string{"AWS_ENDPOINT_URL": s.URL, "AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_CONFIG_FILE": "/none", "AWS_SHARED_CREDENTIALS_FILE": "/none"}[name]
}

func (s *server) open(t *testing.T, addr string) *Store {
	t.Helper()
	st, err := Open(addr, Options{Getenv: s.getenv, PartSize: 64 << 10, Tries: 3, Backoff: time.Millisecond, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// each runs a test over the server in this process, and over a real one if TARN_S3 is an address of it (make interop).
func each(t *testing.T, f func(t *testing.T, s *Store)) {
	t.Run("fake", func(t *testing.T) { f(t, newServer(t).open(t, "s3://lake/house")) })
	if addr := os.Getenv("TARN_S3"); addr != "" {
		t.Run("real", func(t *testing.T) {
			s, err := Open(addr+"/"+strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-"))+"-"+uuid.NewString(), Options{PartSize: 5 << 20})
			if err != nil {
				t.Fatal(err)
			}
			f(t, s)
		})
	}
}

func keys(t *testing.T, s object.Store, prefix, after string) string {
	t.Helper()
	infos, err := s.List(context.Background(), prefix, after)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, i := range infos {
		out = append(out, i.Key)
	}
	return strings.Join(out, " ")
}

func TestObjectsOfABucket(t *testing.T) { each(t, objectsOfABucket) }

func objectsOfABucket(t *testing.T, s *Store) {
	ctx := context.Background()
	for _, k := range []string{"x/1", "x/2", "x/10", "y/1", "xx"} {
		if err := s.Put(ctx, k, []byte(k)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ prefix, after, want string }{
		{"", "", "x/1 x/10 x/2 xx y/1"}, {"x/", "", "x/1 x/10 x/2"}, {"x/1", "", "x/1 x/10"}, {"x/", "x/1", "x/10 x/2"}, {"none/", "", ""},
	} {
		if got := keys(t, s, c.prefix, c.after); got != c.want {
			t.Errorf("List(%q, %q) = %q, want %q", c.prefix, c.after, got, c.want)
		}
	}
	kids, err := s.Children(ctx, "", 0)
	if err != nil || len(kids) != 3 || kids[0].Key != "xx" && kids[0].Key != "x/" {
		t.Errorf("children %v %v", kids, err)
	}
	root := "s3://" + s.bucket + "/" + strings.TrimSuffix(s.prefix, "/")
	if got := s.URL("x/1"); got != root+"/x/1" || s.URL("") != root || object.Sub(s, "x").URL("") != root+"/x" {
		t.Errorf("URL %s, %s", got, s.URL(""))
	}
	if b, err := s.Get(ctx, "x/10"); string(b) != "x/10" || err != nil {
		t.Errorf("%q %v", b, err)
	}
	for _, err := range []error{second(s.Get(ctx, "none")), second(s.Open(ctx, "none")), second(s.GetRange(ctx, "none", 0, 1))} {
		if !errors.Is(err, object.ErrNotExist) || object.NoAnswer(err) {
			t.Errorf("read of nothing: %v", err)
		}
	}
	if b, err := s.GetRange(ctx, "x/10", 1, 2); string(b) != "/1" || err != nil {
		t.Errorf("%q %v", b, err)
	}
	for _, r := range [][2]int64{{3, 2}, {9, 1}, {-1, 1}, {5, 0}} {
		if _, err := s.GetRange(ctx, "x/10", r[0], r[1]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("range %v: %v", r, err)
		}
	}
	if err := s.Link(ctx, "x/1", "z/one"); err != nil {
		t.Fatal(err)
	}
	if err := s.Link(ctx, "x/2", "z/one"); !errors.Is(err, object.ErrExist) {
		t.Errorf("link over an object: %v", err)
	}
	for range 2 {
		if err := s.Delete(ctx, "x/1"); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := s.Get(ctx, "z/one"); string(b) != "x/1" || err != nil {
		t.Errorf("%q %v", b, err)
	}
	if err := object.RemoveAll(ctx, s, "x/"); err != nil || keys(t, s, "", "") != "xx y/1 z/one" {
		t.Errorf("%v, left: %s", err, keys(t, s, "", ""))
	}
	if _, err := s.Get(ctx, "../secret"); !errors.Is(err, object.ErrBadKey) {
		t.Errorf("a key left its prefix: %v", err)
	}
	if _, _, err := s.LocalFile(ctx, "xx", 2); !errors.Is(err, object.ErrUnsupported) {
		t.Error(err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestPutIfAbsentHasOneWinner(t *testing.T) { each(t, oneWinner) }

func oneWinner(t *testing.T, s *Store) {
	ctx := context.Background()
	var wins atomic.Int32
	var won atomic.Value
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			data := fmt.Sprint("writer ", i)
			switch err := s.PutIfAbsent(ctx, "t/0.json", []byte(data)); {
			case err == nil:
				wins.Add(1)
				won.Store(data)
			case !errors.Is(err, object.ErrExist):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, err := s.Get(ctx, "t/0.json")
	if err != nil || wins.Load() != 1 || string(got) != won.Load() {
		t.Fatalf("%d winners, object %q, winner wrote %q, %v", wins.Load(), got, won.Load(), err)
	}
	if keys(t, s, "", "") != "t/0.json" {
		t.Errorf("the probe was left: %s", keys(t, s, "", ""))
	}
}

// A conditional write whose answer is lost is in doubt, and is never made again by itself; what has not happened is.
func TestWriteWithoutAnswer(t *testing.T) {
	for _, c := range []struct {
		fault   failure
		n       int
		want    error // nil: it is written
		there   bool
		puts    int
		message string
	}{
		{lost, 1, object.ErrInDoubt, true, 1, "Connection closed"},
		{dropped, 1, object.ErrInDoubt, false, 1, "Connection closed"},
		{broken, 1, object.ErrInDoubt, true, 1, "InternalError"},
		{busy, 2, nil, true, 3, ""},
		{clash, 2, nil, true, 3, ""},
		{busy, 9, object.ErrUnavailable, false, 3, "SlowDown"},
		{denied, 9, object.ErrDenied, false, 1, "AccessDenied"},
	} {
		srv, ctx := newServer(t), context.Background()
		s := srv.open(t, "s3://lake")
		if err := s.checkConditional(ctx); err != nil {
			t.Fatal(err)
		}
		srv.failing(failFirst(c.n, "PUT", c.fault))
		err := s.PutIfAbsent(ctx, "k", []byte("v"))
		if !errors.Is(err, c.want) || err != nil && !strings.Contains(err.Error(), c.message) {
			t.Errorf("fault %d: %v", c.fault, err)
		}
		if c.want != object.ErrInDoubt && errors.Is(err, object.ErrInDoubt) {
			t.Errorf("fault %d: in doubt: %v", c.fault, err)
		}
		if n := len(srv.requests()); n != c.puts {
			t.Errorf("fault %d: %d requests, want %d", c.fault, n, c.puts)
		}
		if _, err := s.Get(ctx, "k"); (err == nil) != c.there {
			t.Errorf("fault %d: %v", c.fault, err)
		}
	}
}

// A Delta commit whose answer is lost, once or more often, is one version, whoever else writes.
func TestDeltaCommitWithoutAnswer(t *testing.T) {
	for _, f := range []failure{lost, dropped, broken} {
		srv, ctx := newServer(t), context.Background()
		s := object.Sub(srv.open(t, "s3://lake"), "t")
		schema := `{"type":"struct","fields":[{"name":"id","type":"long","nullable":true,"metadata":{}}]}`
		proto := delta.BaseProtocol()
		first := []delta.Action{{Protocol: &proto}, {Metadata: &delta.Metadata{ID: uuid.NewString(), Format: delta.Format{Provider: "parquet",
			Options: map[string]string{}}, SchemaString: schema, PartitionColumns: []string{}, Configuration: map[string]string{}}}}
		add := func(name string) []delta.Action {
			return []delta.Action{{Add: &delta.Add{Path: name, PartitionValues: map[string]*string{}, Size: 1, DataChange: true, Stats: `{"numRecords":1}`}}}
		}
		log, err := delta.Open(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := log.Commit(ctx, first); err != nil {
			t.Fatal(err)
		}
		srv.failing(failFirst(2, "PUT", f))
		if v, err := log.Commit(ctx, add("a")); v != 1 || err != nil {
			t.Fatalf("fault %d: version %d, %v", f, v, err)
		}
		other, err := delta.Open(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		srv.failing(nil)
		if v, err := other.Commit(ctx, add("b")); v != 2 || err != nil {
			t.Fatalf("fault %d: version %d, %v", f, v, err)
		}
		// The name is taken by another's commit, and the answer that would say so is lost.
		srv.failing(failFirst(1, "PUT", f))
		if v, err := log.CommitWith(ctx, add("c"), delta.CommitOptions{Rebase: true}); v != 3 || err != nil {
			t.Fatalf("fault %d: version %d, %v", f, v, err)
		}
		snap, err := delta.Load(ctx, s, -1)
		if err != nil || len(snap.Files) != 3 || snap.Version != 3 {
			t.Fatalf("fault %d: version %d with %d files, %v", f, snap.Version, len(snap.Files), err)
		}
	}
}

func TestReadsAreMadeAgain(t *testing.T) {
	srv, ctx := newServer(t), context.Background()
	s := srv.open(t, "s3://lake")
	if err := s.Put(ctx, "k", []byte("value")); err != nil {
		t.Fatal(err)
	}
	for _, f := range []failure{lost, busy, broken} {
		srv.failing(failFirst(2, "GET", f))
		if b, err := s.Get(ctx, "k"); string(b) != "value" || err != nil {
			t.Errorf("fault %d: %q %v", f, b, err)
		}
		srv.failing(failFirst(2, "GET", f))
		if got := keys(t, s, "", ""); got != "k" {
			t.Errorf("fault %d: %q", f, got)
		}
		srv.failing(failFirst(2, "DELETE", f))
		if err := s.Delete(ctx, "other"); err != nil {
			t.Errorf("fault %d: %v", f, err)
		}
	}
	srv.failing(failFirst(99, "GET", broken))
	_, err := s.Get(ctx, "k")
	var e *Error
	if !errors.Is(err, object.ErrUnavailable) || !errors.As(err, &e) || e.Code != "InternalError" || !object.NoAnswer(err) {
		t.Errorf("%v", err)
	}
	cctx, cancel := context.WithCancelCause(ctx)
	cancel(errors.New("enough"))
	if _, err := s.Get(cctx, "k"); err == nil || !strings.Contains(fmt.Sprint(context.Cause(cctx)), "enough") || !object.NoAnswer(err) {
		t.Errorf("%v", err)
	}
	srv.Close()
	if _, err := s.List(ctx, "", ""); !errors.Is(err, object.ErrUnavailable) {
		t.Errorf("server is gone: %v", err)
	}
	if err := s.PutIfAbsent(ctx, "n", nil); !errors.Is(err, object.ErrUnavailable) || errors.Is(err, object.ErrInDoubt) {
		t.Errorf("server is gone: %v", err)
	}
}

func TestMissingBucketIsNoMissingObject(t *testing.T) {
	srv, ctx := newServer(t), context.Background()
	s := srv.open(t, "s3://nowhere/x")
	if _, err := s.Get(ctx, "k"); errors.Is(err, object.ErrNotExist) || !object.NoAnswer(err) {
		t.Errorf("get: %v", err)
	}
	if _, err := s.List(ctx, "", ""); !object.NoAnswer(err) {
		t.Errorf("list: %v", err)
	}
}

// A server that writes though the key is taken must not get a log's commits.
func TestServerWithoutConditions(t *testing.T) {
	srv, ctx := newServer(t), context.Background()
	s := srv.open(t, "s3://lake")
	srv.failing(func(r *http.Request) failure {
		r.Header.Del("If-None-Match")
		return fine
	})
	for range 2 {
		if err := s.PutIfAbsent(ctx, "k", []byte("v")); !errors.Is(err, object.ErrUnsupported) {
			t.Fatal(err)
		}
		if _, err := s.Create(ctx, "k"); !errors.Is(err, object.ErrUnsupported) {
			t.Fatal(err)
		}
	}
	if got := keys(t, s, "", ""); got != "" {
		t.Errorf("left: %s", got)
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{})
	r.Read(b)
	return b
}

func TestUploads(t *testing.T) { each(t, uploads) }

func uploads(t *testing.T, s *Store) {
	ctx := context.Background()
	for _, size := range []int{0, 10, s.opt.PartSize, 2*s.opt.PartSize + 3, 3*blockSize + 7} {
		data, key := random(size), fmt.Sprint("f/", size)
		u, err := s.Create(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		for rest := data; len(rest) > 0; {
			n := min(len(rest), 70_001)
			if k, err := u.Write(rest[:n]); k != n || err != nil {
				t.Fatal(k, err)
			}
			rest = rest[n:]
		}
		if got := keys(t, s, "f/", ""); strings.Contains(got+" ", key+" ") {
			t.Fatalf("%s is visible before Commit", key)
		}
		if err := u.Commit(); err != nil {
			t.Fatal(err)
		}
		u.Abort()
		if _, err := u.Write([]byte("x")); err == nil {
			t.Error("write after Commit")
		}
		if b, err := s.Get(ctx, key); err != nil || !bytes.Equal(b, data) {
			t.Fatalf("size %d: %d bytes, %v", size, len(b), err)
		}
		o, err := s.Open(ctx, key)
		if err != nil || o.Size() != int64(size) {
			t.Fatal(err)
		}
		for _, at := range []int{0, size / 2, size - 5, blockSize - 3} {
			for _, n := range []int{5, 3 * blockSize} {
				if at < 0 || at > size {
					continue
				}
				p := make([]byte, n)
				k, err := o.ReadAt(p, int64(at))
				want := min(n, size-at)
				if k != want || !bytes.Equal(p[:k], data[at:at+k]) || (err == io.EOF) != (want < n) || err != nil && err != io.EOF {
					t.Errorf("size %d, ReadAt(%d, %d): %d %v", size, n, at, k, err)
				}
			}
		}
		o.Close()
	}
	u, _ := s.Create(ctx, "f/10")
	fmt.Fprint(u, "second")
	if err := u.Commit(); !errors.Is(err, object.ErrExist) {
		t.Errorf("second commit of the name: %v", err)
	}
}

func TestObjectReplacedWhileItIsRead(t *testing.T) {
	srv, ctx := newServer(t), context.Background()
	s := srv.open(t, "s3://lake")
	if err := s.Put(ctx, "k", random(3*blockSize)); err != nil {
		t.Fatal(err)
	}
	o, err := s.Open(ctx, "k")
	if err != nil {
		t.Fatal(err)
	}
	tag := o.(*remote).etag
	srv.failing(func(r *http.Request) failure { // the object has another tag by now
		if tag != "" && strings.Trim(r.Header.Get("If-Match"), `"`) == tag {
			return changed
		}
		return fine
	})
	if _, err := o.ReadAt(make([]byte, 10), 0); err == nil || !strings.Contains(err.Error(), "replaced") {
		t.Errorf("bytes of another object: %v", err)
	}
}

// The answer to the last request of an upload is lost: the object tells whose it is.
func TestUploadWithoutAnswer(t *testing.T) {
	for _, size := range []int{10, 150 << 10} {
		method := "PUT"
		if size > 64<<10 {
			method = "POST"
		}
		for _, f := range []failure{lost, dropped, broken, busy} {
			srv, ctx := newServer(t), context.Background()
			s := srv.open(t, "s3://lake")
			u, err := s.Create(ctx, "k")
			if err != nil {
				t.Fatal(err)
			}
			data := random(size)
			if _, err := u.Write(data); err != nil {
				t.Fatal(err)
			}
			srv.failing(failFirst(1, method, f))
			if err := u.Commit(); err != nil {
				t.Errorf("size %d, fault %d: %v", size, f, err)
			}
			if b, err := s.Get(ctx, "k"); err != nil || !bytes.Equal(b, data) {
				t.Errorf("size %d, fault %d: %d bytes, %v", size, f, len(b), err)
			}
		}
	}
}

func TestAbortedUploadLeavesNothing(t *testing.T) { each(t, abortedUploads) }

func abortedUploads(t *testing.T, s *Store) {
	ctx := context.Background()
	left := func() int {
		r, err := s.core.ListMultipartUploads(ctx, s.bucket, s.prefix, "", "", "", 100)
		if err != nil && !errors.Is(s.fails(ctx, "list", "", err), object.ErrNotExist) {
			t.Fatal(err)
		}
		return len(r.Uploads)
	}
	u, _ := s.Create(ctx, "dir/a")
	u.Write(random(s.opt.PartSize + 1))
	if left() != 1 {
		t.Fatal("no upload in parts")
	}
	u.Abort()
	if n := left(); n != 0 {
		t.Errorf("%d uploads left by Abort", n)
	}
	for _, key := range []string{"dir/b", "dir/c", "dir2/d"} { // as a crash leaves them
		u, _ := s.Create(ctx, key)
		u.Write(random(s.opt.PartSize + 1))
	}
	if err := s.Sweep(ctx, "dir"); err != nil {
		t.Fatal(err)
	}
	if n := left(); n != 1 {
		t.Errorf("%d uploads left by Sweep, want that of dir2", n)
	}
	if got := keys(t, s, "", ""); got != "" {
		t.Errorf("visible: %s", got)
	}
}

func TestPlaces(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "config")
	os.WriteFile(file, []byte("[default]\nregion = eu-north-1\n[profile other]\nregion=eu-west-1\nendpoint_url = http://10.0.0.1:9000\n"), 0o600)
	for _, c := range []struct {
		env, region, endpoint, fails string
	}{
		{"", "eu-north-1", "", ""},
		{"AWS_REGION=us-west-2", "us-west-2", "", ""},
		{"AWS_PROFILE=other", "eu-west-1", "http://10.0.0.1:9000", ""},
		{"AWS_PROFILE=none", "", "", ""},
		{"AWS_PROFILE=none AWS_ENDPOINT_URL=https://minio.example", "us-east-1", "https://minio.example", ""},
		{"AWS_ENDPOINT_URL=http://a:1 AWS_ENDPOINT_URL_S3=http://b:2", "eu-north-1", "http://b:2", ""},
		{"AWS_ENDPOINT_URL=localhost:9000", "", "", "is not http"},
	} {
		env := map[string]string{"AWS_CONFIG_FILE": file}
		for f := range strings.FieldsSeq(c.env) {
			k, v, _ := strings.Cut(f, "=")
			env[k] = v
		}
		p, err := findPlace(func(k string) string { return env[k] })
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: %v", c.env, err)
			}
			continue
		}
		endpoint := ""
		if p.endpoint != nil {
			endpoint = p.endpoint.String()
		}
		if err != nil || p.region != c.region || endpoint != c.endpoint {
			t.Errorf("%s: region %q, endpoint %q, %v", c.env, p.region, endpoint, err)
		}
	}
	for _, bad := range []string{"s3://", "s3:///x", "http://b/x", "b/x", "s3://b/../c", "s3://b//c"} {
		if _, err := Open(bad, Options{}); !errors.Is(err, object.ErrBadKey) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
