// Package temporal is date, time, timetz, timestamp, timestamptz and interval: what their input and output functions read and print in
// every DateStyle and IntervalStyle, and their arithmetic (manual: 8.5, 9.9, appendix B).
//
//	text ──ParseX(Settings)──▶ days, µs, TimeTZ, Interval ──AppendX(Settings)──▶ text
//
// Points in time are bare integers (package calendar says of what); TimeTZ and Interval pack into tuple values. Settings are the
// session's; a nil *Settings gives the defaults. Zones are package timezone's. Binary formats are the codecs' of sql/types.
package temporal
