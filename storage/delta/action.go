package delta

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

var (
	// ErrCorrupt is wrapped by every error that says that a table is damaged.
	ErrCorrupt = errors.New("delta table is damaged")
	// ErrFeature is wrapped when a table needs a feature that is not built.
	ErrFeature = errors.New("delta table feature is not supported")
	// ErrConflict is returned by a commit whose version another writer made first.
	ErrConflict = errors.New("delta version exists")
	// ErrNoTable is returned where there is no _delta_log.
	ErrNoTable = errors.New("no delta table")
)

// Protocol is the pair of versions, and from reader 3 and writer 7 on the lists of features, that a client must know.
type Protocol struct {
	MinReaderVersion int      `json:"minReaderVersion"`
	MinWriterVersion int      `json:"minWriterVersion"`
	ReaderFeatures   []string `json:"readerFeatures,omitempty"`
	WriterFeatures   []string `json:"writerFeatures,omitempty"`
}

// Format of data files; always parquet.
type Format struct {
	Provider string            `json:"provider"`
	Options  map[string]string `json:"options"`
}

// Metadata is the table's identity, schema and properties.
type Metadata struct {
	ID               string            `json:"id"`
	Name             string            `json:"name,omitempty"`
	Description      string            `json:"description,omitempty"`
	Format           Format            `json:"format"`
	SchemaString     string            `json:"schemaString"`
	PartitionColumns []string          `json:"partitionColumns"`
	CreatedTime      *int64            `json:"createdTime,omitempty"` // Unix ms
	Configuration    map[string]string `json:"configuration"`
}

// DVDescriptor says where the deletion vector of a file is.
type DVDescriptor struct {
	StorageType    string `json:"storageType"` // u: relative with uuid, p: absolute path, i: inline
	PathOrInlineDV string `json:"pathOrInlineDv"`
	Offset         *int32 `json:"offset,omitempty"`
	SizeInBytes    int32  `json:"sizeInBytes"`
	Cardinality    int64  `json:"cardinality"`
}

// ID is the protocol's unique id of a deletion vector; "" for nil.
func (d *DVDescriptor) ID() string {
	if d == nil {
		return ""
	}
	id := d.StorageType + d.PathOrInlineDV
	if d.Offset != nil {
		id += "@" + strconv.Itoa(int(*d.Offset))
	}
	return id
}

// Add puts a file into the table, or changes what is said about it.
type Add struct {
	Path             string             `json:"path"` // URI-encoded, relative to the table or absolute
	PartitionValues  map[string]*string `json:"partitionValues"`
	Size             int64              `json:"size"`
	ModificationTime int64              `json:"modificationTime"` // Unix ms
	DataChange       bool               `json:"dataChange"`
	Stats            string             `json:"stats,omitempty"` // JSON, see Stats
	Tags             map[string]string  `json:"tags,omitempty"`
	DeletionVector   *DVDescriptor      `json:"deletionVector,omitempty"`
	BaseRowID        *int64             `json:"baseRowId,omitempty"`
	DefaultRowCommit *int64             `json:"defaultRowCommitVersion,omitempty"`
	Clustering       string             `json:"clusteringProvider,omitempty"`
}

// TagCRC is the tag of an add that holds the CRC-32C of the whole file, in hexadecimal. Ours have it.
const TagCRC = "tarn.crc32c"

// CRC is the file's checksum, if the add has one.
func (a *Add) CRC() (uint32, bool) {
	n, err := strconv.ParseUint(a.Tags[TagCRC], 16, 32)
	return uint32(n), err == nil
}

// crc is CRC as Table.open takes it: nil without one.
func (a *Add) crc() *uint32 {
	if c, ok := a.CRC(); ok {
		return &c
	}
	return nil
}

// FormatCRC is the value of TagCRC.
func FormatCRC(crc uint32) string { return fmt.Sprintf("%08x", crc) }

// Remove takes a file out; it stays as a tombstone until it expires.
type Remove struct {
	Path                 string             `json:"path"`
	DeletionTimestamp    *int64             `json:"deletionTimestamp,omitempty"` // Unix ms
	DataChange           bool               `json:"dataChange"`
	ExtendedFileMetadata bool               `json:"extendedFileMetadata,omitempty"`
	PartitionValues      map[string]*string `json:"partitionValues,omitzero"`
	Size                 *int64             `json:"size,omitempty"`
	Tags                 map[string]string  `json:"tags,omitempty"`
	DeletionVector       *DVDescriptor      `json:"deletionVector,omitempty"`
	BaseRowID            *int64             `json:"baseRowId,omitempty"`
	DefaultRowCommit     *int64             `json:"defaultRowCommitVersion,omitempty"`
}

// Txn is an application's own position; writers use it to apply a batch exactly once.
type Txn struct {
	AppID       string `json:"appId"`
	Version     int64  `json:"version"`
	LastUpdated *int64 `json:"lastUpdated,omitempty"` // Unix ms
}

