package exec

// budget is what an execution's kept rows may take. It is set before the first row is kept.
type budget struct {
	// Mem bounds what one operator holds in memory, in bytes; Dir is for its files ("": the system's).
	Mem int64
	Dir string
	// Tick is called about once per row of work that no operator sees; its error ends the work.
	Tick func() error

	kept int64 // bytes of files that stayed in memory
}

// reset forgets the files of the execution before.
func (b *budget) reset() { b.kept = 0 }
