package ddl

import (
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
)

func (x *exec) addLike(nt *newTable, l *ast.TableLikeClause) error {
	return pgerr.Unsupported("LIKE in CREATE TABLE")
}
