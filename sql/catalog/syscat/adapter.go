package syscat

import (
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec"
)

// Source implements exec.VirtualSource.
type Source struct{ Server Server }

var _ exec.VirtualSource = Source{}

// ScanVirtual starts a scan over a virtual relation (exec.VirtualSource).
func (s Source) ScanVirtual(ec *exec.Context, t *catalog.Table, cols []int16, eq []exec.VirtualKey) (builtin.Rows, error) {
	keys := make([]Key, len(eq))
	for i, k := range eq {
		keys[i] = Key(k)
	}
	var sess Session
	if ec.Sess != nil {
		sess = ec.Sess
	}
	return Scan(ec.Ctx, ec.Catalog, s.Server, sess, t, cols, keys)
}
