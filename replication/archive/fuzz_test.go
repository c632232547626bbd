package archive

import (
	"bytes"
	"testing"
	"time"

	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/wal"
)

// What a decoder takes, its twin writes alike; whatever the bytes, it does not panic.

func FuzzRun(f *testing.F) {
	f.Add([]byte{}, uint64(0), uint64(0))
	f.Add([]byte(runMagic), uint64(1), uint64(2))
	seg := newSegment(f)
	f.Add(encodeRun(wal.Raw{Segment: seg, From: seg.Start, Bytes: make([]byte, 64)}), uint64(seg.Start), uint64(seg.Start)+64)
	f.Fuzz(func(t *testing.T, b []byte, from, to uint64) {
		r, err := decodeRun(b, wal.LSN(from), wal.LSN(to))
		if err != nil {
			return
		}
		if !bytes.Equal(encodeRun(r), b) || r.From != wal.LSN(from) || r.End() != wal.LSN(to) {
			t.Errorf("run from %s to %s", r.From, r.End())
		}
		end := r.From
		_, err = r.Records(0, false, func(rec wal.Record) error {
			if rec.LSN != end || rec.End <= rec.LSN || len(rec.Raw) != int(rec.End-rec.LSN) {
				t.Errorf("record from %s to %s after %s", rec.LSN, rec.End, end)
			}
			end = rec.End
			return nil
		})
		if err == nil && end != r.End() {
			t.Errorf("records end at %s, the run at %s", end, r.End())
		}
	})
}

func newSegment(f *testing.F) wal.Segment {
	l, err := wal.Open(f.TempDir(), wal.Options{})
	if err != nil {
		f.Fatal(err)
	}
	defer l.Close()
	return l.Segments()[0]
}

func FuzzManifest(f *testing.F) {
	b := engine.Base{Valid: 0x2000000, Keep: 0x1000000, Taken: time.UnixMicro(1)}
	m, err := newManifest(b, wal.StoreID{1}, []File{{Name: "000001.sst", Size: 3, Sum: Sum{2}}}).encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(m)
	f.Add([]byte("{}\n00000000\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := decodeManifest(text, b)
		if err != nil {
			return
		}
		again, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeManifest(again, b); err != nil {
			t.Error(err)
		}
	})
}

func FuzzKeys(f *testing.F) {
	b := engine.Base{Valid: 0x2000000, Keep: 0x1000000, Taken: time.UnixMicro(1)}
	for _, k := range []string{logKey(1, 2), moreKey(7), lostKey(7), ingestedKey(3, "bulk-1-0.sst"), baseKey(b), "wal/", "base/x", "ingested/0000000000000000-"} {
		f.Add(k)
	}
	f.Fuzz(func(t *testing.T, key string) {
		n := 0
		is := func(again string) {
			if n++; again != key {
				t.Errorf("%q is written as %q", key, again)
			}
		}
		if from, to, ok := parseLogKey(key); ok {
			is(logKey(from, to))
		}
		if at, ok := parseKeyAt(key, morePrefix); ok {
			is(moreKey(at))
		}
		if at, ok := parseKeyAt(key, lostPrefix); ok {
			is(lostKey(at))
		}
		if stamp, name, ok := parseIngestedKey(key); ok {
			is(ingestedKey(stamp, name))
		}
		if b, ok := parseBaseKey(key); ok {
			is(baseKey(b))
		}
		if n > 1 {
			t.Errorf("%q has %d meanings", key, n)
		}
	})
}

func FuzzBlobTail(f *testing.F) {
	f.Add(appendBlobTail(nil, 7, 9), uint32(7), int64(9))
	f.Add([]byte{}, uint32(0), int64(0))
	f.Fuzz(func(t *testing.T, tail []byte, crc uint32, size int64) {
		if checkBlobTail(tail, crc, size) == nil && !bytes.Equal(tail, appendBlobTail(nil, crc, size)) {
			t.Error("another tail is taken")
		}
	})
}
