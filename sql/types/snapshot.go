package types

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/tuple"
)

// SnapshotIDs is a pg_snapshot: transactions below Xmin are over, those from Xmax on have not begun, and of those between
// the ones in Running, which is sorted, are not over.
type SnapshotIDs struct {
	Xmin, Xmax uint64
	Running    []uint64
}

// snapshotCodec holds pg_snapshot and txid_snapshot as their text xmin:xmax:xip,…
//
//	binary: int32 number of running ones | int64 xmin | int64 xmax | int64 each
var snapshotCodec = &codec{
	out: textCodec.out,
	in: func(t *Type, s string, _ int32, _ *Env) (Datum, error) {
		sn, ok := parseSnapshot(s)
		if !ok {
			return Null, pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type %s: \"%s\"", "pg_snapshot", s)
		}
		return sn.datum(), nil
	},
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		sn := SnapshotOf(d)
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(sn.Running)))
		dst = binary.BigEndian.AppendUint64(dst, sn.Xmin)
		dst = binary.BigEndian.AppendUint64(dst, sn.Xmax)
		for _, x := range sn.Running {
			dst = binary.BigEndian.AppendUint64(dst, x)
		}
		return dst
	},
	recv: func(_ *Type, b []byte, _ int32, _ *Env) (Datum, error) {
		bad := pgerr.New(pgerr.InvalidBinaryRepresentation, "invalid external pg_snapshot data")
		if len(b) < 20 || uint64(binary.BigEndian.Uint32(b))*8 != uint64(len(b)-20) {
			return Null, bad
		}
		sn := SnapshotIDs{Xmin: binary.BigEndian.Uint64(b[4:]), Xmax: binary.BigEndian.Uint64(b[12:])}
		for b = b[20:]; len(b) > 0; b = b[8:] {
			if !sn.add(binary.BigEndian.Uint64(b)) {
				return Null, bad
			}
		}
		if !sn.valid() {
			return Null, bad
		}
		return sn.datum(), nil
	},
}

func (s *SnapshotIDs) valid() bool {
	return s.Xmin != 0 && s.Xmax != 0 && s.Xmin <= s.Xmax && int64(s.Xmin) > 0 && int64(s.Xmax) > 0
}

// add takes a running transaction; they come in order, equal ones count once.
func (s *SnapshotIDs) add(x uint64) bool {
	n := len(s.Running)
	if x < s.Xmin || x >= s.Xmax || n > 0 && x < s.Running[n-1] {
		return false
	}
	if n == 0 || x != s.Running[n-1] {
		s.Running = append(s.Running, x)
	}
	return true
}

func parseSnapshot(s string) (sn SnapshotIDs, ok bool) {
	number := func(s string, v *uint64) bool {
		n, err := strconv.ParseUint(s, 10, 64)
		*v = n
		return err == nil
	}
	parts := strings.SplitN(s, ":", 3)
	if len(parts) != 3 || !number(parts[0], &sn.Xmin) || !number(parts[1], &sn.Xmax) || !sn.valid() {
		return sn, false
	}
	if parts[2] == "" {
		return sn, true
	}
	for _, p := range strings.Split(parts[2], ",") {
		var x uint64
		if !number(p, &x) || !sn.add(x) {
			return sn, false
		}
	}
	return sn, true
}

func (s *SnapshotIDs) datum() Datum {
	b := strconv.AppendUint(nil, s.Xmin, 10)
	b = append(strconv.AppendUint(append(b, ':'), s.Xmax, 10), ':')
	for i, x := range s.Running {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, x, 10)
	}
	return tuple.Bytes(b)
}

// SnapshotOf reads a pg_snapshot value.
func SnapshotOf(d Datum) SnapshotIDs {
	sn, _ := parseSnapshot(d.Str())
	return sn
}
