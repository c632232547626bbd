package spill

// Budget is what an execution's kept rows may take. It is set before the first row is kept.
type Budget struct {
	// Mem bounds what one operator holds in memory, in bytes; Dir is for its files ("": the system's).
	Mem int64
	Dir string
	// Tick is called about once per row of work that no operator sees; its error ends the work.
	Tick func() error

	kept int64 // bytes of files that stayed in memory
}

// Reset forgets the files of the execution before.
func (b *Budget) Reset() { b.kept = 0 }
