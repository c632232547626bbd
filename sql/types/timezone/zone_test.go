package timezone

import (
	"testing"
	"time"

	"github.com/tarndb/tarn/sql/types/calendar"
)

// At a gap the offset before it goes on, of an hour that comes twice the second one is meant: PostgreSQL 15's answers.
func TestOffsetOfLocal(t *testing.T) {
	berlin, ok := Load("europe/BERLIN")
	if !ok {
		t.Fatal("no Europe/Berlin")
	}
	for local, want := range map[string]int{"2024-03-31 01:59": 3600, "2024-03-31 02:30": 3600, "2024-03-31 03:00": 7200, "2024-10-27 01:59": 7200, "2024-10-27 02:30": 3600} {
		at, err := time.Parse("2006-01-02 15:04", local)
		if err != nil {
			t.Fatal(err)
		}
		if got := OffsetOfLocal(berlin, calendar.TimestampOf(at)); got != want {
			t.Errorf("%s: %d, want %d", local, got, want)
		}
	}
}

// A POSIX specification counts west; with a second name it has daylight saving.
func TestPOSIX(t *testing.T) {
	july := calendar.TimestampOf(time.Date(2024, 7, 1, 12, 0, 0, 0, time.UTC))
	for name, want := range map[string]int{"EST5": -5 * 3600, "<+0330>-3:30": 12600, "EST5EDT": -4 * 3600, "CET-1CEST,M3.5.0,M10.5.0/3": 7200} {
		loc, ok := Load(name)
		if !ok {
			t.Errorf("%s is not known", name)
		} else if got := OffsetAt(loc, july); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	if _, ok := Load("Europe/Atlantis"); ok {
		t.Error("Europe/Atlantis is known")
	}
	if got := Fixed(-5*3600 - 1800).String(); got != "<-05:30>+05:30" {
		t.Error(got)
	}
}
