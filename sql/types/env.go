package types

import (
	"time"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/collation"
	"github.com/tarndb/tarn/sql/types/temporal"
)

// Env is what input and output depend on besides the value. A nil *Env gives the defaults named at each field.
// An Env is not changed while it is in use.
type Env struct {
	temporal.Settings // of dates and times
	// ExtraFloatDigits is the setting less 1, so that the zero Env has PostgreSQL's default of 1: shortest
	// output that reads back. -1 and below print 15 (6) digits plus the setting.
	ExtraFloatDigits int
	ByteaEscape      bool // bytea_output = escape; hex
	XMLDocument      bool // xmloption = document; content
	XMLHex           bool // xmlbinary = hex; base64

	// Uncommitted reports whether the transaction under way has added an enum label; nil: it has added none.
	Uncommitted func(label OID) bool

	Resolver Resolver // nil: only built-in types, reg* input takes numbers only
	// Notice receives warnings; nil drops them.
	Notice func(*pgerr.Error)
}

// RegKind says which catalog a reg* name belongs to.
type RegKind uint8

const (
	RegKindProc RegKind = iota + 1
	RegKindProcedure
	RegKindOper
	RegKindOperator
	RegKindClass
	RegKindType
	RegKindNamespace
	RegKindRole
	RegKindCollation
	RegKindConfig
	RegKindDictionary
)

// Resolver finds what the catalog knows.
type Resolver interface {
	// UserType returns a type that is not built in; nil if there is none.
	UserType(oid OID) *Type
	// RegName prints an object as its reg* type does: quoted and qualified where search_path needs it; ok is false
	// if the OID is nobody's.
	RegName(kind RegKind, oid OID) (name string, ok bool)
	// RegOID finds the object that a reg* input names; the error is PostgreSQL's (42P01, 42883, 42704, …).
	RegOID(kind RegKind, name string) (OID, error)
}

// DomainChecker is a Resolver that knows the constraints of domains.
type DomainChecker interface {
	// CheckDomain checks a value of the domain's base type against the domain's constraints and those of the domains below it;
	// 23502 or 23514 with PostgreSQL's fields.
	CheckDomain(domain OID, d Datum) error
}

// CheckDomain checks a value of a domain, NULL included. A Resolver that knows no constraints answers 0A000.
func (e *Env) CheckDomain(domain OID, d Datum) error {
	if e != nil {
		if c, ok := e.Resolver.(DomainChecker); ok {
			return c.CheckDomain(domain, d)
		}
	}
	return pgerr.Unsupported("a value of domain " + TypeName(domain, e))
}

// CheckNull checks that a type takes NULL: only domains may refuse it.
func (t *Type) CheckNull(env *Env) error {
	if t.TypType != TypeDomain {
		return nil
	}
	return env.CheckDomain(t.OID, Null)
}

// SearchFinder is a Resolver that knows the objects of text search.
type SearchFinder interface {
	// SearchConfig lists the dictionaries of a configuration by type of tokens; ok is false if there is none.
	SearchConfig(oid OID) (dicts map[int][]OID, ok bool)
	// SearchDictionary is what a dictionary was made of.
	SearchDictionary(oid OID) (template OID, options string, ok bool)
}

// CollationFinder is a Resolver that knows collations.
type CollationFinder interface {
	// Collation returns a collation; nil if there is none.
	Collation(oid OID) *collation.Collator
}

// Collation returns a collation; nil for none and for the database's own, in which text compares by bytes.
func (e *Env) Collation(oid OID) *collation.Collator {
	if e == nil || oid == 0 || oid == DefaultCollation {
		return nil
	}
	if f, ok := e.Resolver.(CollationFinder); ok {
		return f.Collation(oid)
	}
	return nil
}

// Order returns the collation in whose order text is; nil for the order of bytes.
func (e *Env) Order(oid OID) *collation.Collator {
	if oid == CCollation || oid == PosixCollation {
		return nil
	}
	if c := e.Collation(oid); !c.ByBytes() {
		return c
	}
	return nil
}

// Equality returns the collation that decides what is equal; nil where equal bytes are.
func (e *Env) Equality(oid OID) *collation.Collator {
	if c := e.Order(oid); !c.Deterministic() {
		return c
	}
	return nil
}

var defaultEnv = Env{}

func (e *Env) orDefault() *Env {
	if e == nil {
		return &defaultEnv
	}
	return e
}

// Zone is the session's time zone, never nil.
func (e *Env) Zone() *time.Location { return e.Times().Zone() }

// Now is the transaction's start.
func (e *Env) Now() time.Time { return e.Times().Now() }

// Times are the settings of dates and times; nil for a nil Env.
func (e *Env) Times() *temporal.Settings {
	if e == nil {
		return nil
	}
	return &e.Settings
}

// Type finds a type, built in or the user's; nil if there is none.
func (e *Env) Type(oid OID) *Type {
	if t := Lookup(oid); t != nil {
		return t
	}
	if e == nil || e.Resolver == nil {
		return nil
	}
	return e.Resolver.UserType(oid)
}

// typeOrErr is Type with PostgreSQL's error for an OID without a type.
func (e *Env) typeOrErr(oid OID) (*Type, error) {
	if t := e.Type(oid); t != nil {
		return t, nil
	}
	return nil, pgerr.New(pgerr.UndefinedObject, "cache lookup failed for type %d", oid)
}
