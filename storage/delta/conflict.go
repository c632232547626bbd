package delta

import "fmt"

// ConflictKind is why a commit cannot follow another writer's.
type ConflictKind string

const (
	ProtocolChanged        ConflictKind = "protocol changed"
	MetadataChanged        ConflictKind = "metaData changed"
	DomainChanged          ConflictKind = "domain metadata changed"
	ConcurrentTransaction  ConflictKind = "position of the same application moved"
	ConcurrentAppend       ConflictKind = "rows were added that the commit would have read"
	ConcurrentDeleteRead   ConflictKind = "rows were deleted that the commit read"
	ConcurrentDeleteDelete ConflictKind = "a file was removed that the commit removes"
)

// ConflictError says which version of another writer a commit cannot follow, and why. It wraps ErrConflict.
type ConflictError struct {
	Version int64
	Kind    ConflictKind
	What    string // the file, domain or application; may be empty
}

func (e *ConflictError) Error() string {
	if e.What == "" {
		return fmt.Sprintf("version %d of another writer: %s", e.Version, e.Kind)
	}
	return fmt.Sprintf("version %d of another writer: %s: %s", e.Version, e.Kind, e.What)
}

func (e *ConflictError) Unwrap() error { return ErrConflict }

// conflict looks whether ours can follow theirs, which is version v, the next of the snapshot. The order of the rules is
// that of Delta's own conflict checker.
func (s *Snapshot) conflict(v int64, ours, theirs []Action, opt CommitOptions) error {
	fail := func(kind ConflictKind, what string) error { return &ConflictError{v, kind, what} }
	mine := summarize(ours)
	their := summarize(theirs)
	switch {
	case their.protocol && mine.protocol:
		return fail(ProtocolChanged, "")
	case their.metadata:
		return fail(MetadataChanged, "")
	}
	for d := range their.domains {
		if mine.domains[d] && d != domainRowTracking {
			return fail(DomainChanged, d)
		}
	}
	for app := range their.txns {
		if mine.txns[app] {
			return fail(ConcurrentTransaction, app)
		}
	}
	if opt.Reads != nil && (opt.Serializable || !their.blind) {
		for _, a := range their.adds {
			if opt.Reads(a) {
				return fail(ConcurrentAppend, a.Path)
			}
		}
	}
	for _, r := range their.removes {
		k := keyOf(r.Path, r.DeletionVector)
		if a := s.Files[k]; a != nil && opt.Reads != nil && opt.Reads(a) {
			return fail(ConcurrentDeleteRead, r.Path)
		}
		if mine.removed[k.Path] {
			return fail(ConcurrentDeleteDelete, r.Path)
		}
	}
	return nil
}

// commitSummary is what the rules for conflicts look at.
type commitSummary struct {
	protocol, metadata bool
	blind              bool // says that it read nothing
	domains, txns      map[string]bool
	adds               []*Add
	removes            []*Remove
	removed            map[string]bool // paths
}

func summarize(actions []Action) commitSummary {
	s := commitSummary{domains: map[string]bool{}, txns: map[string]bool{}, removed: map[string]bool{}}
	for i := range actions {
		switch a := &actions[i]; {
		case a.Protocol != nil:
			s.protocol = true
		case a.Metadata != nil:
			s.metadata = true
		case a.DomainMetadata != nil:
			s.domains[a.DomainMetadata.Domain] = true
		case a.Txn != nil:
			s.txns[a.Txn.AppID] = true
		case a.CommitInfo != nil:
			s.blind = a.CommitInfo.IsBlindAppend != nil && *a.CommitInfo.IsBlindAppend
		case a.Add != nil:
			s.adds = append(s.adds, a.Add)
		case a.Remove != nil:
			s.removes = append(s.removes, a.Remove)
			s.removed[keyOf(a.Remove.Path, nil).Path] = true
		}
	}
	s.blind = s.blind && len(s.removes) == 0
	return s
}
