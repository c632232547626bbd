package engine

import "github.com/cockroachdb/pebble/v2/vfs"

// MemFS returns an empty file system in memory, for Options.FS in tests of packages that do not know Pebble.
func MemFS() vfs.FS { return vfs.NewMem() }
