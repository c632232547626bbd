//go:build !unix

package pgwire

const canPoll = false

func (r *Reader) pollRead(uintptr) bool { return true }
