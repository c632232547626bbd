package pgwire

// Frontend message types (manual: 55.7).
const (
	MsgBind         = 'B'
	MsgClose        = 'C'
	MsgCopyData     = 'd'
	MsgCopyDone     = 'c'
	MsgCopyFail     = 'f'
	MsgDescribe     = 'D'
	MsgExecute      = 'E'
	MsgFlush        = 'H'
	MsgFunctionCall = 'F'
	MsgParse        = 'P'
	MsgPassword     = 'p' // also SASLInitialResponse, SASLResponse
	MsgQuery        = 'Q'
	MsgSync         = 'S'
	MsgTerminate    = 'X'
)

// Codes that stand where a startup packet has its protocol version.
const (
	ProtocolVersion3  = 3 << 16
	CodeCancelRequest = 1234<<16 | 5678
	CodeSSLRequest    = 1234<<16 | 5679
	CodeGSSENCRequest = 1234<<16 | 5680
)

// Length limits, PostgreSQL's own (pqcomm.h, libpq.h): startup packets, messages that carry no data, all others,
// and answers to an authentication request. The length field counts itself.
const (
	maxStartupLen = 10004
	maxSmallLen   = 10000
	maxLargeLen   = 1<<30 - 2
	maxAuthLen    = 65535
)

// Transaction states of ReadyForQuery.
const (
	TxIdle   = 'I'
	TxBlock  = 'T'
	TxFailed = 'E'
)

// maxLen is the limit of a message type; 0 for a type that no client may send after startup.
func maxLen(typ byte) int {
	switch typ {
	case MsgQuery, MsgParse, MsgBind, MsgCopyData, MsgFunctionCall:
		return maxLargeLen
	case MsgExecute, MsgSync, MsgDescribe, MsgFlush, MsgClose, MsgTerminate, MsgCopyDone, MsgCopyFail:
		return maxSmallLen
	}
	return 0
}
