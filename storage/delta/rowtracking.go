package delta

import (
	"encoding/json"
	"fmt"
)

// Row tracking: every file has the id of its first row, and a domain the highest id that was given.
const (
	FeatureRowTracking  = "rowTracking"
	PropRowTracking     = "delta.enableRowTracking"
	domainRowTracking   = "delta.rowTracking"
	FeatureDomainMeta   = "domainMetadata"
	noRowID             = -1
	rowTrackingDisabled = "rows of a table with row tracking are rewritten, whose ids would be lost"
)

type rowTrackingDomain struct {
	HighWaterMark int64 `json:"rowIdHighWaterMark"`
}

// rowIDHighWaterMark is the highest row id that was given, -1 for none.
func (s *Snapshot) rowIDHighWaterMark() (int64, error) {
	d, ok := s.Domains[domainRowTracking]
	if !ok {
		return noRowID, nil
	}
	c := rowTrackingDomain{HighWaterMark: noRowID}
	if err := json.Unmarshal([]byte(d.Configuration), &c); err != nil {
		return 0, fmt.Errorf("%w: domain %s: %v", ErrCorrupt, domainRowTracking, err)
	}
	return c.HighWaterMark, nil
}

// assignRowIDs gives new files of a table with row tracking fresh ids; a file that changes only what is said about it
// keeps those that it has. Files that are rewritten would have to carry the ids of their rows, which is not built.
func (l *Log) assignRowIDs(actions []Action) ([]Action, error) {
	proto, meta := l.snap.after(actions)
	if !proto.Has(FeatureRowTracking) {
		return actions, nil
	}
	mark, err := l.snap.rowIDHighWaterMark()
	if err != nil {
		return nil, err
	}
	was, version := mark, l.snap.Version+1
	live, gone := map[string]*Add{}, false
	for k, a := range l.snap.Files {
		live[k.Path] = a
	}
	again := map[string]bool{}
	for i := range actions {
		if a := actions[i].Add; a != nil {
			again[keyOf(a.Path, nil).Path] = true
		}
	}
	for i := range actions {
		r := actions[i].Remove
		gone = gone || r != nil && !again[keyOf(r.Path, nil).Path]
	}
	out := make([]Action, 0, len(actions)+1)
	for _, act := range actions {
		if act.DomainMetadata != nil && act.DomainMetadata.Domain == domainRowTracking {
			continue
		}
		if act.Add != nil {
			a := *act.Add
			old := live[keyOf(a.Path, nil).Path]
			if old == nil && gone && meta.Configuration[PropRowTracking] == "true" {
				return nil, fmt.Errorf("%w: %s", ErrFeature, rowTrackingDisabled)
			}
			if old != nil && old.BaseRowID != nil {
				a.BaseRowID, a.DefaultRowCommit = old.BaseRowID, old.DefaultRowCommit
			} else {
				st, err := ParseStats(a.Stats)
				if err != nil || st == nil {
					return nil, fmt.Errorf("file %s has no numRecords, which row tracking needs", a.Path)
				}
				first := mark + 1
				mark += st.NumRecords
				a.BaseRowID, a.DefaultRowCommit = &first, &version
			}
			act.Add = &a
		}
		out = append(out, act)
	}
	if mark != was {
		b, err := json.Marshal(rowTrackingDomain{mark})
		if err != nil {
			return nil, err
		}
		out = append(out, Action{DomainMetadata: &DomainMetadata{Domain: domainRowTracking, Configuration: string(b)}})
	}
	return out, nil
}
