package delta

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tarndb/tarn/storage/object"
)

// summed makes the table of fill, with a domain and the checksum of its newest version, and returns what that says.
func summed(t *testing.T) (*testTable, map[string]any) {
	t.Helper()
	tt := newTestTable(t, t.TempDir())
	tt.fill()
	p := tt.log.Snapshot().Protocol.WithWriter(FeatureDomainMeta)
	tt.commit(Action{Protocol: &p}, Action{DomainMetadata: &DomainMetadata{Domain: "app", Configuration: "{}"}})
	if err := writeChecksum(ctx, tt.store, tt.log.Snapshot(), tt.log.Snapshot().Checksum("")); err != nil {
		t.Fatal(err)
	}
	return tt, tt.readChecksum()
}

func (tt *testTable) readChecksum() (sum map[string]any) {
	tt.t.Helper()
	data, err := tt.store.Get(ctx, checksumKey(tt.log.Version()))
	if err == nil {
		err = json.Unmarshal(data, &sum)
	}
	if err != nil {
		tt.t.Fatal(err)
	}
	return sum
}

func (tt *testTable) writeChecksum(sum any) {
	tt.t.Helper()
	data, err := json.Marshal(sum)
	if err == nil {
		err = tt.store.Put(ctx, checksumKey(tt.log.Version()), data)
	}
	if err != nil {
		tt.t.Fatal(err)
	}
}

// A version that is not what its checksum file says is not read, and the error names the file (I8).
func TestLoadComparesChecksum(t *testing.T) {
	tt, _ := summed(t)
	key := checksumKey(tt.log.Version())
	for name, damage := range map[string]func(sum map[string]any){
		"numFiles":              func(sum map[string]any) { sum["numFiles"] = 3 },
		"tableSizeBytes":        func(sum map[string]any) { sum["tableSizeBytes"] = 1 },
		"numMetadata":           func(sum map[string]any) { sum["numMetadata"] = 2 },
		"numProtocol":           func(sum map[string]any) { sum["numProtocol"] = 0 },
		"numDeletedRecordsOpt":  func(sum map[string]any) { sum["numDeletedRecordsOpt"] = 7 },
		"numDeletionVectorsOpt": func(sum map[string]any) { sum["numDeletionVectorsOpt"] = 0 },
		"protocol differs":      func(sum map[string]any) { sum["protocol"].(map[string]any)["minWriterVersion"] = 2 },
		"metaData differs":      func(sum map[string]any) { sum["metadata"].(map[string]any)["id"] = "x" },
		"schema differs": func(sum map[string]any) {
			sum["metadata"].(map[string]any)["schemaString"] = `{"type":"struct","fields":[]}`
		},
		"position of tarn/s/1 differs": func(sum map[string]any) { sum["setTransactions"].([]any)[0].(map[string]any)["version"] = 31 },
		"positions":                    func(sum map[string]any) { sum["setTransactions"] = []any{} },
		"position of nobody differs": func(sum map[string]any) {
			sum["setTransactions"] = []any{map[string]any{"appId": "nobody", "version": 0}}
		},
		"domain app differs": func(sum map[string]any) { sum["domainMetadata"].([]any)[0].(map[string]any)["configuration"] = "" },
		"domains":            func(sum map[string]any) { sum["domainMetadata"] = []any{} },
	} {
		good := tt.readChecksum()
		bad := tt.readChecksum()
		damage(bad)
		tt.writeChecksum(bad)
		for _, version := range []int64{-1, tt.log.Version()} {
			_, err := Load(ctx, tt.store, version)
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), key) {
				t.Errorf("%s, version %d: %v", name, version, err)
			}
		}
		if _, err := Load(ctx, tt.store, tt.log.Version()-1); err != nil {
			t.Errorf("%s: the version before: %v", name, err)
		}
		tt.writeChecksum(good)
	}
	// What comes after a damaged version is not read either.
	bad := tt.readChecksum()
	bad["numFiles"] = 3
	tt.writeChecksum(bad)
	tt.commit(Action{Txn: &Txn{AppID: "a", Version: 1}})
	if _, err := Load(ctx, tt.store, -1); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), key) {
		t.Errorf("a later version: %v", err)
	}
}

