package ddl

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/lock"
)

func (x *exec) alterTable(n *ast.AlterTableStmt) (string, error) {
	if n.Objtype != ast.OBJECT_TABLE {
		return "", unsupported(n)
	}
	t, err := x.openTable(n.Relation, lock.AccessExclusive)
	if err != nil {
		return "", err
	}
	for _, e := range n.Cmds {
		cmd, ok := e.(*ast.AlterTableCmd)
		if !ok {
			return "", pgerr.Internal("ALTER TABLE action of form %T", e)
		}
		if err := x.alterCmd(t.OID, cmd); err != nil {
			return "", err
		}
	}
	return "ALTER TABLE", nil
}

func (x *exec) alterCmd(oid catalog.OID, cmd *ast.AlterTableCmd) error {
	t := x.Catalog().Table(oid)
	switch cmd.Subtype {
	case ast.AT_AddConstraint:
		k := cmd.Def.(*ast.Constraint)
		switch k.Contype {
		case ast.CONSTR_PRIMARY, ast.CONSTR_UNIQUE:
			return x.alterAddKey(t, k)
		}
	}
	return pgerr.Unsupported("this action of ALTER TABLE")
}

// alterAddKey adds a primary key, which puts the rows in its order under a new storage id, or a unique constraint.
func (x *exec) alterAddKey(t *catalog.Table, k *ast.Constraint) error {
	if k.Indexname != "" {
		return pgerr.Unsupported("ADD CONSTRAINT USING INDEX")
	}
	next := edit(t)
	ix, err := x.addKey(next, &keyDef{con: k, cols: strs(k.Keys)})
	if err != nil {
		return err
	}
	if ix.ID != primaryIndexID {
		if err := x.buildIndex(next, ix); err != nil {
			return err
		}
		x.put(next)
		return nil
	}
	next.StorageID = x.Editor.StorageID()
	if err := x.rewrite(t, next, nil); err != nil {
		return err
	}
	x.put(next)
	return nil
}
