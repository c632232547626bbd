// Package network is the functions and operators of inet, cidr, macaddr and macaddr8 (manual: 9.12). Their comparison is
// that of their bytes (types.InetVal).
package network

import (
	"bytes"
	"math/big"
	"net/netip"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Family is what this package implements.
func Family() call.Family {
	plus := inetPlus(1)
	return call.Family{
		Fns: call.Union(orderFns("network_"), orderFns("macaddr_"), orderFns("macaddr8_"), containFns(), partFns(), inetFns(), macFns(),
			call.Fns{"inetpl": plus, "inetmi_int8": inetPlus(-1)}),
		ByOID: map[types.OID]call.Fn{2631: call.Swap(plus)},
	}
}

func orderFns(prefix string) call.Fns {
	by := func(yes func(int) bool) call.Fn {
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Bool(yes(bytes.Compare(a[0].Bytes(), a[1].Bytes())))
		}
	}
	out := call.Fns{
		prefix + "eq": by(func(c int) bool { return c == 0 }), prefix + "ne": by(func(c int) bool { return c != 0 }),
		prefix + "lt": by(func(c int) bool { return c < 0 }), prefix + "le": by(func(c int) bool { return c <= 0 }),
		prefix + "gt": by(func(c int) bool { return c > 0 }), prefix + "ge": by(func(c int) bool { return c >= 0 }),
		prefix + "cmp": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Int(int64(bytes.Compare(a[0].Bytes(), a[1].Bytes())))
		},
	}
	if prefix != "network_" {
		return out
	}
	pick := func(first func(int) bool) call.Fn {
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			if first(bytes.Compare(a[0].Bytes(), a[1].Bytes())) {
				return a[0], nil
			}
			return a[1], nil
		}
	}
	out[prefix+"smaller"] = pick(func(c int) bool { return c < 0 })
	out[prefix+"larger"] = pick(func(c int) bool { return c > 0 })
	return out
}

// common is how many bits from the left two addresses share, of at most n; -1 for different families.
func common(a, b types.InetVal, n int) int {
	if a.Addr.Is4() != b.Addr.Is4() {
		return -1
	}
	x, y := a.Addr.AsSlice(), b.Addr.AsSlice()
	for i := range n {
		if bit := byte(1) << (7 - i%8); (x[i/8]^y[i/8])&bit != 0 {
			return i
		}
	}
	return n
}

// share reports whether two networks agree in the bits of the wider one.
func share(a, b types.InetVal) bool {
	n := min(a.Bits, b.Bits)
	return common(a, b, n) == n
}

func containFns() call.Fns {
	rel := func(yes func(a, b types.InetVal) bool) call.Fn {
		return func(_ *call.Call, args []types.Datum) (types.Datum, error) {
			a, b := types.InetOf(args[0]), types.InetOf(args[1])
			return call.Bool(share(a, b) && yes(a, b))
		}
	}
	return call.Fns{
		"network_sub": rel(func(a, b types.InetVal) bool { return a.Bits > b.Bits }), "network_subeq": rel(func(a, b types.InetVal) bool { return a.Bits >= b.Bits }),
		"network_sup": rel(func(a, b types.InetVal) bool { return a.Bits < b.Bits }), "network_supeq": rel(func(a, b types.InetVal) bool { return a.Bits <= b.Bits }),
		"network_overlap": rel(func(_, _ types.InetVal) bool { return true }),
		"inet_same_family": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Bool(types.InetOf(a[0]).Addr.Is4() == types.InetOf(a[1]).Addr.Is4())
		},
	}
}

// masked sets each bit of an address by whether it stands in the network part.
func masked(v types.InetVal, f func(b, mask byte) byte) netip.Addr {
	out := v.Addr.AsSlice()
	for i := range out {
		mask := byte(0xff) << min(8, max(0, 8*(i+1)-v.Bits))
		out[i] = f(out[i], mask)
	}
	a, _ := netip.AddrFromSlice(out)
	return a
}

