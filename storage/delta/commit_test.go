package delta

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tarndb/tarn/storage/object"
)

// configure gives the table a protocol and properties.
func (tt *testTable) configure(features []string, properties map[string]string) {
	tt.t.Helper()
	p, m := tt.log.Snapshot().Protocol, tt.log.Snapshot().Metadata
	p.WriterFeatures = append(append([]string{}, p.WriterFeatures...), features...)
	m.Configuration = maps.Clone(m.Configuration)
	maps.Copy(m.Configuration, properties)
	tt.commit(Action{Protocol: &p}, Action{Metadata: &m})
}

func removeOf(a *Add) Action {
	now := time.Now().UnixMilli()
	return Action{Remove: &Remove{Path: a.Path, DeletionTimestamp: &now, DataChange: true, DeletionVector: a.DeletionVector}}
}

// A commit follows what another writer did meanwhile, or says which rule it broke. Each case starts with files a, b and c.
func TestConflicts(t *testing.T) {
	yes := true
	blind := Action{CommitInfo: &CommitInfo{IsBlindAppend: &yes}}
	domain := func(name string) Action {
		return Action{DomainMetadata: &DomainMetadata{Domain: name, Configuration: "{}"}}
	}
	txn := func(app string, v int64) Action { return Action{Txn: &Txn{AppID: app, Version: v}} }
	for _, c := range []struct {
		name   string
		theirs func(tt *testTable, a, b *Add) []Action
		ours   func(tt *testTable, a, b *Add) []Action
		opt    CommitOptions
		want   ConflictKind // "" if both are there in the end
	}{
		{"append after append", func(tt *testTable, _, _ *Add) []Action { return []Action{{Add: tt.file(100, 110)}} },
			func(tt *testTable, _, _ *Add) []Action { return []Action{{Add: tt.file(110, 120)}} }, CommitOptions{}, ""},
		{"delete after blind append", func(tt *testTable, _, _ *Add) []Action { return []Action{blind, {Add: tt.file(100, 110)}} },
			func(tt *testTable, a, _ *Add) []Action { return []Action{removeOf(a)} },
			CommitOptions{Reads: func(*Add) bool { return true }}, ""},
		{"serializable delete after blind append", func(tt *testTable, _, _ *Add) []Action { return []Action{blind, {Add: tt.file(100, 110)}} },
			func(tt *testTable, a, _ *Add) []Action { return []Action{removeOf(a)} },
			CommitOptions{Reads: func(*Add) bool { return true }, Serializable: true}, ConcurrentAppend},
		{"delete after append that read", func(tt *testTable, _, _ *Add) []Action { return []Action{{Add: tt.file(100, 110)}} },
			func(tt *testTable, a, _ *Add) []Action { return []Action{removeOf(a)} },
			CommitOptions{Reads: func(*Add) bool { return true }}, ConcurrentAppend},
		{"delete after delete of a file that was read", func(tt *testTable, _, b *Add) []Action { return []Action{removeOf(b)} },
			func(tt *testTable, a, _ *Add) []Action { return []Action{removeOf(a)} },
			CommitOptions{Reads: func(f *Add) bool { return f.DataChange }}, ConcurrentDeleteRead},
		{"delete of other files", func(tt *testTable, _, b *Add) []Action { return []Action{removeOf(b)} },
			func(tt *testTable, a, _ *Add) []Action { return []Action{removeOf(a)} }, CommitOptions{}, ""},
		{"delete of the same file", func(tt *testTable, a, _ *Add) []Action { return []Action{removeOf(a)} },
			func(tt *testTable, a, _ *Add) []Action { return []Action{removeOf(a)} }, CommitOptions{}, ConcurrentDeleteDelete},
		{"OPTIMIZE of a file that we delete from", func(tt *testTable, a, b *Add) []Action {
			whole := tt.file(0, 20)
			whole.DataChange = false
			ra, rb := removeOf(a), removeOf(b)
			ra.Remove.DataChange, rb.Remove.DataChange = false, false
			return []Action{ra, rb, {Add: whole}}
		}, func(tt *testTable, a, _ *Add) []Action { return []Action{removeOf(a)} }, CommitOptions{}, ConcurrentDeleteDelete},
		{"append after OPTIMIZE", func(tt *testTable, a, b *Add) []Action {
			whole := tt.file(0, 20)
			whole.DataChange = false
			return []Action{removeOf(a), removeOf(b), {Add: whole}}
		}, func(tt *testTable, _, _ *Add) []Action { return []Action{{Add: tt.file(100, 110)}} }, CommitOptions{}, ""},
		{"metaData", func(tt *testTable, _, _ *Add) []Action {
			m := tt.log.Snapshot().Metadata
			m.Description = "x"
			return []Action{{Metadata: &m}}
		}, func(tt *testTable, _, _ *Add) []Action { return []Action{{Add: tt.file(100, 110)}} }, CommitOptions{}, MetadataChanged},
		{"protocol of both", func(tt *testTable, _, _ *Add) []Action {
			p := tt.log.Snapshot().Protocol.With(FeatureDeletionVectors)
			return []Action{{Protocol: &p}}
		}, func(tt *testTable, _, _ *Add) []Action {
			p := tt.log.Snapshot().Protocol.With(FeatureColumnMapping)
			return []Action{{Protocol: &p}}
		}, CommitOptions{}, ProtocolChanged},
		{"protocol of theirs", func(tt *testTable, _, _ *Add) []Action {
			p := tt.log.Snapshot().Protocol.With(FeatureDeletionVectors)
			return []Action{{Protocol: &p}}
		}, func(tt *testTable, _, _ *Add) []Action { return []Action{{Add: tt.file(100, 110)}} }, CommitOptions{}, ""},
		{"same domain", func(*testTable, *Add, *Add) []Action { return []Action{domain("d")} },
			func(*testTable, *Add, *Add) []Action { return []Action{domain("d")} }, CommitOptions{}, DomainChanged},
		{"other domain", func(*testTable, *Add, *Add) []Action { return []Action{domain("d")} },
			func(*testTable, *Add, *Add) []Action { return []Action{domain("e")} }, CommitOptions{}, ""},
		{"same application", func(*testTable, *Add, *Add) []Action { return []Action{txn("app", 4)} },
			func(*testTable, *Add, *Add) []Action { return []Action{txn("app", 5)} }, CommitOptions{}, ConcurrentTransaction},
		{"other application", func(*testTable, *Add, *Add) []Action { return []Action{txn("app", 4)} },
			func(*testTable, *Add, *Add) []Action { return []Action{txn("other", 5)} }, CommitOptions{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tt := newTestTable(t, t.TempDir())
			tt.create()
			tt.configure([]string{FeatureDomainMeta}, nil)
			a, b := tt.file(0, 10), tt.file(10, 20)
			tt.commit(Action{Add: a}, Action{Add: b}, Action{Add: tt.file(20, 30)})
			other := newTestTable(t, tt.dir)
			other.seq = 50
			ours := c.ours(tt, a, b)
			other.commit(c.theirs(other, a, b)...)
			other.commit(Action{Txn: &Txn{AppID: "third", Version: 1}}) // two versions to follow
			c.opt.Rebase = true
			v, err := tt.log.CommitWith(ctx, ours, c.opt)
			var conflict *ConflictError
			switch {
			case c.want == "" && (err != nil || v != 5):
				t.Fatalf("version %d, %v", v, err)
			case c.want != "" && (!errors.As(err, &conflict) || !errors.Is(err, ErrConflict) || conflict.Kind != c.want || conflict.Version != 3):
				t.Fatalf("%v, want %s", err, c.want)
			}
			if _, err := Validate(tt.dir); err != nil {
				t.Error(err)
			}
		})
	}
}

