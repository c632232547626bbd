package delta

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	pq "github.com/parquet-go/parquet-go"
	"github.com/tarndb/tarn/storage/object"
)

// A V1 checkpoint is a parquet file with one action per row and one struct column per kind of action.

type cpRow struct {
	Txn            *cpTxn      `parquet:"txn,optional"`
	Add            *cpAdd      `parquet:"add,optional"`
	Remove         *cpRemove   `parquet:"remove,optional"`
	Metadata       *cpMetadata `parquet:"metaData,optional"`
	Protocol       *cpProtocol `parquet:"protocol,optional"`
	DomainMetadata *cpDomain   `parquet:"domainMetadata,optional"`
}

type cpTxn struct {
	AppID       string `parquet:"appId"`
	Version     int64  `parquet:"version"`
	LastUpdated *int64 `parquet:"lastUpdated,optional"`
}

type cpDV struct {
	StorageType    string `parquet:"storageType"`
	PathOrInlineDV string `parquet:"pathOrInlineDv"`
	Offset         *int32 `parquet:"offset,optional"`
	SizeInBytes    int32  `parquet:"sizeInBytes"`
	Cardinality    int64  `parquet:"cardinality"`
}

type cpAdd struct {
	Path             string             `parquet:"path"`
	PartitionValues  map[string]*string `parquet:"partitionValues"`
	Size             int64              `parquet:"size"`
	ModificationTime int64              `parquet:"modificationTime"`
	DataChange       bool               `parquet:"dataChange"`
	Stats            *string            `parquet:"stats,optional"`
	Tags             map[string]*string `parquet:"tags,optional"`
	DeletionVector   *cpDV              `parquet:"deletionVector,optional"`
	BaseRowID        *int64             `parquet:"baseRowId,optional"`
	DefaultRowCommit *int64             `parquet:"defaultRowCommitVersion,optional"`
	Clustering       *string            `parquet:"clusteringProvider,optional"`
}

type cpRemove struct {
	Path                 string             `parquet:"path"`
	DeletionTimestamp    *int64             `parquet:"deletionTimestamp,optional"`
	DataChange           bool               `parquet:"dataChange"`
	ExtendedFileMetadata *bool              `parquet:"extendedFileMetadata,optional"`
	PartitionValues      map[string]*string `parquet:"partitionValues,optional"`
	Size                 *int64             `parquet:"size,optional"`
	DeletionVector       *cpDV              `parquet:"deletionVector,optional"`
	BaseRowID            *int64             `parquet:"baseRowId,optional"`
	DefaultRowCommit     *int64             `parquet:"defaultRowCommitVersion,optional"`
}

type cpMetadata struct {
	ID               string            `parquet:"id"`
	Name             *string           `parquet:"name,optional"`
	Description      *string           `parquet:"description,optional"`
	Format           cpFormat          `parquet:"format"`
	SchemaString     string            `parquet:"schemaString"`
	PartitionColumns []string          `parquet:"partitionColumns,list"`
	Configuration    map[string]string `parquet:"configuration"`
	CreatedTime      *int64            `parquet:"createdTime,optional"`
}

type cpFormat struct {
	Provider string            `parquet:"provider"`
	Options  map[string]string `parquet:"options"`
}

type cpProtocol struct {
	MinReaderVersion int32    `parquet:"minReaderVersion"`
	MinWriterVersion int32    `parquet:"minWriterVersion"`
	ReaderFeatures   []string `parquet:"readerFeatures,optional,list"`
	WriterFeatures   []string `parquet:"writerFeatures,optional,list"`
}

type cpDomain struct {
	Domain        string `parquet:"domain"`
	Configuration string `parquet:"configuration"`
	Removed       bool   `parquet:"removed"`
}

func toCPDV(d *DVDescriptor) *cpDV {
	if d == nil {
		return nil
	}
	c := cpDV(*d)
	return &c
}

