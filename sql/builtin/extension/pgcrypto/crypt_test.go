package pgcrypto

import (
	"strings"
	"testing"
)

// What PostgreSQL 15 answers.
func TestCrypt(t *testing.T) {
	for _, c := range []struct{ password, salt, want string }{
		{"x", "_J9..CCCCXBrJUJV154M", "_J9..CCCCdqUF/VWv3lc"},
		{"pass", "$1$saltsalt$", "$1$saltsalt$hZR.9zfJXcVTsa9iTxnQR1"},
		{"", "$1$abc", "$1$abc$Or2rbeUYTvt12aiVzMuS/."},
		{"longpassword longpassword longpassword", "$1$123456789$", "$1$12345678$oCQi1o2ud5pSljk0sFNlc0"},
		{"pass", "$2a$06$RQiOJ.3ELirrXwxIZY8q0O", "$2a$06$RQiOJ.3ELirrXwxIZY8q0OTf0tiHsUEX5SLA.ow3HY1dl464EP4Gy"},
		{"päßß", "$2a$04$RQiOJ.3ELirrXwxIZY8q0O", "$2a$04$RQiOJ.3ELirrXwxIZY8q0O2fJufB7PUBM4QWteacdIMRU7RNCUKbS"},
		{"", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"},
		{"päßß", "$2x$04$RQiOJ.3ELirrXwxIZY8q0O", "$2x$04$RQiOJ.3ELirrXwxIZY8q0OVzOftawUmJDmStNwkUE1N.AVf5AF7XW"},
		{"x", "$2b$06$RQiOJ.3ELirrXwxIZY8q0O", "$2W8vvRI/ALpM"},
		{"x", "$5$abc$", "$542C/Z/WuHYE"},
	} {
		got, err := crypt(c.password, c.salt)
		if err != nil || got != c.want {
			t.Errorf("crypt(%q, %q) = %q, %v; want %q", c.password, c.salt, got, err, c.want)
		}
		if again, err := crypt(c.password, got); err != nil || again != got {
			t.Errorf("crypt(%q, %q) = %q, %v", c.password, got, again, err)
		}
	}
	for _, salt := range []string{"", "x", "_J9..", "$2a$06$short", "$2a$03$RQiOJ.3ELirrXwxIZY8q0O", "$2$abc$"} {
		if got, err := crypt("x", salt); err == nil {
			t.Errorf("crypt of salt %q: %q", salt, got)
		}
	}
}

// Messages that are made are read again, whatever their options.
func TestSymmetricMessages(t *testing.T) {
	text := strings.Repeat("some text\n", 500)
	for _, list := range []string{"", "cipher-algo=aes256", "cipher-algo=3des, compress-algo=1", "compress-algo=2, compress-level=9", "disable-mdc=1",
		"sess-key=1, cipher-algo=aes192", "s2k-mode=0", "s2k-mode=1, s2k-digest-algo=md5", "s2k-digest-algo=sha512, s2k-count=100000", "cipher-algo=cast5", "cipher-algo=bf, sess-key=1"} {
		o, err := parseOptions(list)
		if err != nil {
			t.Fatalf("%s: %v", list, err)
		}
		msg, key, err := passwordPacket([]byte("pw"), &o)
		if err != nil {
			t.Fatal(err)
		}
		if msg, err = appendEncrypted(msg, literal([]byte(text), true, &o), key, &o); err != nil {
			t.Fatal(err)
		}
		if got, err := open(msg, "pw"); err != nil || got != text {
			t.Errorf("%s: %d bytes, %v", list, len(got), err)
		}
		if got, err := open(msg, "no"); err == nil && got == text {
			t.Errorf("%s: another password opens it", list)
		}
	}
}

func open(msg []byte, password string) (string, error) {
	packets, err := readPackets(msg)
	if err != nil {
		return "", err
	}
	says := facts{}
	number, key, err := passwordKey(packets[0].body, []byte(password), &says)
	if err != nil {
		return "", err
	}
	_, data, err := decryptMessage(packets, number, key, says)
	return string(data), err
}

// A session key is what its sum says, and none that no cipher has.
func TestSessionKey(t *testing.T) {
	sum := func(key []byte) []byte {
		n := 0
		for _, b := range key {
			n += int(b)
		}
		return append(append([]byte{7}, key...), byte(n>>8), byte(n))
	}
	for _, c := range []struct {
		plain []byte
		want  string
	}{
		{sum(make([]byte, 16)), ""}, {sum([]byte(strings.Repeat("k", 32))), ""}, {sum([]byte(strings.Repeat("k", 33))), "Session key too big"},
		{[]byte{7, 1, 0, 0}, "Wrong key"}, {[]byte{7, 0}, "Wrong key"}, {nil, "Wrong key"},
	} {
		_, _, err := openKey(c.plain)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%x: %v, want %q", c.plain, err, c.want)
		}
	}
}

// Damaged messages, keys and armor are errors.
func FuzzMessages(f *testing.F) {
	o, err := parseOptions("compress-algo=1")
	if err != nil {
		f.Fatal(err)
	}
	msg, key, err := passwordPacket([]byte("pw"), &o)
	if err != nil {
		f.Fatal(err)
	}
	msg, err = appendEncrypted(msg, literal([]byte("text"), true, &o), key, &o)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(msg)
	f.Add([]byte{0x99, 0, 1, 4})
	f.Fuzz(func(t *testing.T, msg []byte) {
		if packets, err := readPackets(msg); err == nil {
			says := facts{}
			for _, p := range packets {
				if p.tag == tagPassword && (len(p.body) < 13 || p.body[12] < 0x80) { // not the long ones
					if number, key, err := passwordKey(p.body, []byte("pw"), &says); err == nil {
						_, _, _ = decryptMessage(packets, number, key, says)
					}
				}
			}
			_, _, _ = literalOf(msg, says, true)
		}
		if r, err := readRing(msg); err == nil {
			_, _ = r.encryptionKey()
		}
		_, _, _ = armored(string(msg))
	})
}
