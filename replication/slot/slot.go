// Package slot keeps a follower's position in the log durably and holds the log from there on.
//
// It promises: after a crash the position is one that Save was given and returned from, or the newer one of a Save
// that was cut short; the log after it is still there. State travels with the position, so both change together.
package slot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"sync"

	"github.com/tarndb/tarn/storage/wal"
)

// A slot file, little endian:
//
//	+----------+-----------+-----------+-----------+------------+-------+------------+
//	| u32 magic| u32 1     | store id  | u64 LSN   | u32 length | state | u32 CRC-32C|
//	|          | (version) | 16 bytes  |           | of state   |       | of all     |
//	+----------+-----------+-----------+-----------+------------+-------+------------+
const (
	magic   = 0x746f6c73 // "slot"
	version = 1
	head    = 4 + 4 + 16 + 8 + 4
)

// ErrCorrupt says that a slot file is not what was written (I8).
var ErrCorrupt = errors.New("slot file is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Slot is one follower's position.
type Slot struct {
	path string
	id   wal.StoreID
	log  *wal.Log
	name string

	mu    sync.Mutex
	hold  *wal.Hold // nil until there is a position
	lsn   wal.LSN
	state []byte
	fresh bool
	lost  bool
}

// Open reads the slot in dir, which is made when missing. A slot that another store wrote (the directory was copied for
// a branch) counts as none: see Fresh. A slot whose log is gone does too.
func Open(dir, name string, id wal.StoreID, log *wal.Log) (*Slot, error) {
	s := &Slot{path: filepath.Join(dir, name+".slot"), id: id, log: log, name: name}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("open slot %s: %w", name, err)
	}
	b, err := os.ReadFile(s.path)
	if errors.Is(err, os.ErrNotExist) {
		s.fresh = true
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open slot %s: %w", name, err)
	}
	owner, lsn, state, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("open slot %s: %w", name, err)
	}
	if owner != id {
		s.fresh = true
		return s, nil
	}
	s.hold, err = log.Hold(name, lsn)
	if errors.Is(err, wal.ErrTruncated) {
		s.fresh, s.lost = true, true
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open slot %s: %w", name, err)
	}
	s.lsn, s.state = lsn, state
	return s, nil
}

// Fresh reports that there is no position: the follower starts with a copy of the state.
func (s *Slot) Fresh() bool { return s.fresh }

// Lost reports that there was a position, of this store, whose log is gone.
func (s *Slot) Lost() bool { return s.lost }

// Peek reads a slot's position without opening it, so that a store can hold its log before it trims any; ok is false if
// there is none of that store.
func Peek(dir, name string, id wal.StoreID) (lsn wal.LSN, ok bool) {
	b, err := os.ReadFile(filepath.Join(dir, name+".slot"))
	if err != nil {
		return 0, false
	}
	owner, lsn, _, err := decode(b)
	return lsn, err == nil && owner == id
}

// State reads what was saved with a slot's position without opening it; ok is false if there is none of that store.
func State(dir, name string, id wal.StoreID) (state []byte, ok bool, err error) {
	b, err := os.ReadFile(filepath.Join(dir, name+".slot"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, false, nil
	}
	var owner wal.StoreID
	if err == nil {
		owner, _, state, err = decode(b)
	}
	if err != nil {
		return nil, false, fmt.Errorf("read slot %s: %w", name, err)
	}
	return state, owner == id, nil
}

// Position is the LSN that was saved last.
func (s *Slot) Position() wal.LSN {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lsn
}

// State is what was saved with it; nobody changes it.
func (s *Slot) State() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Save makes position and state durable and then lets go of the log before the position.
func (s *Slot) Save(lsn wal.LSN, state []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if lsn < s.lsn {
		return fmt.Errorf("save slot %s: position %s is before %s", s.name, lsn, s.lsn)
	}
	if s.hold == nil {
		h, err := s.log.Hold(s.name, lsn)
		if err != nil {
			return fmt.Errorf("save slot %s: %w", s.name, err)
		}
		s.hold = h
	}
	if err := replace(s.path, encode(s.id, lsn, state)); err != nil {
		return fmt.Errorf("save slot %s: %w", s.name, err)
	}
	s.lsn, s.state, s.fresh = lsn, state, false
	s.hold.Advance(lsn)
	return nil
}

// HoldFrom holds the log for a slot that has no position yet.
func (s *Slot) HoldFrom(lsn wal.LSN) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hold != nil {
		return nil
	}
	h, err := s.log.Hold(s.name, lsn)
	s.hold = h
	return err
}

// Close lets go of the log in this process; the file stays.
func (s *Slot) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hold != nil {
		s.hold.Release()
		s.hold = nil
	}
}

// Remove deletes a slot that is not open; an absent one is no error.
func Remove(dir, name string) error {
	if err := os.Remove(filepath.Join(dir, name+".slot")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove slot %s: %w", name, err)
	}
	return nil
}

func encode(id wal.StoreID, lsn wal.LSN, state []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, magic)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = append(b, id[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(lsn))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(state)))
	b = append(b, state...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func decode(b []byte) (id wal.StoreID, lsn wal.LSN, state []byte, err error) {
	if len(b) < head+4 || binary.LittleEndian.Uint32(b) != magic {
		return id, 0, nil, fmt.Errorf("%w: no header", ErrCorrupt)
	}
	if v := binary.LittleEndian.Uint32(b[4:]); v != version {
		return id, 0, nil, fmt.Errorf("%w: format version %d", ErrCorrupt, v)
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return id, 0, nil, fmt.Errorf("%w: checksum", ErrCorrupt)
	}
	if int(binary.LittleEndian.Uint32(b[head-4:])) != len(body)-head {
		return id, 0, nil, fmt.Errorf("%w: length", ErrCorrupt)
	}
	copy(id[:], b[8:])
	return id, wal.LSN(binary.LittleEndian.Uint64(b[24:])), body[head:], nil
}

// replace writes a file so that a crash leaves the old or the new content.
func replace(path string, data []byte) error {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
