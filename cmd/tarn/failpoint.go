package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// failpointEnv makes a server kill itself where a test wants it: STEP or STEP:N, the N-th time that it comes to that step
// (Options.Step of mirror, engine, archive and branching). Without it nothing is called.
const failpointEnv = "TARN_FAILPOINT"

// failpoint returns the function that kills the process, nil if the environment asks for none.
func failpoint() (func(where string) error, error) {
	spec := os.Getenv(failpointEnv)
	if spec == "" {
		return nil, nil
	}
	step, times, found := strings.Cut(spec, ":")
	left := new(atomic.Int64)
	left.Store(1)
	if found {
		n, err := strconv.ParseInt(times, 10, 32)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%s=%s: want a step, or a step and how many times it is passed", failpointEnv, spec)
		}
		left.Store(n)
	}
	return func(where string) error {
		if where == step && left.Add(-1) == 0 {
			// As kill -9 from outside: nothing that is in memory is written, no deferred function runs.
			if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
				return err
			}
			select {}
		}
		return nil
	}, nil
}
