package syscat

import (
	"sort"
	"sync"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

const (
	encodingUTF8  = 6
	defaultSpace  = 1663
	defaultLocale = "C.UTF-8"
)

func pgDatabase(s *scan) error {
	if s.srv == nil {
		return nil
	}
	for _, d := range s.srv.Databases() {
		s.add(oid(d.OID), text(d.Name), oid(d.Owner), num(encodingUTF8), char('c'), boolean(d.Template), boolean(d.AllowConn), num(-1), num(3), num(1), oid(defaultSpace),
			text(defaultLocale), text(defaultLocale), null, null, s.acl(d.ACL))
	}
	return nil
}

func pgAuthid(s *scan) error {
	if s.srv == nil {
		return nil
	}
	for _, r := range s.srv.Roles().List() {
		s.add(oid(r.OID), text(r.Name), boolean(r.Super), boolean(r.Inherit), boolean(r.CreateRole), boolean(r.CreateDB), boolean(r.Login), boolean(r.Replication),
			boolean(r.BypassRLS), num(r.ConnLimit), textOrNull(r.Password), timestamp(r.ValidUntil))
	}
	return nil
}

func pgAuthMembers(s *scan) error {
	if s.srv == nil {
		return nil
	}
	for _, r := range s.srv.Roles().List() {
		for _, of := range r.MemberOf {
			s.add(oid(of.Role), oid(r.OID), oid(of.Grantor), boolean(of.Admin))
		}
	}
	return nil
}

// pgDBRoleSetting has what ALTER ROLE … SET keeps.
func pgDBRoleSetting(s *scan) error {
	if s.srv == nil {
		return nil
	}
	for _, r := range s.srv.Roles().List() {
		if len(r.Settings) > 0 {
			s.add(oid(0), oid(r.OID), texts(r.Settings))
		}
	}
	return nil
}

// pgInitPrivs is what a new database's objects are granted: dumps tell later grants by it.
func pgInitPrivs(s *scan) error {
	c := initial()
	c.Schemas(func(sc *catalog.Schema) bool {
		if sc.ACL != nil {
			s.add(oid(sc.OID), oid(pgNamespaceRelation), zero, char('i'), s.acl(sc.ACL))
		}
		return true
	})
	c.Tables(func(t *catalog.Table) bool {
		if t.ACL != nil {
			s.add(oid(t.OID), oid(pgClassRelation), zero, char('i'), s.acl(t.ACL))
		}
		return true
	})
	return nil
}

// initial is the catalog of an empty database.
var initial = sync.OnceValue(catalog.New)

func pgDefaultACL(s *scan) error {
	s.cat.Objects(catalog.KindDefaultACL, func(o catalog.Object) bool {
		d := o.(*catalog.DefaultACL)
		s.add(oid(d.OID), oid(d.Owner), oid(d.Schema), char(d.For), s.acl(d.ACL))
		return true
	})
	return nil
}

func lsn(n uint64) types.Datum { return tuple.Uint(n) }

func tarnBranches(s *scan) error {
	if s.srv == nil {
		return nil
	}
	list, err := s.srv.Branches()
	if err != nil {
		return err
	}
	for _, b := range list {
		s.add(text(b.ID), text(b.Name), textOrNull(b.Parent), lsn(b.LSN), lsn(b.CurrentLSN), timestamp(b.Created), textOrNull(b.CreatedBy), timestamp(b.Expires),
			boolean(b.Protected), text(b.State), num(b.Depth), num(b.SharedBytes), num(b.UniqueBytes), num(b.LogBytes))
	}
	return nil
}

// tarnArchive shows open branches alone: those are archived.
func tarnArchive(s *scan) error {
	if s.srv == nil {
		return nil
	}
	known := func(n uint64) types.Datum {
		if n == 0 {
			return null
		}
		return lsn(n)
	}
	list := s.srv.Archives()
	sort.Slice(list, func(i, j int) bool {
		a, b := &list[i], &list[j]
		return a.Database < b.Database || a.Database == b.Database && a.Branch < b.Branch
	})
	for _, a := range list {
		s.add(text(a.Database), text(a.Branch), text(a.State), known(a.ArchivedLSN), num(a.LagBytes), known(a.LastBaseLSN), timestamp(a.LastBaseTime), num(a.Bytes),
			textOrNull(a.LastError), timestamp(a.LastErrorTime))
	}
	return nil
}

func tarnColumnarStats(s *scan) error {
	if s.srv != nil {
		c := s.srv.Columnar()
		s.add(num(c.Ran), num(c.Unavailable), num(c.Failed))
	}
	return nil
}

func tarnMirrors(s *scan) error {
	if s.srv == nil {
		return nil
	}
	list, err := s.srv.Mirrors(s.ctx)
	if err != nil {
		return err
	}
	for i := range list {
		list[i].Name = s.mirrorName(list[i].Table, list[i].Name)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	for _, m := range list {
		s.add(text(m.Name), text(m.Path), num(m.Version), lsn(m.PublishedLSN), num(m.LagBytes), float(m.LagSeconds), num(m.TailRows), num(m.Files), num(m.FileBytes),
			num(m.DeletedRows), text(m.State), textOrNull(m.LastError), texts(m.Text), texts(m.Renamed))
	}
	return nil
}

// mirrorName is the table's name as the catalog has it; the mirror knows the one of the table's last change.
func (s *scan) mirrorName(table catalog.OID, known string) string {
	if t := s.cat.Table(table); t != nil {
		if sc := s.cat.SchemaByOID(t.Schema); sc != nil {
			return sc.Name + "." + t.Name
		}
	}
	return known
}

// mirrorWork calls f for the work of a kind.
func (s *scan) mirrorWork(kind string, f func(w *MirrorWork)) {
	if s.srv == nil {
		return
	}
	for _, w := range s.srv.MirrorWork() {
		if w.Kind == kind {
			w.Name = s.mirrorName(w.Table, w.Name)
			f(&w)
		}
	}
}

func tarnProgressMirror(s *scan) error {
	s.mirrorWork("copy", func(w *MirrorWork) {
		total := null
		if t := s.cat.Table(w.Table); t != nil {
			if rows, _ := s.srv.TableStats(t); rows >= 0 {
				total = num(int64(rows))
			}
		}
		s.add(oid(w.Table), text(w.Name), text(w.Phase), timestamp(w.Started), total, num(w.Rows), num(w.Files), num(w.Bytes))
	})
	return nil
}

func tarnProgressOptimize(s *scan) error {
	s.mirrorWork("optimize", func(w *MirrorWork) {
		s.add(oid(w.Table), text(w.Name), text(w.Phase), boolean(w.Background), timestamp(w.Started), num(w.FilesTotal), num(w.Files),
			num(w.RowsTotal), num(w.Rows), num(w.BytesTotal), num(w.Bytes))
	})
	return nil
}

func tarnProgressVacuum(s *scan) error {
	s.mirrorWork("vacuum", func(w *MirrorWork) {
		s.add(oid(w.Table), text(w.Name), text(w.Phase), boolean(w.Background), timestamp(w.Started), num(w.FilesTotal), num(w.Files),
			num(w.BytesTotal), num(w.Bytes))
	})
	return nil
}
