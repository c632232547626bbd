package duck

import "syscall"

// stepBack raises the niceness of the calling thread. A failure leaves it as it is.
func stepBack(nice int) { _ = syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), nice) }
