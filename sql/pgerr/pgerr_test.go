package pgerr

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// The fields survive wrapping, and what is not ours becomes XX000 with its cause kept.
func TestFrom(t *testing.T) {
	cause := errors.New("disk on fire")
	e := New(UniqueViolation, "duplicate key value violates unique constraint %q", "t_pkey").
		WithDetail("Key (a)=(1) already exists.").WithConstraint("t_pkey").WithTable("public", "t")
	for _, c := range []struct {
		err  error
		code string
	}{
		{e, "23505"},
		{fmt.Errorf("insert: %w", e), "23505"},
		{cause, "XX000"},
		{fmt.Errorf("scan: %w", context.Canceled), "57014"},
		{Unsupported("SERIALIZABLE"), "0A000"},
	} {
		if got := From(c.err); got.Code != c.code {
			t.Errorf("From(%v).Code = %s, want %s", c.err, got.Code, c.code)
		}
	}
	if !errors.Is(From(cause), cause) {
		t.Error("cause lost")
	}
	if From(nil) != nil || Code(nil) != "" {
		t.Error("nil is not an error")
	}
	if got := From(fmt.Errorf("insert: %w", e)); got.Constraint != "t_pkey" || got.Table != "t" {
		t.Errorf("fields lost: %+v", got)
	}
}

func TestConditions(t *testing.T) {
	for code, want := range map[string]string{
		UniqueViolation: "unique_violation", DivisionByZero: "division_by_zero", DeadlockDetected: "deadlock_detected",
	} {
		if got := Condition(code); got != want {
			t.Errorf("Condition(%s) = %q, want %q", code, got, want)
		}
	}
	if c := ConditionCodes("string_data_right_truncation"); len(c) != 2 {
		t.Errorf("string_data_right_truncation is a warning and an error, got %v", c)
	}
	if len(conditionOf) < 200 {
		t.Errorf("only %d conditions", len(conditionOf))
	}
}

// A position that was set where the error arose is not overwritten further out.
func TestInnermostPositionWins(t *testing.T) {
	if e := New(SyntaxError, "x").WithPosition(7).WithPosition(1); e.Position != 7 {
		t.Errorf("position %d", e.Position)
	}
}
