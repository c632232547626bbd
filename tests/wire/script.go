package wire

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
)

// step is one command of a script: lines to send or a directive, and the replies that must follow.
type step struct {
	line  int // of its first source line, from 1
	head  []string
	verb  string // connect, socket, use, cancel, hangup; "" for messages
	args  []string
	sends [][]byte
	until string
	ready int // ReadyForQuery messages to read when until is empty
	// Replies by server: of both kinds' lines, those that count for it.
	pg, tarn []string
	split    bool     // the script has <pg or <tarn lines here
	tail     []string // comments and blank lines behind the replies
}

func parseScript(text string) ([]*step, error) {
	var steps []*step
	var cur *step
	var loose []string // comments in front of a step
	start := func(n int) *step {
		cur = &step{line: n, head: loose}
		loose = nil
		steps = append(steps, cur)
		return cur
	}
	replies := false
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		n := i + 1
		fail := func(err error) error { return fmt.Errorf("line %d: %w", n, err) }
		switch {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
			loose = append(loose, line)
			continue
		case strings.HasPrefix(line, ">"), strings.HasPrefix(line, "+"):
			joined := line[0] == '+'
			if cur == nil || cur.verb != "" || replies || cur.until != "" || len(loose) > 0 || cur.ready > 0 && !joined {
				start(n)
			}
			replies = false
			msg, ready, err := parseMessage(strings.TrimSpace(line[1:]))
			if err != nil {
				return nil, fail(err)
			}
			cur.sends = append(cur.sends, msg)
			cur.ready += ready
			cur.head = append(cur.head, line)
			continue
		case strings.HasPrefix(line, "<"):
			if cur == nil {
				return nil, fail(fmt.Errorf("a reply to nothing"))
			}
			cur.tail = append(cur.tail, loose...)
			loose = nil
			replies = true
			which, reply, _ := strings.Cut(line[1:], " ")
			switch which {
			case "":
				cur.pg, cur.tarn = append(cur.pg, reply), append(cur.tarn, reply)
			case "pg":
				cur.pg, cur.split = append(cur.pg, reply), true
			case "tarn":
				cur.tarn, cur.split = append(cur.tarn, reply), true
			default:
				return nil, fail(fmt.Errorf("unknown server %q", which))
			}
			continue
		}
		f := strings.Fields(line)
		if f[0] == "until" && cur != nil {
			cur.until = f[1]
			cur.head = append(cur.head, line)
			continue
		}
		start(n)
		replies = false
		cur.head = append(cur.head, line)
		cur.verb, cur.args = f[0], f[1:]
	}
	if len(loose) > 0 && cur != nil {
		cur.tail = append(cur.tail, loose...)
	}
	return steps, nil
}

// fields splits a message line into words; quoted strings are one word, unquoted, with str set.
type field struct {
	key string // of key=value
	val string
	str bool
}

func splitFields(s string) ([]field, error) {
	var out []field
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		var f field
		if i := strings.IndexAny(s, "= \""); i > 0 && s[i] == '=' {
			f.key, s = s[:i], s[i+1:]
		}
		if strings.HasPrefix(s, `"`) {
			q, err := strconv.QuotedPrefix(s)
			if err != nil {
				return nil, fmt.Errorf("string %s: %w", s, err)
			}
			s = s[len(q):]
			f.str = true
			if f.val, err = strconv.Unquote(q); err != nil {
				return nil, err
			}
		} else {
			f.val, s, _ = strings.Cut(s, " ")
		}
		out = append(out, f)
	}
	return out, nil
}

// parseMessage encodes one message line; ready is how many ReadyForQuery it causes.
func parseMessage(s string) (b []byte, ready int, err error) {
	name, rest, _ := strings.Cut(s, " ")
	fs, err := splitFields(rest)
	if err != nil {
		return nil, 0, err
	}
	key := map[string]string{}
	var pos []field
	for _, f := range fs {
		if f.key != "" {
			key[f.key] = f.val
		} else {
			pos = append(pos, f)
		}
	}
	arg := func(i int) string {
		if i < len(pos) {
			return pos[i].val
		}
		return ""
	}
	var m pgproto3.FrontendMessage
	switch name {
	case "Query":
		m, ready = &pgproto3.Query{String: arg(0)}, 1
	case "Parse":
		p := &pgproto3.Parse{Name: key["name"], Query: arg(0)}
		for _, t := range list(key["types"]) {
			p.ParameterOIDs = append(p.ParameterOIDs, uint32(t))
		}
		m = p
	case "Bind":
		p := &pgproto3.Bind{DestinationPortal: key["portal"], PreparedStatement: key["stmt"]}
		for _, f := range list(key["formats"]) {
			p.ParameterFormatCodes = append(p.ParameterFormatCodes, int16(f))
		}
		for _, f := range list(key["results"]) {
			p.ResultFormatCodes = append(p.ResultFormatCodes, int16(f))
		}
		for _, v := range pos {
			if v.val == "NULL" && !v.str {
				p.Parameters = append(p.Parameters, nil)
			} else {
				p.Parameters = append(p.Parameters, []byte(v.val))
			}
		}
		m = p
	case "Describe", "Close":
		if arg(0) == "" {
			return nil, 0, fmt.Errorf("%s needs S or P", name)
		}
		if m = (&pgproto3.Describe{ObjectType: arg(0)[0], Name: arg(1)}); name == "Close" {
			m = &pgproto3.Close{ObjectType: arg(0)[0], Name: arg(1)}
		}
	case "Execute":
		max, _ := strconv.Atoi(key["max"])
		m = &pgproto3.Execute{Portal: key["portal"], MaxRows: uint32(max)}
	case "Sync":
		m, ready = &pgproto3.Sync{}, 1
	case "Flush":
		m = &pgproto3.Flush{}
	case "Terminate":
		m = &pgproto3.Terminate{}
	case "CopyData":
		m = &pgproto3.CopyData{Data: []byte(arg(0))}
	case "CopyDone":
		m = &pgproto3.CopyDone{}
	case "CopyFail":
		m = &pgproto3.CopyFail{Message: arg(0)}
	case "FunctionCall":
		m, ready = &pgproto3.FunctionCall{Function: 1}, 1
	case "Startup":
		b := binary.BigEndian.AppendUint32(make([]byte, 4), 3<<16)
		for _, f := range fs {
			if f.key == "version" {
				v, _ := strconv.ParseUint(f.val, 0, 32)
				binary.BigEndian.PutUint32(b[4:], uint32(v))
				continue
			}
			b = append(append(append(append(b, f.key...), 0), f.val...), 0)
		}
		b = append(b, 0)
		binary.BigEndian.PutUint32(b, uint32(len(b)))
		return b, 1, nil
	case "Raw":
		return []byte(arg(0)), 0, nil
	default:
		return nil, 0, fmt.Errorf("unknown message %q", name)
	}
	b, err = m.Encode(nil)
	return b, ready, err
}

func list(s string) []int {
	var out []int
	for _, w := range strings.Split(s, ",") {
		if n, err := strconv.Atoi(w); err == nil {
			out = append(out, n)
		}
	}
	return out
}
