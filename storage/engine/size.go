package engine

// DiskUsage estimates the bytes on disk of the keys in [lo, hi); a nil lo is the whole store with its log.
func (e *Engine) DiskUsage(lo, hi []byte) (int64, error) {
	n, err := e.kv.DiskUsage(lo, hi)
	if err == nil && lo == nil {
		n += int64(e.log.WrittenLSN() - e.log.OldestLSN())
	}
	return n, err
}

// SplitKey returns a key that has about half of the bytes of [lo, hi) on either side; nil where that is little.
func (e *Engine) SplitKey(lo, hi []byte) ([]byte, error) { return e.kv.SplitKey(lo, hi) }
