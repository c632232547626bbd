package pgerr

import (
	"context"
	"errors"
	"fmt"
)

// Severities of ErrorResponse and NoticeResponse (manual: 55.8, field V).
const (
	SeverityError   = "ERROR"
	SeverityFatal   = "FATAL"
	SeverityPanic   = "PANIC"
	SeverityWarning = "WARNING"
	SeverityNotice  = "NOTICE"
	SeverityDebug   = "DEBUG"
	SeverityInfo    = "INFO"
	SeverityLog     = "LOG"
)

// Error is an error or a notice with the fields of PostgreSQL's ErrorResponse (manual: 55.8).
// Positions count characters of the query text from 1; 0 is none.
type Error struct {
	Severity         string
	Code             string // SQLSTATE, five characters
	Message          string
	Detail           string
	Hint             string
	Position         int
	InternalPosition int
	InternalQuery    string
	Where            string
	Schema           string
	Table            string
	Column           string
	DataType         string
	Constraint       string
	File             string
	Line             int
	Routine          string

	cause error
}

// New makes an error of severity ERROR.
func New(code, format string, args ...any) *Error {
	return &Error{Severity: SeverityError, Code: code, Message: sprintf(format, args)}
}

// Fatal makes an error that ends the connection.
func Fatal(code, format string, args ...any) *Error {
	return &Error{Severity: SeverityFatal, Code: code, Message: sprintf(format, args)}
}

// Notice makes a notice; code 00000 (01000 for WARNING) is used when code is empty.
func Notice(severity, code, format string, args ...any) *Error {
	if code == "" {
		code = SuccessfulCompletion
		if severity == SeverityWarning {
			code = Warning
		}
	}
	return &Error{Severity: severity, Code: code, Message: sprintf(format, args)}
}

// Unsupported is 0A000 for something that PostgreSQL has and Tarn has not built.
func Unsupported(what string) *Error {
	return New(FeatureNotSupported, "%s is not supported", what)
}

// Internal is XX000: a broken expectation inside Tarn.
func Internal(format string, args ...any) *Error { return New(InternalError, format, args...) }

// Wrap makes an error that keeps err as its cause for errors.Is and errors.As.
func Wrap(err error, code, format string, args ...any) *Error {
	e := New(code, format, args...)
	e.cause = err
	return e
}

func sprintf(format string, args []any) string {
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// From finds the *Error in err's chain. A context that ended gives 57014; any other error becomes XX000 with err as
// cause. From(nil) is nil.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return Wrap(err, QueryCanceled, "canceling statement due to statement timeout")
	case errors.Is(err, context.Canceled):
		return Wrap(err, QueryCanceled, "canceling statement due to user request")
	}
	return Wrap(err, InternalError, "%s", err.Error())
}

// Code is the SQLSTATE of err as From sees it; "" for nil.
func Code(err error) string {
	if err == nil {
		return ""
	}
	return From(err).Code
}

// Is reports whether err carries the SQLSTATE code.
func Is(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

func (e *Error) Error() string {
	s := e.Severity + ": " + e.Message + " (SQLSTATE " + e.Code + ")"
	if e.Detail != "" {
		s += "; " + e.Detail
	}
	return s
}

func (e *Error) Unwrap() error { return e.cause }

// IsNotice reports whether the severity lets the statement go on.
func (e *Error) IsNotice() bool {
	switch e.Severity {
	case SeverityError, SeverityFatal, SeverityPanic:
		return false
	}
	return true
}

func (e *Error) WithDetail(format string, args ...any) *Error {
	e.Detail = sprintf(format, args)
	return e
}

func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = sprintf(format, args)
	return e
}

// WithPosition sets the 1-based character position unless one is set: the innermost place knows best.
func (e *Error) WithPosition(pos int) *Error {
	if e.Position == 0 {
		e.Position = pos
	}
	return e
}

// WithInternal sets a position within a query that the user did not send (PL/pgSQL bodies and the like).
func (e *Error) WithInternal(query string, pos int) *Error {
	e.InternalQuery, e.InternalPosition = query, pos
	return e
}

// WithWhere adds a line to the call context, innermost first.
func (e *Error) WithWhere(format string, args ...any) *Error {
	line := sprintf(format, args)
	if e.Where != "" {
		line = e.Where + "\n" + line
	}
	e.Where = line
	return e
}

func (e *Error) WithTable(schema, table string) *Error {
	e.Schema, e.Table = schema, table
	return e
}

func (e *Error) WithColumn(column string) *Error {
	e.Column = column
	return e
}

func (e *Error) WithConstraint(name string) *Error {
	e.Constraint = name
	return e
}

func (e *Error) WithDataType(schema, name string) *Error {
	e.Schema, e.DataType = schema, name
	return e
}

func (e *Error) WithRoutine(name string) *Error {
	e.Routine = name
	return e
}

func (e *Error) WithSeverity(severity string) *Error {
	e.Severity = severity
	return e
}

func (e *Error) WithCause(err error) *Error {
	e.cause = err
	return e
}

// Condition names the SQLSTATE as PL/pgSQL does ("unique_violation"); "" when it has no name.
func Condition(code string) string { return conditionOf[code] }

// ConditionCodes lists the SQLSTATEs that PL/pgSQL's condition name stands for; nil when there is none.
// The caller must not change the slice.
func ConditionCodes(name string) []string { return conditions[name] }
