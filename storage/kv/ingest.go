package kv

import (
	"github.com/cockroachdb/pebble/v2"

	"github.com/tarndb/tarn/storage/change"
)

// PendingIngests calls f for each index whose sorted files entered the store and were not committed. marker is the key
// to delete when they are gone.
func (s *Store) PendingIngests(f func(marker []byte, table uint32, index uint16)) error {
	hi := []byte(ingestPrefix)
	hi[len(hi)-1]++
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte(ingestPrefix), UpperBound: hi})
	if err != nil {
		return err
	}
	for it.First(); it.Valid(); it.Next() {
		if rest := it.Key()[len(ingestPrefix):]; len(rest) == change.KeyPrefix {
			f(append([]byte(nil), it.Key()...), change.TableOf(rest), change.IndexOf(rest))
		}
	}
	return it.Close()
}
