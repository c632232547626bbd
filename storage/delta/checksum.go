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

// decodeChecksum reads a checksum file. One without what each must have is none.
func decodeChecksum(data []byte) (Checksum, error) {
	var f struct { // the fields hide those of the same name in Checksum
		Checksum
		TableSizeBytes *int64 `json:"tableSizeBytes"`
		NumFiles       *int64 `json:"numFiles"`
		NumMetadata    *int64 `json:"numMetadata"`
		NumProtocol    *int64 `json:"numProtocol"`
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return Checksum{}, corrupt("%v", err)
	}
	if f.TableSizeBytes == nil || f.NumFiles == nil || f.NumMetadata == nil || f.NumProtocol == nil || f.Metadata == nil || f.Protocol == nil {
		return Checksum{}, corrupt("lacks a field that every checksum has")
	}
	c := f.Checksum
	c.TableSizeBytes, c.NumFiles, c.NumMetadata, c.NumProtocol = *f.TableSizeBytes, *f.NumFiles, *f.NumMetadata, *f.NumProtocol
	return c, nil
}

// newestChecksum is the newest checksum file at or before target, version -1 if there is none.
func newestChecksum(files []logFile, target int64) logFile {
	newest := logFile{version: -1}
	for _, f := range files {
		if f.kind == checksumFile && f.version > newest.version && (target < 0 || f.version <= target) {
			newest = f
		}
	}
	return newest
}

// verify compares the snapshot with the checksum file of its version. A file that is gone by now, or that is no checksum, says nothing;
// nor does one of a table that is not understood.
func (s *Snapshot) verify(ctx context.Context, store object.Store, key string) error {
	if s.Protocol.checkRead() != nil {
		return nil
	}
	data, err := store.Get(ctx, key)
	if errors.Is(err, object.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	c, err := decodeChecksum(data)
	if err != nil {
		return nil
	}
	if err := c.check(s); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// check compares what the file says with the snapshot of its version.
func (c *Checksum) check(s *Snapshot) error {
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
	for _, err := range []error{number("tableSizeBytes", c.TableSizeBytes, want.TableSizeBytes), number("numFiles", c.NumFiles, want.NumFiles),
		number("numMetadata", c.NumMetadata, 1), number("numProtocol", c.NumProtocol, 1),
		optional("numDeletedRecordsOpt", c.DeletedRecords, want.DeletedRecords),
		optional("numDeletionVectorsOpt", c.DeletionVectors, want.DeletionVectors),
		sameMetadata(*c.Metadata, s.Metadata), sameProtocol(*c.Protocol, s.Protocol), c.checkTxns(s), c.checkDomains(s)} {
		if err != nil {
			return err
		}
	}
	return nil
}

// propTxnRetention lets writers forget positions that nobody has moved for that long.
const propTxnRetention = "delta.setTransactionRetentionDuration"

func (c *Checksum) checkTxns(s *Snapshot) error {
	if c.SetTransactions == nil {
		return nil
	}
	for _, t := range *c.SetTransactions {
		if got, ok := s.Txns[t.AppID]; !ok || got.Version != t.Version {
			return corrupt("position of %s differs", t.AppID)
		}
	}
	if _, expire := s.Metadata.Configuration[propTxnRetention]; !expire && len(*c.SetTransactions) != len(s.Txns) {
		return corrupt("has %d positions, the log %d", len(*c.SetTransactions), len(s.Txns))
	}
	return nil
}

func (c *Checksum) checkDomains(s *Snapshot) error {
	if c.DomainMetadata == nil {
		return nil
	}
	if len(*c.DomainMetadata) != len(s.Domains) {
		return corrupt("has %d domains, the log %d", len(*c.DomainMetadata), len(s.Domains))
	}
	for _, d := range *c.DomainMetadata {
		if got, ok := s.Domains[d.Domain]; !ok || got.Configuration != d.Configuration {
			return corrupt("domain %s differs", d.Domain)
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
