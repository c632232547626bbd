package s3

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/minio/minio-go/v7"
	"github.com/tarndb/tarn/storage/object"
)

// Error is a request that the service refused or did not answer. It wraps one of package object's errors.
type Error struct {
	Op, URL string
	Code    string // of S3, as NoSuchKey; "": there was no answer
	Status  int    // of HTTP
	Message string
	kinds   []error
}

func (e *Error) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("%s %s: %s", e.Op, e.URL, e.Message)
	}
	return fmt.Sprintf("%s %s: %s: %s", e.Op, e.URL, e.Code, e.Message)
}

func (e *Error) Unwrap() []error { return e.kinds }

// fails makes the error of a request. ctx is the caller's.
func (s *Store) fails(ctx context.Context, op, key string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Op: op, URL: s.URL(key), Message: err.Error()}
	var u *url.Error
	if errors.As(err, &u) {
		e.Message = u.Err.Error() // the rest is in URL
	}
	var r minio.ErrorResponse
	if errors.As(err, &r) && r.Code != "" {
		e.Code, e.Status, e.Message = r.Code, r.StatusCode, r.Message
	}
	switch {
	case ctx.Err() != nil:
		e.kinds = []error{object.ErrUnavailable, context.Cause(ctx)}
	case e.Code == "NoSuchBucket":
		// The store as a whole is not there: that says nothing about an object of it.
		e.kinds = []error{object.ErrUnavailable}
	case e.Code == "NoSuchKey", e.Code == "NoSuchUpload", e.Status == http.StatusNotFound:
		e.kinds = []error{object.ErrNotExist}
	case e.Status == http.StatusPreconditionFailed:
		e.kinds = []error{object.ErrExist}
	case e.Status == http.StatusForbidden, e.Status == http.StatusUnauthorized, e.Code == "AccessDenied":
		e.kinds = []error{object.ErrDenied}
	case e.Status == http.StatusNotImplemented, e.Code == "NotImplemented":
		e.kinds = []error{object.ErrUnsupported}
	default:
		e.kinds = []error{object.ErrUnavailable}
	}
	return e
}

// passing reports a failure that may be over when the request is made again.
func passing(err error) bool {
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, object.ErrUnavailable) {
		return false
	}
	switch {
	case e.Code == "", e.Status >= 500, e.Status == http.StatusTooManyRequests, e.Status == http.StatusRequestTimeout, e.Status == http.StatusConflict:
		return true
	}
	return false
}

// undone reports a failure of a write that says that the write has not happened. cause is what the client gave.
func undone(err, cause error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	if e.Code == "" {
		var op *net.OpError
		return errors.As(cause, &op) && op.Op == "dial"
	}
	switch e.Status {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusConflict:
		return true
	}
	return e.Status >= 400 && e.Status < 500 && e.Status != http.StatusRequestTimeout
}
