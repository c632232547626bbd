package temporal

// Bits of an interval typmod's field range (1 << PostgreSQL's field number).
const (
	RangeMonth  = 1 << 1
	RangeYear   = 1 << 2
	RangeDay    = 1 << 3
	RangeHour   = 1 << 10
	RangeMinute = 1 << 11
	RangeSecond = 1 << 12

	IntervalFullRange     = 0x7fff
	IntervalFullPrecision = 0xffff

	MaxTimePrecision = 6
)

// IntervalTypmod takes an interval's typmod apart: Range bits and the precision of seconds.
func IntervalTypmod(mod int32) (fields, precision int) {
	return int(mod>>16) & 0x7fff, int(mod) & 0xffff
}
