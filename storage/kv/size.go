package kv

// DiskUsage estimates the bytes on disk of the keys in [lo, hi); a nil lo is all keys. What is still in memory does not
// count.
func (s *Store) DiskUsage(lo, hi []byte) (int64, error) {
	if lo == nil {
		return int64(s.db.Metrics().DiskSpaceUsage()), nil
	}
	n, err := s.db.EstimateDiskUsage(lo, hi)
	return int64(n), err
}
