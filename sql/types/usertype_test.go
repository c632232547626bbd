package types

import (
	"context"
	"fmt"
	"testing"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/tuple"
)

// userTypes is a catalog of a few user-defined types.
type userTypes map[OID]*Type

func (u userTypes) UserType(oid OID) *Type { return u[oid] }
func (u userTypes) RegName(kind RegKind, oid OID) (string, bool) {
	t, ok := u[oid]
	if !ok || kind != RegKindType {
		return "", false
	}
	return t.Name, true
}
func (u userTypes) RegOID(RegKind, string) (OID, error) {
	return 0, pgerr.New("42704", "no such thing")
}

// CheckDomain: the domains here have no constraints.
func (u userTypes) CheckDomain(OID, Datum) error { return nil }

var _ DomainChecker = userTypes{}

// makeUserTypes builds a composite, an enum, a domain and an array of each over the OIDs given.
func makeUserTypes(comp, mood, dom, compArr, moodArr OID) userTypes {
	u := userTypes{}
	u[mood] = NewUserType(Type{OID: mood, Name: "tmood", TypType: TypeEnum, Category: CategoryEnum, Delim: ',', Array: moodArr,
		Labels: []Label{{1, 1, "sad"}, {2, 1.5, "so so"}, {3, 2, "happy"}}}, nil)
	u[dom] = NewUserType(Type{OID: dom, Name: "tdom", TypType: TypeDomain, Delim: ',', Base: Varchar, BaseMod: 3 + 4}, Lookup(Varchar))
	u[comp] = NewUserType(Type{OID: comp, Name: "tcomp", TypType: TypeComposite, Delim: ',', Array: compArr,
		Attrs: []Attr{{"a", Int4, -1}, {"b", Text, -1}, {"c", Numeric, 5<<16 + 2 + 4}, {"m", mood, -1}, {"d", Int4Array, -1}}}, nil)
	for arr, elem := range map[OID]OID{compArr: comp, moodArr: mood} {
		u[arr] = NewUserType(Type{OID: arr, Name: "_t", TypType: TypeBase, Elem: elem, Subscript: ArraySubscriptHandler, Storage: 'x', Delim: ','}, nil)
	}
	return u
}

// Composites, enums, domains and arrays of them are read and written as PostgreSQL does.
func TestOracleUserTypes(t *testing.T) {
	c := oracle(t)
	for _, s := range []string{"create type pg_temp.tmood as enum ('sad','happy')", "alter type pg_temp.tmood add value 'so so' before 'happy'",
		"create domain pg_temp.tdom as varchar(3)", "create type pg_temp.tcomp as (a int, b text, c numeric(5,2), m pg_temp.tmood, d int[])"} {
		exec(t, c, s)
	}
	res, err := c.Exec(context.Background(), "select t.oid, t.typarray from unnest(array['tcomp','tmood','tdom']) with ordinality n(n,o) join pg_type t on typname = n and typnamespace = pg_my_temp_schema() order by o").ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var id [3][2]OID
	for i, r := range res[0].Rows {
		fmt.Sscan(string(r[0]), &id[i][0])
		fmt.Sscan(string(r[1]), &id[i][1])
	}
	u := makeUserTypes(id[0][0], id[1][0], id[2][0], id[0][1], id[1][1])
	env := &Env{Resolver: u}
	for _, k := range []struct {
		name string
		oid  OID
		lits []string
	}{
		{"pg_temp.tmood", id[1][0], []string{"sad", "happy", "so so", "Sad", "", " sad"}},
		{"pg_temp.tmood[]", id[1][1], []string{"{sad,\"so so\",NULL}", "{x}", "{}"}},
		{"pg_temp.tdom", id[2][0], []string{"a", "abc", "abcd", "ab   "}},
		{"pg_temp.tcomp", id[0][0], []string{"(1,x,2.345,sad,\"{1,2}\")", "(,,,,)", " (1,\"a\"\"b\\\\c\",1,\"so so\",{}) ", "(1,2)", "(1,2,3,sad,{},6)", "1", "(1,x,2,sad,{}) y", "(1,x,1234,sad,{})", "(1,x,2,glad,{})", "(x,,,,)", "(1,\"x", "(1,(,,,)", "( 1 , x ,, ,)", "(1,\"\",2,,)", "(1,a\\,b,2,,)", "()", ""}},
		{"pg_temp.tcomp[]", id[0][1], []string{`{"(1,x,2,sad,\"{1,2}\")",NULL,"(,\"a b\",,,)"}`, "{(1,2)}"}},
	} {
		want := askAll(t, c, k.name, k.oid, k.lits)
		for i, lit := range k.lits {
			ty := env.Type(k.oid)
			got := answer{}
			if d, err := ty.ParseText(lit, -1, env); err != nil {
				e := pgerr.From(err)
				got.err = errString(e.Code, e.Message, e.Detail, e.Hint)
			} else {
				got.text, got.binary = ty.Text(d, env), ty.AppendBinary(nil, d, env)
				if back, err := ty.ParseBinary(got.binary, -1, env); err != nil || !ty.Equal(d, back) {
					t.Errorf("%s %q: binary input: %v", k.name, lit, err)
				}
			}
			if got.String() != want[i].String() {
				t.Errorf("%s %q\n   got %v\n  want %v", k.name, lit, got, want[i])
			}
		}
	}
}

// An enum sorts by its labels' places, not by their names.
func TestEnumOrder(t *testing.T) {
	u := makeUserTypes(100001, 100002, 100003, 100004, 100005)
	env := &Env{Resolver: u}
	mood := env.Type(100002)
	var prev Datum
	for i, s := range []string{"sad", "so so", "happy"} {
		d, err := mood.ParseText(s, -1, env)
		if err != nil || mood.Text(d, env) != s {
			t.Fatal(s, err)
		}
		if i > 0 && (mood.Compare(prev, d) >= 0 || string(tuple.AppendKey(nil, mood.Kind, prev, false, false)) >= string(tuple.AppendKey(nil, mood.Kind, d, false, false))) {
			t.Errorf("%s does not sort behind the one before", s)
		}
		prev = d
	}
	if got := FormatType(100005, -1, env); got != "tmood[]" {
		t.Errorf("format_type: %s", got)
	}
}
