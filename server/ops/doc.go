// Package ops serves what operators ask of a running server over HTTP: /metrics in Prometheus' text format, and /healthz.
//
// It knows nothing of databases: a Source says what the numbers are, each time that somebody asks. There is no registry beside it and
// nothing is counted here; a counter that goes back (a branch that was closed and opened again) is a restart to Prometheus.
package ops
