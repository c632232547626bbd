// Package port finds ports for the servers of tests.
package port

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// The system gives ports from 32768 on to clients and to whoever asks for any: one of those may be taken by another test's server between the
// time it was found free and the time it is used, and a client then talks to that one.
const first, count = 10000, 20000

// Free is a port of loopback that nobody listens on.
func Free() (int, error) {
	var last error
	for range 100 {
		n := first + rand.IntN(count)
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(n))
		if err == nil {
			return n, l.Close()
		}
		last = err
	}
	return 0, errors.Join(errors.New("no free port"), last)
}
