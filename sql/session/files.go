package session

import (
	"context"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/builtin/system"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/session/external"
	"github.com/tarndb/tarn/sql/types"
)

var (
	_ bind.TableFunctions = tableFunctions{}
	_ system.Tarn         = (*functions)(nil)
	_ external.Session    = (*functions)(nil)
)

// tableFunctions tells the binder of functions whose columns depend on their arguments.
type tableFunctions struct{ s *Session }

func (t tableFunctions) Const(e plan.Expr) (types.Datum, bool) { return t.s.evalConst(e) }

func (t tableFunctions) Describe(function string, args []bind.TableArg) (*bind.TableFunction, error) {
	return t.s.sources().Describe(function, args)
}

func (s *Session) sources() *external.Sources {
	return &external.Sources{S: (*functions)(s), Files: s.shared.Files, Deltas: s.shared.Deltas, Volumes: s.db.Volumes, Loading: s.loading}
}

// TableRows runs a function that Describe has told of.
func (f *functions) TableRows(function string, args []string, cols []types.Attr) (builtin.Rows, error) {
	return f.s().sources().Rows(function, args, cols)
}

// ListFiles is the file at a path, or what is in the directory there.
func (f *functions) ListFiles(path string) ([]system.File, error) {
	list, err := f.s().sources().List(path)
	if err != nil {
		return nil, err
	}
	out := make([]system.File, len(list))
	for i, in := range list {
		out[i] = system.File{Path: in.Path, Name: in.Name, Size: in.Size, ModTime: in.ModTime, Dir: in.Dir}
		if in.Dir {
			out[i].Size = 0
		}
	}
	return out, nil
}

// TypeNamed finds a type by its SQL name.
func (f *functions) TypeNamed(name string) (types.OID, int32, error) {
	n, err := parser.TypeName(name)
	if n == nil || err != nil {
		return 0, 0, pgerr.New(pgerr.SyntaxError, "invalid type name \"%s\"", name)
	}
	t, err := bind.TypeName(f.Bind(), n)
	return t.OID, t.Mod, err
}

// MayReadFiles fails for who may not read files of the server.
func (f *functions) MayReadFiles() error {
	if id := f.s().identity(); id.roles.HasPrivsOf(id.current, privilege.ReadServerFiles) {
		return nil
	}
	return pgerr.New(pgerr.InsufficientPrivilege, "permission denied to read files of the server").
		WithDetail("Only superusers and roles with privileges of the \"%s\" role may read files of the server.", "pg_read_server_files")
}

// MayWriteFiles fails for who may not write files of the server.
func (f *functions) MayWriteFiles() error {
	if id := f.s().identity(); id.roles.HasPrivsOf(id.current, privilege.WriteServerFiles) {
		return nil
	}
	return pgerr.New(pgerr.InsufficientPrivilege, "permission denied to write files of the server").
		WithDetail("Only superusers and roles with privileges of the \"%s\" role may write files of the server.", "pg_write_server_files")
}

// Volume is a volume that the user may read or change.
func (f *functions) Volume(database, schema, name string, write bool) (files.Volume, error) {
	s := f.s()
	if s.db.Volumes == nil {
		return nil, pgerr.Unsupported("volumes without a warehouse")
	}
	if database != s.db.Name {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "cross-database references are not implemented: \"%s.%s.%s\"", database, schema, name)
	}
	sc := s.catalog().Schema(schema)
	if sc == nil {
		return nil, pgerr.New(pgerr.UndefinedSchema, "schema \"%s\" does not exist", schema)
	}
	if !s.mayUse(sc) {
		return nil, pgerr.New(pgerr.InsufficientPrivilege, "permission denied for schema %s", schema)
	}
	v := s.catalog().VolumeNamed(sc.OID, name)
	if v == nil {
		return nil, pgerr.New(pgerr.UndefinedObject, "volume \"%s.%s\" does not exist", schema, name)
	}
	need := privilege.ReadVolume
	if write {
		need = privilege.WriteVolume
	}
	id := s.identity()
	if !id.super && v.EffectiveACL().Mask(id.roles, id.current, v.Owner, need, false) == 0 {
		return nil, pgerr.New(pgerr.InsufficientPrivilege, "permission denied for volume %s", name)
	}
	if v.External() {
		return s.db.Volumes.External(v.Location), nil
	}
	if write && s.committedCatalog().Object(catalog.KindVolume, v.OID) == nil {
		s.block.onRollback = append(s.block.onRollback, func() { s.removeVolume(v.Dir) })
	}
	return s.db.Volumes.Managed(v.Dir), nil
}

// droppedVolumes are the directories of managed volumes that the transaction drops.
func (s *Session) droppedVolumes(was, is *catalog.Catalog) (dirs []string) {
	was.Objects(catalog.KindVolume, func(o catalog.Object) bool {
		if v := o.(*catalog.Volume); !v.External() && is.Object(catalog.KindVolume, v.OID) == nil {
			dirs = append(dirs, v.Dir)
		}
		return true
	})
	return dirs
}

// removeVolume removes what is left of a volume. What it leaves is removed when the branch is opened.
func (s *Session) removeVolume(dir string) {
	if s.db.Volumes == nil {
		return
	}
	if err := s.db.Volumes.Remove(context.Background(), dir); err != nil {
		s.db.Log.Warn("files of a dropped volume cannot be removed", "dir", dir, "err", err)
	}
}

// MayReadWhole fails for who may not read each row and column of a table.
func (f *functions) MayReadWhole(t *catalog.Table) error {
	s := f.s()
	access := (&plan.Access{Table: t}).Reading()
	for i := range t.Columns {
		if !t.Columns[i].Dropped {
			access.Read(t.Columns[i].AttNum)
		}
	}
	if id := s.identity(); !access.Allowed(id.roles, id.current) {
		return t.Denied()
	}
	if guards, err := s.viewer().Guards(t, 0); err != nil {
		return err
	} else if guards {
		return pgerr.Unsupported("reading the files of a table with row-level security")
	}
	return nil
}