func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// checkpointRows are the actions of a snapshot: protocol, metaData, positions, domains, live files, and the tombstones
// that are younger than expiry.
func checkpointRows(s *Snapshot, expiry time.Time) []cpRow {
	m := s.Metadata
	rows := []cpRow{
		{Protocol: &cpProtocol{int32(s.Protocol.MinReaderVersion), int32(s.Protocol.MinWriterVersion),
			s.Protocol.ReaderFeatures, s.Protocol.WriterFeatures}},
		{Metadata: &cpMetadata{ID: m.ID, Name: optional(m.Name), Description: optional(m.Description),
			Format: cpFormat(m.Format), SchemaString: m.SchemaString, PartitionColumns: m.PartitionColumns,
			Configuration: m.Configuration, CreatedTime: m.CreatedTime}},
	}
	for _, t := range s.Txns {
		rows = append(rows, cpRow{Txn: (*cpTxn)(&t)})
	}
	for _, d := range s.Domains {
		rows = append(rows, cpRow{DomainMetadata: (*cpDomain)(&d)})
	}
	for _, a := range s.SortedFiles() {
		c := &cpAdd{Path: a.Path, PartitionValues: a.PartitionValues, Size: a.Size, ModificationTime: a.ModificationTime,
			DataChange: false, Stats: optional(a.Stats), DeletionVector: toCPDV(a.DeletionVector), BaseRowID: a.BaseRowID,
			DefaultRowCommit: a.DefaultRowCommit, Clustering: optional(a.Clustering)}
		for k, v := range a.Tags {
			if c.Tags == nil {
				c.Tags = map[string]*string{}
			}
			c.Tags[k] = &v
		}
		rows = append(rows, cpRow{Add: c})
	}
	for _, r := range s.Tombstones {
		if time.UnixMilli(value(r.DeletionTimestamp)).Before(expiry) {
			continue
		}
		rows = append(rows, cpRow{Remove: &cpRemove{Path: r.Path, DeletionTimestamp: r.DeletionTimestamp, DataChange: false,
			ExtendedFileMetadata: &r.ExtendedFileMetadata, PartitionValues: r.PartitionValues, Size: r.Size,
			DeletionVector: toCPDV(r.DeletionVector), BaseRowID: r.BaseRowID, DefaultRowCommit: r.DefaultRowCommit}})
	}
	return rows
}

// WriteCheckpoint writes the V1 checkpoint of a snapshot whose commit exists, and points _last_checkpoint at it.
// Tombstones older than expiry are left out, here and from the snapshot.
func WriteCheckpoint(ctx context.Context, store object.Store, s *Snapshot, expiry time.Time) error {
	rows := checkpointRows(s, expiry)
	var buf bytes.Buffer
	w := pq.NewGenericWriter[cpRow](&buf, pq.Compression(&pq.Snappy), pq.DataPageVersion(1), pq.CreatedBy("tarn", "1", "0"))
	if _, err := w.Write(rows); err != nil {
		return fmt.Errorf("write checkpoint %d: %w", s.Version, err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("write checkpoint %d: %w", s.Version, err)
	}
	if err := store.PutIfAbsent(ctx, checkpointKey(s.Version), buf.Bytes()); err != nil && !errors.Is(err, object.ErrExist) {
		return fmt.Errorf("write checkpoint %d: %w", s.Version, err)
	}
	size, files := int64(buf.Len()), int64(len(s.Files))
	hint, err := json.Marshal(LastCheckpoint{Version: s.Version, Size: int64(len(rows)), SizeInBytes: &size, NumOfAddFiles: &files})
	if err != nil {
		return err
	}
	if err := store.Put(ctx, lastCheckpointKey, hint); err != nil {
		return fmt.Errorf("write checkpoint %d: %w", s.Version, err)
	}
	for k, r := range s.Tombstones {
		if time.UnixMilli(value(r.DeletionTimestamp)).Before(expiry) {
			delete(s.Tombstones, k)
		}
	}
	return nil
}
