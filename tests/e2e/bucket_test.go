package e2e

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/rogpeppe/go-internal/testscript"
)

// bucket is an S3 server of a script, with one bucket "lake".
type bucket struct {
	backend *s3mem.Backend
	down    atomic.Bool
}

// bucketCmd is the command bucket:
//
//	bucket start           before serve: the server finds it in its environment
//	bucket down | up       connections are cut
//	bucket put KEY FILE    puts a file of the script
//	bucket list PREFIX     prints keys
//	bucket table VAR PREFIX sets VAR to the address of the first Delta table whose keys start so
func bucketCmd(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	if len(args) == 0 || neg || s.bucket == nil && args[0] != "start" {
		ts.Fatalf("usage: bucket start|down|up|put KEY FILE|list PREFIX")
	}
	switch args[0] {
	case "start":
		b := &bucket{backend: s3mem.New()}
		ts.Check(b.backend.CreateBucket("lake"))
		inner := gofakes3.New(b.backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if b.down.Load() {
				panic(http.ErrAbortHandler)
			}
			inner.ServeHTTP(w, r)
		}))
		srv.Config.ErrorLog = log.New(io.Discard, "", 0)
		srv.Start()
		ts.Defer(srv.Close)
		s.bucket = b
		s.env = append(os.Environ(), "AWS_ENDPOINT_URL="+srv.URL, "AWS_ACCESS_KEY_ID=me", "AWS_SECRET_ACCESS_KEY=secret",
			"AWS_CONFIG_FILE=/none", "AWS_SHARED_CREDENTIALS_FILE=/none")
	case "down", "up":
		s.bucket.down.Store(args[0] == "down")
	case "put":
		data := ts.ReadFile(args[2])
		_, err := s.bucket.backend.PutObject("lake", args[1], map[string]string{"Last-Modified": time.Now().UTC().Format(http.TimeFormat)}, bytes.NewReader([]byte(data)), int64(len(data)), nil)
		ts.Check(err)
	case "list":
		_, err := io.WriteString(ts.Stdout(), strings.Join(s.bucket.keys(ts, args[1]), ""))
		ts.Check(err)
	case "table":
		for _, key := range s.bucket.keys(ts, args[2]) {
			if dir, _, ok := strings.Cut(key, "/_delta_log/"); ok {
				ts.Setenv(args[1], "s3://lake/"+dir)
				return
			}
		}
		ts.Fatalf("no Delta table below %s", args[2])
	}
}

// keys are those with a prefix, a line each.
func (b *bucket) keys(ts *testscript.TestScript, prefix string) (out []string) {
	l, err := b.backend.ListBucket("lake", &gofakes3.Prefix{HasPrefix: true, Prefix: prefix}, gofakes3.ListBucketPage{})
	ts.Check(err)
	for _, c := range l.Contents {
		out = append(out, c.Key+"\n")
	}
	return out
}
