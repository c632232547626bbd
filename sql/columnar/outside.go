package columnar

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Delta tables that stand outside of the database, external tables and calls of delta_scan, take part in fragments by their files.

// deltaScan is the function whose calls do.
const deltaScan = "delta_scan"

// Outside reports an external table, or what stands for a call of delta_scan.
func Outside(t *catalog.Table) bool { return t.Kind == catalog.RelForeign }

// Place is where the rows of such a table are: a version of the Delta table in a directory. It stands among the feeds of a fragment.
type Place struct {
	Dir     string
	Version files.Version
	Opened  func(version int64) // is told which version is read; nil: nobody asks
}

// Next says that nobody reads rows here: a Source opens the place.
func (*Place) Next() ([]types.Datum, bool, error) {
	return nil, false, pgerr.Internal("rows of a place outside of the database")
}

// deltaCall is the call of a scan of delta_scan alone; nil for other nodes.
func deltaCall(n plan.Node) (*plan.FunctionScan, *plan.FuncCall) {
	x, ok := n.(*plan.FunctionScan)
	if !ok || len(x.Funcs) != 1 || x.Ordinality || !x.Funcs[0].Composite {
		return nil, nil
	}
	call, ok := x.Funcs[0].Call.(*plan.FuncCall)
	if !ok || call.Name != deltaScan || len(call.Fields) != len(x.Out) {
		return nil, nil
	}
	return x, call
}

// callTable is the table that stands for a call.
func (c *compiler) callTable(call *plan.FuncCall) *catalog.Table {
	if t := c.callTables[call]; t != nil {
		return t
	}
	t := &catalog.Table{Name: call.Name, Kind: catalog.RelForeign}
	for i, a := range call.Fields {
		typ := types.Lookup(a.Type)
		t.Columns = append(t.Columns, catalog.Column{AttNum: int16(i + 1), Name: a.Name, Type: a.Type, TypMod: a.Mod, Collation: typ.Collation, Kind: typ.Kind})
	}
	if c.callTables == nil {
		c.callTables = map[*plan.FuncCall]*catalog.Table{}
	}
	c.callTables[call] = t
	return t
}

// callScan is a scan of the rows of a call that meet conditions.
func (c *compiler) callScan(x *plan.FunctionScan, call *plan.FuncCall, conds []plan.Expr) (*block, bool) {
	scan := &plan.TableScan{Est: x.Est, Table: c.callTable(call), Filter: conds}
	for i, o := range x.Out {
		o.AttNum = int16(i + 1)
		scan.Out = append(scan.Out, o)
	}
	return c.scan(scan)
}

// calls are those that stand in the place of tables.
func (c *compiler) calls() []*plan.FuncCall {
	out := make([]*plan.FuncCall, len(c.tables))
	for call, t := range c.callTables {
		for i := range c.tables {
			if c.tables[i] == t {
				out[i] = call
			}
		}
	}
	return out
}

// rows estimates the rows of a table, or of what a scan reads of a call.
func (c *compiler) rows(x *plan.TableScan) float64 {
	if x.Table.OID == 0 {
		return x.Est.Rows
	}
	return c.o.Rows(x.Table)
}
