package pgwire

import (
	"strconv"

	"github.com/tarndb/tarn/sql/pgerr"
)

// AppendError writes ErrorResponse, or NoticeResponse when the severity lets the statement go on (manual: 55.8).
func AppendError(dst []byte, e *pgerr.Error) []byte {
	typ := byte('E')
	if e.IsNotice() {
		typ = 'N'
	}
	dst, at := Begin(dst, typ)
	dst = appendErrField(dst, 'S', e.Severity)
	dst = appendErrField(dst, 'V', e.Severity)
	dst = appendErrField(dst, 'C', e.Code)
	dst = append(dst, 'M') // never left out: the protocol demands it
	dst = appendErrText(dst, e.Message)
	dst = appendErrField(dst, 'D', e.Detail)
	dst = appendErrField(dst, 'H', e.Hint)
	dst = appendErrInt(dst, 'P', e.Position)
	dst = appendErrInt(dst, 'p', e.InternalPosition)
	dst = appendErrField(dst, 'q', e.InternalQuery)
	dst = appendErrField(dst, 'W', e.Where)
	dst = appendErrField(dst, 's', e.Schema)
	dst = appendErrField(dst, 't', e.Table)
	dst = appendErrField(dst, 'c', e.Column)
	dst = appendErrField(dst, 'd', e.DataType)
	dst = appendErrField(dst, 'n', e.Constraint)
	dst = appendErrField(dst, 'F', e.File)
	dst = appendErrInt(dst, 'L', e.Line)
	dst = appendErrField(dst, 'R', e.Routine)
	return End(append(dst, 0), at)
}

func appendErrField(dst []byte, field byte, s string) []byte {
	if s == "" {
		return dst
	}
	return appendErrText(append(dst, field), s)
}

// appendErrText ends at a zero byte in s: what follows one could not be told from the next field.
func appendErrText(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] == 0 {
			s = s[:i]
			break
		}
	}
	return appendCString(dst, s)
}

func appendErrInt(dst []byte, field byte, n int) []byte {
	if n == 0 {
		return dst
	}
	return append(strconv.AppendInt(append(dst, field), int64(n), 10), 0)
}
