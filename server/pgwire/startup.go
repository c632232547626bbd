package pgwire

import (
	"encoding/binary"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
)

// Startup is a decoded startup packet.
type Startup struct {
	Minor   int               // minor protocol version that was asked for
	Params  map[string]string // run-time parameters, user and database among them
	Unknown []string          // protocol options ("_pq_." names), none of which is known
}

// StartupCode is the code of a packet that NextStartup returned: a protocol version or a request.
func StartupCode(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

// DecodeStartup reads a startup packet of major version 3, code included. Later values win over earlier ones.
func DecodeStartup(b []byte) (Startup, error) {
	code := StartupCode(b)
	s := Startup{Minor: int(code & 0xffff), Params: make(map[string]string)}
	if code>>16 != 3 {
		return s, pgerr.Fatal(pgerr.FeatureNotSupported,
			"unsupported frontend protocol %d.%d: server supports 3.0 to 3.0", code>>16, code&0xffff)
	}
	m := body{b: b[4:]}
	for len(m.b) > 0 && m.b[0] != 0 {
		name := string(m.string())
		if len(m.b) == 0 {
			break
		}
		value := string(m.string())
		if m.err != nil {
			break
		}
		if strings.HasPrefix(name, "_pq_.") {
			s.Unknown = append(s.Unknown, name)
			continue
		}
		s.Params[name] = value
	}
	if m.err != nil || len(m.b) != 1 {
		return s, pgerr.Fatal(pgerr.ProtocolViolation, "invalid startup packet layout: expected terminator as last byte")
	}
	return s, nil
}

// DecodeCancel reads a CancelRequest, code included.
func DecodeCancel(b []byte) (pid, key uint32, ok bool) {
	if len(b) != 12 {
		return 0, 0, false
	}
	return binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:]), true
}
