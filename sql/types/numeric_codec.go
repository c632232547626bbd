package types

var numericCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return numericOf(d).AppendText(dst) },
	in: func(_ *Type, s string, mod int32, _ *Env) (Datum, error) {
		d, err := ParseNumeric(s)
		if err != nil {
			return Null, err
		}
		return numericTypmod(d, mod)
	},
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return appendNumericBinary(dst, d) },
	recv: func(_ *Type, b []byte, mod int32, _ *Env) (Datum, error) {
		d, err := parseNumericBinary(b)
		if err != nil {
			return Null, err
		}
		return numericTypmod(d, mod)
	},
}