func keepNetwork(b, mask byte) byte { return b & mask }

func partFns() call.Fns {
	whole := func(f func(b, mask byte) byte) call.Fn { // a single address
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v := types.InetOf(a[0])
			return types.InetVal{Addr: masked(v, f), Bits: v.Addr.BitLen()}.Datum(), nil
		}
	}
	within := func(f func(b, mask byte) byte) call.Fn { // with the same mask
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v := types.InetOf(a[0])
			return types.InetVal{Addr: masked(v, f), Bits: v.Bits}.Datum(), nil
		}
	}
	inet, cidr := types.Lookup(types.Inet), types.Lookup(types.CIDR)
	return call.Fns{
		"network_netmask": whole(func(_, mask byte) byte { return mask }), "network_hostmask": whole(func(_, mask byte) byte { return ^mask }),
		"network_network": within(keepNetwork), "inet_to_cidr": within(keepNetwork),
		"network_broadcast": within(func(b, mask byte) byte { return b | ^mask }),
		"network_family": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			if types.InetOf(a[0]).Addr.Is4() {
				return call.Int(4)
			}
			return call.Int(6)
		},
		"network_masklen": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Int(int64(types.InetOf(a[0]).Bits))
		},
		"network_host": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			v := types.InetOf(a[0])
			v.Bits = v.Addr.BitLen()
			return call.Text(inet.Text(v.Datum(), c.Env))
		},
		"network_show": func(c *call.Call, a []types.Datum) (types.Datum, error) { return call.Text(cidr.Text(a[0], c.Env)) },
		"inet_abbrev":  func(c *call.Call, a []types.Datum) (types.Datum, error) { return call.Text(inet.Text(a[0], c.Env)) },
		"cidr_abbrev": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Text(abbreviated(types.InetOf(a[0])))
		},
		"inet_set_masklen": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v, err := setMask(types.InetOf(a[0]), a[1].Int())
			return v.Datum(), err
		},
		"cidr_set_masklen": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v, err := setMask(types.InetOf(a[0]), a[1].Int())
			v.Addr = masked(v, keepNetwork)
			return v.Datum(), err
		},
	}
}

func setMask(v types.InetVal, bits int64) (types.InetVal, error) {
	most := int64(v.Addr.BitLen())
	if bits == -1 {
		bits = most
	}
	if bits < 0 || bits > most {
		return v, pgerr.New(pgerr.InvalidParameterValue, "invalid mask length: %d", bits)
	}
	v.Bits = int(bits)
	return v, nil
}

func inetFns() call.Fns {
	bitwise := func(verb string, f func(x, y byte) byte) call.Fn {
		return func(_ *call.Call, args []types.Datum) (types.Datum, error) {
			a, b := types.InetOf(args[0]), types.InetOf(args[1])
			if a.Addr.Is4() != b.Addr.Is4() {
				return types.Null, pgerr.New(pgerr.InvalidParameterValue, "cannot %s inet values of different sizes", verb)
			}
			x, y := a.Addr.AsSlice(), b.Addr.AsSlice()
			for i := range x {
				x[i] = f(x[i], y[i])
			}
			return inetOf(x, max(a.Bits, b.Bits)), nil
		}
	}
	return call.Fns{
		"inetand": bitwise("AND", func(x, y byte) byte { return x & y }), "inetor": bitwise("OR", func(x, y byte) byte { return x | y }),
		"inetnot": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v := types.InetOf(a[0])
			b := v.Addr.AsSlice()
			for i := range b {
				b[i] = ^b[i]
			}
			return inetOf(b, v.Bits), nil
		},
		"inetmi": func(_ *call.Call, args []types.Datum) (types.Datum, error) {
			a, b := types.InetOf(args[0]), types.InetOf(args[1])
			if a.Addr.Is4() != b.Addr.Is4() {
				return types.Null, pgerr.New(pgerr.InvalidParameterValue, "cannot subtract inet values of different sizes")
			}
			d := new(big.Int).Sub(number(a), number(b))
			// Differences of 128 bits wrap around, as PostgreSQL computes them: ffff:…:ffff - ::1 is -2.
			if half := new(big.Int).Lsh(big.NewInt(1), 127); d.CmpAbs(half) >= 0 {
				d.Sub(d, new(big.Int).Mul(big.NewInt(2*int64(d.Sign())), half))
			}
			if !d.IsInt64() {
				return types.Null, errRange()
			}
			return call.Int(d.Int64())
		},
		"inet_merge": func(_ *call.Call, args []types.Datum) (types.Datum, error) {
			a, b := types.InetOf(args[0]), types.InetOf(args[1])
			n := common(a, b, min(a.Bits, b.Bits))
			if n < 0 {
				return types.Null, pgerr.New(pgerr.InvalidParameterValue, "cannot merge addresses from different families")
			}
			a.Bits = n
			a.Addr = masked(a, keepNetwork)
			return a.Datum(), nil
		},
	}
}

