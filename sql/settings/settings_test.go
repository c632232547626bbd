package settings

import (
	"testing"

	"github.com/tarndb/tarn/sql/pgerr"
)

func TestSetShow(t *testing.T) {
	for _, c := range []struct{ name, in, show, err string }{
		{"work_mem", "65536", "64MB", ""},
		{"work_mem", "1GB", "1GB", ""},
		{"work_mem", "1", "", `1 kB is outside the valid range for parameter "work_mem" (64 .. 2147483647)`},
		{"work_mem", "1parsec", "", `invalid value for parameter "work_mem": "1parsec"`},
		{"statement_timeout", "1500", "1500ms", ""},
		{"statement_timeout", "90s", "90s", ""},
		{"statement_timeout", "2min", "2min", ""},
		{"ENABLE_hashjoin", "fal", "off", ""},
		{"enable_hashjoin", "maybe", "", `parameter "enable_hashjoin" requires a Boolean value`},
		{"datestyle", "german", "German, DMY", ""},
		{"datestyle", "dmy", "ISO, DMY", ""},
		{"datestyle", "iso, sql", "", `invalid value for parameter "DateStyle": "iso, sql"`},
		{"timezone", "europe/berlin", "Europe/Berlin", ""},
		{"timezone", "-1.5", "<-01:30>+01:30", ""},
		{"timezone", "2", "<+02>-02", ""},
		{"timezone", "cst7cdt,m4.1.0,m10.5.0", "CST7CDT,M4.1.0,M10.5.0", ""},
		{"timezone", "foo", "", `invalid value for parameter "TimeZone": "foo"`},
		{"timezone", "Mars/Olympus", "", `invalid value for parameter "TimeZone": "Mars/Olympus"`},
		{"server_version", "9", "", `parameter "server_version" cannot be changed`},
		{"shared_buffers", "9", "", `parameter "shared_buffers" cannot be changed without restarting the server`},
		{"nonsense", "1", "", `unrecognized configuration parameter "nonsense"`},
		{"my.custom", "1", "1", ""},
		{"default_transaction_isolation", "Serializable", "serializable", ""},
		{"tarn.columnar", "ON", "on", ""},
	} {
		v := New()
		err := v.Set(c.name, c.in, false)
		if err != nil {
			if msg := message(err); msg != c.err {
				t.Errorf("SET %s = %s: %s, want %s", c.name, c.in, msg, c.err)
			}
			continue
		}
		got, err := v.Show(c.name)
		if err != nil || got != c.show || c.err != "" {
			t.Errorf("SET %s = %s: %q %v, want %q %s", c.name, c.in, got, err, c.show, c.err)
		}
	}
}

// SET lasts past commit, SET LOCAL to the end of the transaction, neither past rollback.
func TestTransactionRules(t *testing.T) {
	v := New()
	show := func() string { s, _ := v.Show("work_mem"); return s }
	v.Set("work_mem", "1MB", false)
	v.Set("work_mem", "2MB", true)
	v.Set("work_mem", "3MB", true)
	if show() != "3MB" {
		t.Error(show())
	}
	v.CommitTransaction()
	if show() != "1MB" {
		t.Errorf("after commit: %s", show())
	}
	v.Set("work_mem", "5MB", true)
	v.Set("work_mem", "6MB", false)
	v.CommitTransaction()
	if show() != "6MB" {
		t.Errorf("SET after SET LOCAL: %s", show())
	}
	m := v.Mark()
	v.Set("work_mem", "7MB", false)
	v.RollbackTo(m)
	if show() != "6MB" {
		t.Errorf("after rollback: %s", show())
	}
	v.Reset("work_mem")
	v.CommitTransaction()
	if show() != "4MB" {
		t.Errorf("after reset: %s", show())
	}
}

func message(err error) string {
	if e, ok := err.(*pgerr.Error); ok {
		return e.Message
	}
	return err.Error()
}
