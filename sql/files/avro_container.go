package files

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/tarndb/tarn/sql/pgerr"
)

// avroContainer is an object container file:
//
//	"Obj" 0x01 | map of metadata: avro.schema, avro.codec … | sync, 16 bytes
//	block: long records | long bytes | bytes, by the codec | sync
type avroContainer struct {
	r      *bufio.Reader
	left   int64 // bytes of the file that are not read
	schema []byte
	codec  string
	sync   [16]byte
}

func openAvro(f File) (*avroContainer, error) {
	c := &avroContainer{r: bufio.NewReaderSize(io.NewSectionReader(f, 0, f.Size()), 64<<10), left: f.Size()}
	magic, err := c.bytes(4)
	if err != nil || string(magic) != "Obj\x01" {
		return nil, damaged("not an Avro object container file")
	}
	for {
		n, err := c.long()
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		if n < 0 {
			n = -n
			if _, err := c.long(); err != nil {
				return nil, err
			}
		}
		for range n {
			if err := c.metadata(); err != nil {
				return nil, err
			}
		}
	}
	sync, err := c.bytes(16)
	copy(c.sync[:], sync)
	if err == nil && c.schema == nil {
		err = damaged("an Avro file has no schema")
	}
	return c, err
}

func (c *avroContainer) metadata() error {
	var pair [2][]byte
	for i := range pair {
		n, err := c.long()
		if err != nil {
			return err
		}
		if pair[i], err = c.bytes(n); err != nil {
			return err
		}
	}
	switch string(pair[0]) {
	case "avro.schema":
		c.schema = pair[1]
	case "avro.codec":
		c.codec = string(pair[1])
	}
	return nil
}

func (c *avroContainer) long() (int64, error) {
	var u uint64
	for shift := uint(0); shift < 64; shift += 7 {
		b, err := c.r.ReadByte()
		if err != nil {
			return 0, short(err)
		}
		c.left--
		if u |= uint64(b&0x7f) << shift; b < 0x80 {
			return int64(u>>1) ^ -int64(u&1), nil
		}
	}
	return 0, errAvro
}

// short is the error of a file that ends too early.
func short(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errAvro
	}
	return err
}

func (c *avroContainer) bytes(n int64) ([]byte, error) {
	if n < 0 || n > c.left {
		return nil, errAvro
	}
	if n > maxWhole {
		return nil, pgerr.New(pgerr.ProgramLimitExceeded, "a block of an Avro file is longer than %d bytes", maxWhole)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(c.r, b)
	c.left -= n
	return b, short(err)
}

// next reads a block; io.EOF at the end.
func (c *avroContainer) next() (records int64, data []byte, err error) {
	if c.left == 0 {
		return 0, nil, io.EOF
	}
	if records, err = c.long(); err != nil {
		return 0, nil, err
	}
	size, err := c.long()
	if err != nil {
		return 0, nil, err
	}
	if data, err = c.bytes(size); err != nil {
		return 0, nil, err
	}
	sync, err := c.bytes(16)
	if err != nil {
		return 0, nil, err
	}
	if records < 0 || !bytes.Equal(sync, c.sync[:]) {
		return 0, nil, errAvro
	}
	data, err = c.unpack(data)
	if err == nil && records > int64(len(data))+maxEmpty {
		err = errAvro // records without bytes
	}
	return records, data, err
}

func (c *avroContainer) unpack(b []byte) ([]byte, error) {
	limited := func(r io.Reader) ([]byte, error) {
		out, err := io.ReadAll(io.LimitReader(r, maxWhole+1))
		if err != nil {
			return nil, errAvro
		}
		if len(out) > maxWhole {
			return nil, pgerr.New(pgerr.ProgramLimitExceeded, "a block of an Avro file is longer than %d bytes", maxWhole)
		}
		return out, nil
	}
	switch c.codec {
	case "", "null":
		return b, nil
	case "deflate":
		return limited(flate.NewReader(bytes.NewReader(b)))
	case "zstandard":
		z, err := zstd.NewReader(bytes.NewReader(b), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxWhole))
		if err != nil {
			return nil, errAvro
		}
		defer z.Close()
		return limited(z)
	case "snappy":
		if len(b) < 4 {
			return nil, errAvro
		}
		sum := binary.BigEndian.Uint32(b[len(b)-4:])
		b = b[:len(b)-4]
		if n, err := snappy.DecodedLen(b); err != nil || n > maxWhole || int64(n) > int64(len(b))*64+64 {
			return nil, errAvro
		}
		out, err := snappy.Decode(nil, b)
		if err != nil || crc32.ChecksumIEEE(out) != sum {
			return nil, errAvro
		}
		return out, nil
	}
	return nil, pgerr.Unsupported("Avro codec " + c.codec)
}