func number(v types.InetVal) *big.Int { return new(big.Int).SetBytes(v.Addr.AsSlice()) }

func errRange() error { return pgerr.New(pgerr.NumericValueOutOfRange, "result is out of range") }

func inetOf(b []byte, bits int) types.Datum {
	a, _ := netip.AddrFromSlice(b)
	return types.InetVal{Addr: a, Bits: bits}.Datum()
}

func inetPlus(sign int64) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		v := types.InetOf(a[0])
		by := new(big.Int).Mul(big.NewInt(a[1].Int()), big.NewInt(sign))
		if a[1].Int() == -1<<63 { // PostgreSQL negates within 64 bits
			by = big.NewInt(-1 << 63)
		}
		sum := by.Add(number(v), by)
		if sum.Sign() < 0 || sum.BitLen() > v.Addr.BitLen() {
			return types.Null, errRange()
		}
		return inetOf(sum.FillBytes(make([]byte, v.Addr.BitLen()/8)), v.Bits), nil
	}
}

func macFns() call.Fns {
	out := call.Fns{
		"macaddr8_set7bit": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			b := bytes.Clone(a[0].Bytes())
			b[0] |= 0x02
			return call.Bytes(b)
		},
		"macaddrtomacaddr8": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			b := a[0].Bytes()
			return call.Bytes([]byte{b[0], b[1], b[2], 0xff, 0xfe, b[3], b[4], b[5]})
		},
		"macaddr8tomacaddr": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			b := a[0].Bytes()
			if b[3] != 0xff || b[4] != 0xfe {
				return types.Null, pgerr.New(pgerr.NumericValueOutOfRange, "macaddr8 data out of range to convert to macaddr").
					WithHint("Only addresses that have FF and FE as values in the 4th and 5th bytes from the left, for example xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from macaddr8 to macaddr.")
			}
			return call.Bytes([]byte{b[0], b[1], b[2], b[5], b[6], b[7]})
		},
	}
	for _, p := range []string{"macaddr_", "macaddr8_"} {
		out[p+"trunc"] = func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			b := make([]byte, a[0].Len())
			copy(b, a[0].Bytes()[:3])
			return call.Bytes(b)
		}
		each := func(f func(x, y byte) byte) call.Fn {
			return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
				b := bytes.Clone(a[0].Bytes())
				for i := range b {
					b[i] = f(b[i], a[len(a)-1].Bytes()[i])
				}
				return tuple.Bytes(b), nil
			}
		}
		out[p+"and"] = each(func(x, y byte) byte { return x & y })
		out[p+"or"] = each(func(x, y byte) byte { return x | y })
		out[p+"not"] = each(func(x, _ byte) byte { return ^x })
	}
	return out
}
