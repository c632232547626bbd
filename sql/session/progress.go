package session

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/progress"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// progressRows are those of pg_stat_get_progress_info: the sessions that run such a command. Who may not see what another role does sees
// that it does something.
func (s *Session) progressRows(name string) ([][]types.Datum, error) {
	cmd, ok := progress.Lookup(name)
	if !ok {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "invalid command name: \"%s\"", name)
	}
	id := s.identity()
	var out [][]types.Datum
	for _, o := range s.shared.Sessions() {
		r := o.progress.Now()
		if r == nil || r.Command != cmd {
			continue
		}
		row := make([]types.Datum, 3, 3+progress.Params)
		row[0], row[1], row[2] = tuple.Int(int64(o.client.PID)), tuple.Uint(uint64(o.db.ID)), types.Null
		shown := id.roles.HasPrivsOf(id.current, o.login) || id.roles.HasPrivsOf(id.current, privilege.ReadAllStats)
		if shown {
			row[2] = tuple.Uint(uint64(r.Relation))
		}
		for p := range progress.Params {
			if shown {
				row = append(row, tuple.Int(r.Get(progress.Param(p+1))))
			} else {
				row = append(row, types.Null)
			}
		}
		out = append(out, row)
	}
	return out, nil
}