// A checksum file that says nothing, or less than it might, is no error.
func TestLoadWithoutChecksum(t *testing.T) {
	tt, sum := summed(t)
	key := checksumKey(tt.log.Version())
	without := func(names ...string) func() {
		return func() {
			s := tt.readChecksum()
			for _, n := range names {
				delete(s, n)
			}
			tt.writeChecksum(s)
		}
	}
	text := func(s string) func() { return func() { tt.store.Put(ctx, key, []byte(s)) } }
	for name, change := range map[string]func(){
		"as it is": func() {}, "empty": text(""), "cut": text(`{"numFiles":1`), "another file": text("{}"), "a list": text("[]"),
		"of a wrong type":               text(`{"numFiles":"many"}`),
		"only optional fields left out": without("txnId", "setTransactions", "domainMetadata", "numDeletedRecordsOpt", "numDeletionVectorsOpt"),
		"no numFiles":                   without("numFiles"), "no protocol": without("protocol"),
		"gone": func() { tt.store.Delete(ctx, key) },
	} {
		tt.writeChecksum(sum)
		change()
		if snap, err := Load(ctx, tt.store, -1); err != nil || snap.Version != tt.log.Version() {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Writers may forget old positions where the table says so.
	m := tt.log.Snapshot().Metadata
	m.Configuration = map[string]string{propTxnRetention: "interval 1 day"}
	tt.commit(Action{Metadata: &m})
	s := tt.log.Snapshot().Checksum("")
	s.SetTransactions = &[]Txn{}
	tt.writeChecksum(s)
	if _, err := Load(ctx, tt.store, -1); err != nil {
		t.Errorf("without expired positions: %v", err)
	}
}

// countedStore counts the objects that are read.
type countedStore struct {
	object.Store
	gets map[string]int
}

func (s *countedStore) Get(ctx context.Context, key string) ([]byte, error) {
	s.gets[key]++
	return s.Store.Get(ctx, key)
}

// Comparing costs one object, however many versions have a checksum: every commit is read once.
func TestChecksumIsOneRead(t *testing.T) {
	tt := newTestTable(t, t.TempDir())
	tt.create()
	for v := range int64(10) {
		tt.commit(Action{Txn: &Txn{AppID: "a", Version: v}})
		if err := writeChecksum(ctx, tt.store, tt.log.Snapshot(), tt.log.Snapshot().Checksum("")); err != nil {
			t.Fatal(err)
		}
	}
	if err := tt.log.Checkpoint(ctx, time.Now(), time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, target := range []int64{-1, 10, 7} {
		s := &countedStore{tt.store, map[string]int{}}
		snap, err := Load(ctx, s, target)
		if err != nil {
			t.Fatal(err)
		}
		for key, n := range s.gets {
			if n != 1 || strings.HasSuffix(key, ".crc") && key != checksumKey(snap.Version) {
				t.Errorf("version %d: %s is read %d times", target, key, n)
			}
		}
		if s.gets[checksumKey(snap.Version)] != 1 {
			t.Errorf("version %d: the checksum is not read", target)
		}
	}
}

func FuzzDecodeChecksum(f *testing.F) {
	f.Add([]byte(`{"tableSizeBytes":0,"numFiles":0,"numMetadata":1,"numProtocol":1,"metadata":{"id":"x","schemaString":"{}"},` +
		`"protocol":{"minReaderVersion":1,"minWriterVersion":2},"setTransactions":[{"appId":"a","version":1}],` +
		`"domainMetadata":[{"domain":"d","configuration":"{}"}],"numDeletedRecordsOpt":0}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := decodeChecksum(b); err == nil {
			if err := c.check(newSnapshot()); err != nil && !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
		}
	})
}
