// Package window implements the window functions that are no aggregates (manual: 9.22).
package window
