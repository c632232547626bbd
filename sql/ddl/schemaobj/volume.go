package schemaobj

import (
	"github.com/google/uuid"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
)

// CreateVolume is CREATE [EXTERNAL] VOLUME. The directory of a managed volume is made with its first file.
func CreateVolume(x *stmt.Ctx, n *ast.CreateVolumeStmt) error {
	if x.VolumeLocation == nil {
		return pgerr.Unsupported("CREATE VOLUME without a warehouse")
	}
	var list []ast.Node
	if n.Name.Schemaname != "" {
		list = append(list, &ast.String{Sval: n.Name.Schemaname})
	}
	list = append(list, &ast.String{Sval: n.Name.Relname})
	schema, name, exists, err := kinds[ast.OBJECT_VOLUME].place(x, list)
	if err != nil {
		return err
	}
	if stmt.IsTempSchema(schema) {
		return pgerr.New(pgerr.InvalidTableDefinition, "cannot create a volume in a temporary schema")
	}
	if exists {
		if n.IfNotExists {
			x.Note(pgerr.DuplicateObject, "volume \"%s\" already exists, skipping", name)
			return nil
		}
		return pgerr.New(pgerr.DuplicateObject, "volume \"%s\" already exists", name)
	}
	v := &catalog.Volume{Header: catalog.Header{OID: x.Editor.OID(), Schema: schema.OID, Name: name, Owner: x.User, Comment: n.Comment}}
	if n.External {
		if v.Location, err = x.VolumeLocation(n.Location); err != nil {
			return err
		}
	} else {
		v.Dir = uuid.NewString()
	}
	x.Editor.Put(v)
	return nil
}
