package ast

// Tarn's own statements (spec/surface.md). Their grammar is sql/parser/tarn.go.

// BranchPoint is AT LSN … or AT TIMESTAMP …; both empty: the head.
type BranchPoint struct {
	LSN       string
	Timestamp string
}

// CreateBranchStmt is CREATE BRANCH [IF NOT EXISTS] name [FROM parent] [AT …] [WITH (…)].
type CreateBranchStmt struct {
	Name        string
	IfNotExists bool
	From        string
	At          BranchPoint
	Options     map[string]string
}

// DropBranchStmt is DROP BRANCH [IF EXISTS] name [CASCADE].
type DropBranchStmt struct {
	Name     string
	IfExists bool
	Cascade  bool
}

// AlterBranchStmt is ALTER BRANCH name RENAME TO new | SET (…) | RESET [TO …]. One of Rename, Set, Reset is given.
type AlterBranchStmt struct {
	Name   string
	Rename string
	Set    map[string]string
	Reset  bool
	To     BranchPoint
}

// MergeBranchStmt is MERGE BRANCH source [INTO target] [ON CONFLICT …] [DRY RUN].
type MergeBranchStmt struct {
	Source, Target string
	OnConflict     string // abort, use source, use target
	DryRun         bool
}

// UseBranchStmt is USE BRANCH name.
type UseBranchStmt struct{ Name string }

// OptimizeStmt is OPTIMIZE table [FULL] [WHERE …] [ZORDER BY (…)].
type OptimizeStmt struct {
	Relation *RangeVar
	Full     bool
	Where    string // as it is written, "": all
	ZOrder   []string
}

// VacuumFilesStmt is VACUUM table [RETAIN n HOURS] [DRY RUN], with one of them.
type VacuumFilesStmt struct {
	Relation *RangeVar
	Hours    string // "": as usual
	DryRun   bool
}

func (*OptimizeStmt) node()    {}
func (*VacuumFilesStmt) node() {}

func (n *OptimizeStmt) children(f func(Node))    { f(n.Relation) }
func (n *VacuumFilesStmt) children(f func(Node)) { f(n.Relation) }

// Option is name = value.
type Option struct{ Name, Value string }

// CopyIntoStmt is COPY INTO: Select is what stands between SELECT and FROM, "" without a query.
type CopyIntoStmt struct {
	Relation      *RangeVar
	ByPosition    bool
	Columns       []string
	Path          string
	Select        string
	Format        string
	Files         []string
	Pattern       string
	FormatOptions []Option
	CopyOptions   []Option
}

func (*CopyIntoStmt) node()     {}
func (*CreateBranchStmt) node() {}
func (*DropBranchStmt) node()   {}
func (*AlterBranchStmt) node()  {}
func (*MergeBranchStmt) node()  {}
func (*UseBranchStmt) node()    {}

func (*CopyIntoStmt) children(func(Node))     {}
func (*CreateBranchStmt) children(func(Node)) {}
func (*DropBranchStmt) children(func(Node))   {}
func (*AlterBranchStmt) children(func(Node))  {}
func (*MergeBranchStmt) children(func(Node))  {}
func (*UseBranchStmt) children(func(Node))    {}

// OBJECT_VOLUME is the type of volumes in the statements that are PostgreSQL's for other objects.
const OBJECT_VOLUME ObjectType = 1000

// CreateVolumeStmt is CREATE [EXTERNAL] VOLUME [IF NOT EXISTS] name [LOCATION …] [COMMENT …].
type CreateVolumeStmt struct {
	Name        *RangeVar
	IfNotExists bool
	External    bool
	Location    string
	Comment     string
}

func (*CreateVolumeStmt) node() {}

func (n *CreateVolumeStmt) children(f func(Node)) { f(n.Name) }
