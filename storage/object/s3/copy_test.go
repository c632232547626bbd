package s3

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/tarndb/tarn/storage/object"
)

// What stands in one bucket of a server and is to stand in another is copied by the server, and by way of this machine where the server
// does not want to. The one of this test knows no copies in parts, which larger objects need: TestCopyInParts.
func TestCopyBetweenBuckets(t *testing.T) {
	srv := newServer(t, "lake", "other")
	open := func(addr string) *Store {
		s, err := Open(addr, Options{Getenv: srv.getenv, PartSize: 64 << 10, Tries: 3, Backoff: time.Millisecond, Timeout: 5 * time.Second, MaxCopy: 100_000})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	ctx := t.Context()
	from := open("s3://lake/a")
	to := from.Bucket("other")
	large := bytes.Repeat([]byte("0123456789"), 25_000)
	if err := errors.Join(from.Put(ctx, "x/small", []byte("small")), from.Put(ctx, "x/large", large)); err != nil {
		t.Fatal(err)
	}
	check := func(dir string, passing bool) {
		t.Helper()
		if read := len(grep(srv.requests(), "GET /lake/a/x/")) > 0; read != passing {
			t.Errorf("the bytes came here: %v, want %v: %v", read, passing, srv.requests())
		}
		for name, want := range map[string][]byte{"small": []byte("small"), "large": large} {
			if got, err := to.Get(ctx, dir+"/"+name); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s/%s: %d bytes, %v", dir, name, len(got), err)
			}
		}
	}
	srv.failing(nil)
	if err := object.Share(ctx, object.Sub(from, "x"), object.Sub(to, "y"), []string{"small", "large"}); err != nil {
		t.Fatal(err)
	}
	if n := len(grep(srv.requests(), "GET /lake/a/x/small")); n != 0 {
		t.Errorf("the bytes came here: %v", srv.requests())
	}
	check("y", true)
	// What is there stays.
	if err := to.Put(ctx, "z/small", []byte("mine")); err != nil {
		t.Fatal(err)
	}
	if err := object.Share(ctx, object.Sub(from, "x"), object.Sub(to, "z"), []string{"small"}); err != nil {
		t.Fatal(err)
	}
	if got, err := to.Get(ctx, "z/small"); err != nil || string(got) != "mine" {
		t.Errorf("%q, %v", got, err)
	}
	srv.failing(func(r *http.Request) failure {
		if r.Header.Get("X-Amz-Copy-Source") != "" {
			return denied
		}
		return fine
	})
	if err := object.Share(ctx, object.Sub(from, "x"), object.Sub(to, "w"), []string{"small", "large"}); err != nil {
		t.Fatal(err)
	}
	check("w", true)
	srv.failing(nil)
	// Another client's store may be anybody's.
	if err := open("s3://other").CopyFrom(ctx, from, "x/small", "v"); !errors.Is(err, object.ErrUnsupported) {
		t.Errorf("copy of another client's object: %v", err)
	}
	if err := object.Share(ctx, from, open("s3://other/u"), []string{"x/small"}); err != nil {
		t.Error(err)
	}
	if err := to.CopyFrom(ctx, from, "x/none", "v"); !errors.Is(err, object.ErrNotExist) {
		t.Errorf("copy of nothing: %v", err)
	}
	if err := to.CopyFrom(ctx, from, "../x", "v"); !errors.Is(err, object.ErrBadKey) {
		t.Errorf("copy of what is not below the prefix: %v", err)
	}
}

func grep(list []string, prefix string) (out []string) {
	for _, s := range list {
		if strings.HasPrefix(s, prefix) {
			out = append(out, s)
		}
	}
	return out
}

// An object that is too large for one request is copied in parts, by a server that does that (TARN_S3, make interop).
func TestCopyInParts(t *testing.T) {
	addr := os.Getenv("TARN_S3")
	if addr == "" {
		t.Skip("TARN_S3 is no address of a bucket")
	}
	s, err := Open(addr+"/copy-"+uuid.NewString(), Options{MaxCopy: 5 << 20})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	large := bytes.Repeat([]byte("0123456789abcdef"), 750_000)
	if err := s.Put(ctx, "large", large); err != nil {
		t.Fatal(err)
	}
	defer object.RemoveAll(ctx, s, "")
	if err := s.CopyFrom(ctx, s, "large", "copy"); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(ctx, "copy"); err != nil || !bytes.Equal(got, large) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if err := s.CopyFrom(ctx, s, "large", "copy"); !errors.Is(err, object.ErrExist) {
		t.Errorf("copy over an object: %v", err)
	}
}
