// Package native holds the trigger functions that are built in (manual: 9.28 and 12.4.3): each looks at one event of a row and
// says what becomes of it.
package native
