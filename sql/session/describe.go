package session

import (
	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/session/address"
	"github.com/tarndb/tarn/sql/session/definition"
	"github.com/tarndb/tarn/sql/types"
)

func (f *functions) DescribeObject(class, obj types.OID, sub int32) string {
	return address.Describe(f.s().names(), class, obj, sub)
}

func (f *functions) IdentifyObject(class, obj types.OID, sub int32) (builtin.ObjectIdentity, bool) {
	return address.Identify(f.s().names(), class, obj, sub)
}

func (f *functions) definitions() definition.Printer { return definition.Printer{Names: f.s().names()} }

func (f *functions) Comment(obj, class types.OID, sub int32) (string, bool) {
	return address.Comment(f.Catalog(), class, obj, sub)
}

func (f *functions) RuleDef(rule types.OID, pretty bool) (string, error) {
	return f.definitions().Rule(rule, pretty)
}
func (f *functions) ViewDef(view types.OID, pretty bool) (string, error) {
	return f.definitions().View(view, pretty)
}

func (f *functions) Expr(node string, rel types.OID, pretty bool) (string, error) {
	return f.definitions().Expr(node, rel, pretty)
}

func (f *functions) IndexDef(index types.OID, column int, pretty bool) (string, error) {
	return f.definitions().Index(index, column, pretty)
}

func (f *functions) ConstraintDef(con types.OID, pretty bool) (string, error) {
	return f.definitions().Constraint(con, pretty)
}

func (f *functions) TriggerDef(oid types.OID, pretty bool) (string, error) {
	return f.definitions().Trigger(oid, pretty)
}

func (f *functions) FunctionDef(fn types.OID) (string, error) { return f.definitions().Function(fn, f) }

// Updatable is the events that a relation takes; 0 where there is none.
func (f *functions) Updatable(rel types.OID, triggers bool) int {
	t := f.Catalog().Table(rel)
	if t == nil {
		return 0
	}
	return bind.Updatable(f.s().bindEnv(f.Catalog(), ""), t, triggers, 0)
}

// UpdatableColumn says whether a column of a relation can be changed.
func (f *functions) UpdatableColumn(rel types.OID, column int16, triggers bool) bool {
	t := f.Catalog().Table(rel)
	return t != nil && bind.UpdatableColumn(f.s().bindEnv(f.Catalog(), ""), t, column, triggers)
}

// StoredRefs lists the relations that a stored query or expression names.
func (f *functions) StoredRefs(sql string, expr bool) []types.OID {
	return bind.StoredRefs(f.s().bindEnv(f.Catalog(), ""), sql, expr)
}
