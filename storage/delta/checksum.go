package delta

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tarndb/tarn/storage/object"
)

// Checksum is the content of <version>.crc: what a version amounts to, to be compared with what a replay gives. A field
// that its writer did not know is absent.
type Checksum struct {
	TxnID           string            `json:"txnId,omitempty"`
	TableSizeBytes  int64             `json:"tableSizeBytes"`
	NumFiles        int64             `json:"numFiles"`
	NumMetadata     int64             `json:"numMetadata"` // 1
	NumProtocol     int64             `json:"numProtocol"` // 1
	InCommitTime    *int64            `json:"inCommitTimestampOpt,omitempty"`
	SetTransactions *[]Txn            `json:"setTransactions,omitempty"`
	DomainMetadata  *[]DomainMetadata `json:"domainMetadata,omitempty"`
	Metadata        *Metadata         `json:"metadata"`
	Protocol        *Protocol         `json:"protocol"`
	DeletedRecords  *int64            `json:"numDeletedRecordsOpt,omitempty"`
	DeletionVectors *int64            `json:"numDeletionVectorsOpt,omitempty"`
}

func checksumKey(v int64) string { return fmt.Sprintf("%s%020d.crc", logDir, v) }

// Checksum computes the checksum of a snapshot. txnID is its commit's, "" if unknown.
func (s *Snapshot) Checksum(txnID string) Checksum {
	txns := slices.SortedFunc(maps.Values(s.Txns), func(a, b Txn) int { return strings.Compare(a.AppID, b.AppID) })
	domains := slices.SortedFunc(maps.Values(s.Domains), func(a, b DomainMetadata) int { return strings.Compare(a.Domain, b.Domain) })
	var deleted, vectors int64
	c := Checksum{TxnID: txnID, NumFiles: int64(len(s.Files)), NumMetadata: 1, NumProtocol: 1, SetTransactions: &txns,
		DomainMetadata: &domains, Metadata: &s.Metadata, Protocol: &s.Protocol, DeletedRecords: &deleted, DeletionVectors: &vectors}
	for _, a := range s.Files {
		c.TableSizeBytes += a.Size
		if a.DeletionVector != nil {
			vectors++
			deleted += a.DeletionVector.Cardinality
		}
	}
	return c
}

// writeChecksum leaves an existing checksum as it is.
func writeChecksum(ctx context.Context, store object.Store, s *Snapshot, c Checksum) error {
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := store.PutIfAbsent(ctx, checksumKey(s.Version), b); err != nil && !errors.Is(err, object.ErrExist) {
		return fmt.Errorf("write checksum %d: %w", s.Version, err)
	}
	return nil
}

// checkChecksum compares a checksum file with the snapshot of its version.
func checkChecksum(data []byte, s *Snapshot) error {
	var c Checksum
	if err := json.Unmarshal(data, &c); err != nil {
		return corrupt("%v", err)
	}
	want := s.Checksum("")
	number := func(name string, got, want int64) error {
		if got != want {
			return corrupt("%s is %d, the log has %d", name, got, want)
		}
		return nil
	}
	optional := func(name string, got, want *int64) error {
		if got == nil {
			return nil
		}
		return number(name, *got, *want)
	}
	if c.Metadata == nil || c.Protocol == nil {
		return corrupt("lacks metadata or protocol")
	}
	if err := errors.Join(number("tableSizeBytes", c.TableSizeBytes, want.TableSizeBytes), number("numFiles", c.NumFiles, want.NumFiles),
		number("numMetadata", c.NumMetadata, 1), number("numProtocol", c.NumProtocol, 1),
		optional("numDeletedRecordsOpt", c.DeletedRecords, want.DeletedRecords),
		optional("numDeletionVectorsOpt", c.DeletionVectors, want.DeletionVectors),
		sameMetadata(*c.Metadata, s.Metadata), sameProtocol(*c.Protocol, s.Protocol)); err != nil {
		return err
	}
	if c.SetTransactions != nil {
		if len(*c.SetTransactions) != len(s.Txns) {
			return corrupt("has %d positions, the log %d", len(*c.SetTransactions), len(s.Txns))
		}
		for _, t := range *c.SetTransactions {
			if s.Txns[t.AppID].Version != t.Version {
				return corrupt("position of %s differs", t.AppID)
			}
		}
	}
	if c.DomainMetadata != nil {
		if len(*c.DomainMetadata) != len(s.Domains) {
			return corrupt("has %d domains, the log %d", len(*c.DomainMetadata), len(s.Domains))
		}
		for _, d := range *c.DomainMetadata {
			if s.Domains[d.Domain].Configuration != d.Configuration {
				return corrupt("domain %s differs", d.Domain)
			}
		}
	}
	return nil
}

// sameMetadata takes any spelling of the same schema.
func sameMetadata(got, want Metadata) error {
	if got.SchemaString != want.SchemaString {
		a, err1 := ParseSchema(got.SchemaString)
		b, err2 := ParseSchema(want.SchemaString)
		if err1 != nil || err2 != nil || a.String() != b.String() {
			return corrupt("schema differs")
		}
	}
	if got.ID != want.ID || !slices.Equal(got.PartitionColumns, want.PartitionColumns) || !maps.Equal(got.Configuration, want.Configuration) {
		return corrupt("metaData differs")
	}
	return nil
}

// sameProtocol takes lists of features in any order.
func sameProtocol(got, want Protocol) error {
	set := func(s []string) []string { return slices.Sorted(slices.Values(s)) }
	if got.MinReaderVersion != want.MinReaderVersion || got.MinWriterVersion != want.MinWriterVersion ||
		!slices.Equal(set(got.ReaderFeatures), set(want.ReaderFeatures)) || !slices.Equal(set(got.WriterFeatures), set(want.WriterFeatures)) {
		return corrupt("protocol differs")
	}
	return nil
}
