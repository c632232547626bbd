package mirror

// hilbert is the place on Hilbert's curve of a point whose coordinates have so many bits each; it overwrites the point. Points that are
// next to each other on the curve differ by one in one coordinate, so a piece of the curve stays together in all of them.
func hilbert(point []uint32, bits int) uint64 {
	// Each square (cube …) of the curve is turned and mirrored by where it lies in the next larger one.
	first := &point[0]
	for side := uint32(1) << (bits - 1); side > 1; side >>= 1 {
		low := side - 1
		for i := range point {
			if point[i]&side != 0 {
				*first ^= low
				continue
			}
			differ := (*first ^ point[i]) & low
			*first ^= differ
			point[i] ^= differ
		}
	}
	// What is left is a Gray code over the coordinates.
	last := len(point) - 1
	for i := 1; i <= last; i++ {
		point[i] ^= point[i-1]
	}
	flip := uint32(0)
	for side := uint32(1) << (bits - 1); side > 1; side >>= 1 {
		if point[last]&side != 0 {
			flip ^= side - 1
		}
	}
	key := uint64(0)
	for b := bits - 1; b >= 0; b-- {
		for _, x := range point {
			key = key<<1 | uint64((x^flip)>>b&1)
		}
	}
	return key
}