// DomainMetadata is a named configuration of a feature.
type DomainMetadata struct {
	Domain        string `json:"domain"`
	Configuration string `json:"configuration"`
	Removed       bool   `json:"removed"`
}

// CommitInfo is provenance; nothing depends on it.
type CommitInfo struct {
	InCommitTimestamp   *int64            `json:"inCommitTimestamp,omitempty"` // Unix ms
	Timestamp           int64             `json:"timestamp"`                   // Unix ms
	Operation           string            `json:"operation"`
	OperationParameters map[string]string `json:"operationParameters"`
	ReadVersion         *int64            `json:"readVersion,omitempty"`
	IsolationLevel      string            `json:"isolationLevel,omitempty"`
	IsBlindAppend       *bool             `json:"isBlindAppend,omitempty"`
	OperationMetrics    map[string]string `json:"operationMetrics,omitempty"`
	EngineInfo          string            `json:"engineInfo,omitempty"`
	TxnID               string            `json:"txnId,omitempty"`
}

// AddCDC names a file with the row changes of its commit; see Changes.
type AddCDC struct {
	Path            string             `json:"path"`
	PartitionValues map[string]*string `json:"partitionValues"`
	Size            int64              `json:"size"`
	DataChange      bool               `json:"dataChange"` // false
	Tags            map[string]string  `json:"tags,omitempty"`
}

// Action is one line of a commit: exactly one field is set.
type Action struct {
	CommitInfo     *CommitInfo     `json:"commitInfo,omitempty"`
	Protocol       *Protocol       `json:"protocol,omitempty"`
	Metadata       *Metadata       `json:"metaData,omitempty"`
	Txn            *Txn            `json:"txn,omitempty"`
	DomainMetadata *DomainMetadata `json:"domainMetadata,omitempty"`
	Add            *Add            `json:"add,omitempty"`
	Remove         *Remove         `json:"remove,omitempty"`
	CDC            *AddCDC         `json:"cdc,omitempty"`
	Sidecar        *Sidecar        `json:"sidecar,omitempty"` // in V2 checkpoints only
}

// EncodeActions writes the content of a commit file.
func EncodeActions(actions []Action) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	for i := range actions {
		if err := enc.Encode(&actions[i]); err != nil {
			return nil, fmt.Errorf("encode delta action: %w", err)
		}
	}
	return buf.Bytes(), nil
}

// DecodeActions reads the content of a commit file. Unknown actions and fields are passed over, as the protocol says.
func DecodeActions(data []byte) ([]Action, error) {
	var out []Action
	for line := range bytes.Lines(data) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		a, err := decodeAction(line)
		if err != nil {
			return nil, fmt.Errorf("%w: action %d: %v", ErrCorrupt, len(out)+1, err)
		}
		out = append(out, a)
	}
	return out, nil
}

func decodeAction(line []byte) (Action, error) {
	var a Action
	if err := json.Unmarshal(line, &a); err != nil {
		// commitInfo is free-form: a value of an unexpected type in it is no damage.
		var probe map[string]json.RawMessage
		if json.Unmarshal(line, &probe) == nil && len(probe) == 1 && probe["commitInfo"] != nil {
			return Action{CommitInfo: looseCommitInfo(probe["commitInfo"])}, nil
		}
		return a, err
	}
	n := 0
	for _, set := range []bool{a.CommitInfo != nil, a.Protocol != nil, a.Metadata != nil, a.Txn != nil,
		a.DomainMetadata != nil, a.Add != nil, a.Remove != nil, a.CDC != nil, a.Sidecar != nil} {
		if set {
			n++
		}
	}
	if n > 1 {
		return a, errors.New("more than one action in a line")
	}
	return a, a.check()
}

// looseCommitInfo takes what it can from a commitInfo whose values have types of their own.
func looseCommitInfo(raw json.RawMessage) *CommitInfo {
	info := &CommitInfo{}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return info
	}
	for name, dst := range map[string]any{"inCommitTimestamp": &info.InCommitTimestamp, "timestamp": &info.Timestamp,
		"operation": &info.Operation, "readVersion": &info.ReadVersion, "isBlindAppend": &info.IsBlindAppend,
		"engineInfo": &info.EngineInfo, "txnId": &info.TxnID} {
		if v, ok := fields[name]; ok {
			_ = json.Unmarshal(v, dst) // one of another type stays zero
		}
	}
	return info
}

// check looks for what an action must have.
func (a *Action) check() error {
	switch {
	case a.Add != nil && a.Add.Path == "":
		return errors.New("add without path")
	case a.Remove != nil && a.Remove.Path == "":
		return errors.New("remove without path")
	case a.CDC != nil && a.CDC.Path == "":
		return errors.New("cdc without path")
	case a.Txn != nil && a.Txn.AppID == "":
		return errors.New("txn without appId")
	case a.Metadata != nil && a.Metadata.ID == "":
		return errors.New("metaData without id")
	case a.Protocol != nil && (a.Protocol.MinReaderVersion < 1 || a.Protocol.MinWriterVersion < 1):
		return errors.New("protocol without versions")
	}
	return nil
}
