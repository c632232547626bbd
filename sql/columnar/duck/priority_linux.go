package duck

import "golang.org/x/sys/unix"

// slice is how long, in ns, the calling thread may go on when another one wants its processor. Linux 6.12 and later let a running thread
// finish its slice whatever its niceness; with the usual one (some milliseconds) a transaction's many short waits would each end behind it.
const slice = 100_000

// stepBack gives the calling thread a niceness, or from 20 on the idle class: the scheduler wakes others onto a processor that runs only
// threads of that class, as if nobody ran there. A failure leaves the thread as it is. sched(7), sched_setattr(2).
func stepBack(nice int) {
	attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_BATCH, Nice: int32(min(nice, 19)), Runtime: slice}
	if nice > 19 {
		attr.Policy = unix.SCHED_IDLE
	}
	if nice > 0 && unix.SchedSetAttr(0, &attr, 0) != nil {
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), min(nice, 19))
	}
}
