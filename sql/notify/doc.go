// Package notify carries the messages of NOTIFY from sessions that commit to sessions that listen, on one branch
// (manual: LISTEN, NOTIFY).
//
//	session's transaction        Hub of the branch                 listening sessions
//	Pending: LISTEN, NOTIFY ──►  Commit: one at a time, so that ──► Listener: a queue each, read while
//	 since its start             messages go in commit order        the session is outside of transactions
//
// Promises: a message reaches every session that listened on its channel when its sender committed, once, in commit
// order, and nobody else; within a transaction equal messages are one. The queues of a branch are bounded together by
// QueueBytes: at the bound the sender's transaction fails with 54000 and nobody loses a message that was committed.
package notify