// Without Rebase another writer's version is a conflict, whatever it is.
func TestNoRebase(t *testing.T) {
	tt := newTestTable(t, t.TempDir())
	tt.create()
	newTestTable(t, tt.dir).commit(Action{Txn: &Txn{AppID: "a", Version: 1}})
	if _, err := tt.log.Commit(ctx, []Action{{Txn: &Txn{AppID: "b", Version: 1}}}); !errors.Is(err, ErrConflict) || tt.log.Version() != 0 {
		t.Fatal(err, tt.log.Version())
	}
}

// doubtful is a store that loses the answers of some writes.
type doubtful struct {
	object.Store
	// put says what becomes of a conditional write: whether it happens, and the error that the writer sees.
	put func(n int) (happens bool, answer error)
	n   int
}

func (d *doubtful) PutIfAbsent(ctx context.Context, key string, data []byte) error {
	d.n++
	happens, answer := d.put(d.n)
	if happens {
		if err := d.Store.PutIfAbsent(ctx, key, data); err != nil {
			return err
		}
	}
	return answer
}

// A write whose answer is lost is looked up by its txnId and made again if it is not there: the commit appears once.
func TestCommitInDoubt(t *testing.T) {
	lost := fmt.Errorf("timeout: %w", object.ErrInDoubt)
	for _, c := range []struct {
		name string
		put  func(n int) (bool, error)
		want int64 // version, -1 for an error
	}{
		{"happened", func(int) (bool, error) { return true, lost }, 1},
		{"did not happen, then did", func(n int) (bool, error) { return n == 2, map[bool]error{true: lost}[n == 1] }, 1},
		{"a retry inside of the store met its own write", func(int) (bool, error) { return true, object.ErrExist }, 1},
		{"never happens", func(int) (bool, error) { return false, lost }, -1},
		{"the device fails", func(int) (bool, error) { return true, errors.New("I/O error") }, -1},
	} {
		tt := newTestTable(t, t.TempDir())
		tt.create()
		tt.log.store = &doubtful{Store: tt.store, put: c.put}
		v, err := tt.log.Commit(ctx, []Action{{Txn: &Txn{AppID: "a", Version: 1}}})
		if c.want < 0 {
			if err == nil || errors.Is(err, ErrConflict) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil || v != c.want {
			t.Errorf("%s: version %d, %v", c.name, v, err)
		}
		if rep, err := Validate(tt.dir); err != nil || rep.Version != c.want || rep.Txns["a"].Version != 1 {
			t.Errorf("%s: %+v %v", c.name, rep, err)
		}
	}
	// Another writer's commit, met in doubt, is a conflict.
	tt := newTestTable(t, t.TempDir())
	tt.create()
	newTestTable(t, tt.dir).commit(Action{Txn: &Txn{AppID: "b", Version: 1}})
	tt.log.store = &doubtful{Store: tt.store, put: func(int) (bool, error) { return false, lost }}
	if _, err := tt.log.Commit(ctx, []Action{{Txn: &Txn{AppID: "a", Version: 1}}}); !errors.Is(err, ErrConflict) {
		t.Error(err)
	}
}

// In-commit timestamps grow with the versions whatever the clock says, and the checkpoint, the reader and the validator
// know them.
func TestInCommitTimestamps(t *testing.T) {
	tt := newTestTable(t, t.TempDir())
	tt.create()
	tt.configure([]string{FeatureInCommitTimestamp}, map[string]string{PropInCommitTimestamps: "true",
		propICTEnablementVersion: "1", propICTEnablementTimestamp: fmt.Sprint(time.Now().UnixMilli())})
	back := time.Now().Add(-time.Hour).UnixMilli()
	for i := range 3 {
		tt.commit(Action{Txn: &Txn{AppID: "a", Version: int64(i)}}, Action{CommitInfo: &CommitInfo{Timestamp: back, OperationParameters: map[string]string{}}})
	}
	other := newTestTable(t, tt.dir)
	other.commit(Action{Txn: &Txn{AppID: "b", Version: 1}})
	times, err := NewTable(tt.store, TableOptions{}).CommitTimes(ctx)
	if err != nil || len(times) != 6 {
		t.Fatal(times, err)
	}
	for i := 2; i < 5; i++ {
		if want := times[1].Time.Add(time.Duration(i-1) * time.Millisecond); !times[i].Time.Equal(want) {
			t.Errorf("version %d at %s, want %s", i, times[i].Time, want)
		}
	}
	if _, err := Validate(tt.dir); err != nil {
		t.Error(err)
	}
	readByDeltalake(t, tt)
}

// Spark removes files of deletion vectors, which nobody has added, where a table drops the feature; other files must be there.
func TestRemovesOfVectorFiles(t *testing.T) {
	for path, want := range map[string]bool{"deletion_vector_57d7071a-c0d2-41b9-818d-e26806fdb5e0.bin": true, "part-1.parquet": false} {
		tt := newTestTable(t, t.TempDir())
		tt.create()
		now := time.Now().UnixMilli()
		line := fmt.Sprintf(`{"commitInfo":{"timestamp":%d}}`+"\n"+`{"remove":{"path":"%s","deletionTimestamp":%d,"dataChange":false}}`, now, path, now)
		if err := os.WriteFile(filepath.Join(tt.dir, commitKey(1)), []byte(line), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Validate(tt.dir); (err == nil) != want {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// New files get fresh row ids, also behind another writer's; a file that gets a deletion vector keeps its own; rows of a
// table that promises stable ids are not rewritten.
func TestRowTracking(t *testing.T) {
	tt := newTestTable(t, t.TempDir())
	tt.create()
	tt.configure([]string{FeatureRowTracking, FeatureDomainMeta}, map[string]string{PropRowTracking: "true"})
	a := tt.file(0, 10)
	tt.commit(Action{Add: a})
	other := newTestTable(t, tt.dir)
	other.seq = 50
	other.commit(Action{Add: other.file(10, 40)})
	b := tt.file(40, 45)
	if _, err := tt.log.CommitWith(ctx, []Action{{Add: b}}, CommitOptions{Rebase: true}); err != nil {
		t.Fatal(err)
	}
	live := tt.log.Snapshot().Files[keyOf(a.Path, nil)]
	tt.deleteRows(live, 3)
	for path, want := range map[string][2]int64{a.Path: {0, 2}, b.Path: {40, 4}} {
		for k, f := range tt.log.Snapshot().Files {
			if k.Path == path && (f.BaseRowID == nil || *f.BaseRowID != want[0] || *f.DefaultRowCommit != want[1]) {
				t.Errorf("%s: row id %v of version %v, want %v", path, f.BaseRowID, f.DefaultRowCommit, want)
			}
		}
	}
	if mark, err := tt.log.Snapshot().rowIDHighWaterMark(); mark != 44 || err != nil {
		t.Errorf("high water mark %d, %v", mark, err)
	}
	if err := tt.log.Checkpoint(ctx, time.Now(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if rep, err := Validate(tt.dir); err != nil || rep.Checksums != 1 || rep.Checkpoints != 1 {
		t.Errorf("%+v %v", rep, err)
	}
	readByDeltalake(t, tt)
	if _, err := tt.log.Commit(ctx, []Action{removeOf(b), {Add: tt.file(40, 44)}}); !errors.Is(err, ErrFeature) {
		t.Errorf("rows were rewritten: %v", err)
	}
}

// Writers refuse what they would do wrong, by name.
func TestWritesThatAreRefused(t *testing.T) {
	invariant := map[string]any{"delta.invariants": `{"expression":{"expression":"x > 0"}}`}
	for _, c := range []struct {
		want  string
		table func(p *Protocol, m *Metadata)
	}{
		{"writer feature materializePartitionColumns", func(p *Protocol, m *Metadata) {
			*p = Protocol{3, 7, []string{}, []string{"materializePartitionColumns"}}
		}},
		{"writer version 8", func(p *Protocol, m *Metadata) { p.MinWriterVersion = 8 }},
		{"property delta.constraints.positive", func(p *Protocol, m *Metadata) {
			p.MinWriterVersion, m.Configuration = 3, map[string]string{"delta.constraints.positive": "id > 0"}
		}},
		{"column x with delta.invariants", func(p *Protocol, m *Metadata) {
			m.SchemaString = Schema{[]Field{{Name: "x", Type: testColumns()[0].Type, Nullable: true, Metadata: invariant}}}.String()
		}},
		{"property delta.enableIcebergCompatV2", func(p *Protocol, m *Metadata) {
			m.Configuration = map[string]string{"delta.enableIcebergCompatV2": "true"}
		}},
	} {
		tt := newTestTable(t, t.TempDir())
		p := BaseProtocol()
		m := Metadata{ID: "5fba94ed-9794-4965-ba6e-6ee3c0d22af9", Format: Format{"parquet", map[string]string{}}, PartitionColumns: []string{},
			SchemaString: Schema{[]Field{{Name: "x", Type: testColumns()[0].Type, Nullable: true}}}.String()}
		c.table(&p, &m)
		actions := []Action{{Protocol: &p}, {Metadata: &m}}
		if _, err := tt.log.Commit(ctx, actions); !errors.Is(err, ErrFeature) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
		data, err := EncodeActions(actions)
		if err != nil {
			t.Fatal(err)
		}
		if err := tt.store.PutIfAbsent(ctx, commitKey(0), data); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(ctx, tt.store); !errors.Is(err, ErrFeature) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("opened: %v, want %s", err, c.want)
		}
	}
	tt := newTestTable(t, t.TempDir())
	tt.create()
	tt.configure(nil, map[string]string{"delta.appendOnly": "true"})
	a := tt.file(0, 10)
	tt.commit(Action{Add: a})
	if _, err := tt.log.Commit(ctx, []Action{removeOf(a)}); err == nil || !strings.Contains(err.Error(), "append-only") {
		t.Errorf("a file of an append-only table was removed: %v", err)
	}
}
