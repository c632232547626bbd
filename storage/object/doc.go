// Package object is the small store of immutable files that tables are made of.
//
// It promises: a key names either nothing or a complete object, whatever crashes (I7, I8 depend on it); PutIfAbsent
// and Upload.Commit succeed for at most one caller per key; a call that returned nil is durable (unless the store
// was opened with NoSync, which is for tests). Objects are not changed once named; Put, which replaces, is for
// pointers such as _last_checkpoint.
//
// Callers must not rely on directories: a key is a slash-separated name, and a prefix is a string.
//
// Local keeps objects on a disk, package s3 in a bucket; package cache keeps copies of remote objects on a disk.
package object
