package delta

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

const sidecarDir = logDir + "_sidecars/"

// Sidecar names a file with a part of a V2 checkpoint's adds and removes.
type Sidecar struct {
	Path        string `json:"path"`
	SizeInBytes int64  `json:"sizeInBytes"`
}

// readCheckpoint applies a checkpoint of any kind: one file or parts, V1 or V2 (Parquet or JSON) with its sidecars.
func readCheckpoint(ctx context.Context, store object.Store, keys []string, s *Snapshot) error {
	var sidecars []Sidecar
	for _, key := range keys {
		side, err := readCheckpointFile(ctx, store, key, s)
		if err != nil {
			return err
		}
		sidecars = append(sidecars, side...)
	}
	for _, c := range sidecars {
		if c.Path == "" || path.Base(c.Path) != c.Path {
			return fmt.Errorf("%w: sidecar %q", ErrCorrupt, c.Path)
		}
		more, err := readCheckpointFile(ctx, store, sidecarDir+c.Path, s)
		if err != nil {
			return err
		}
		if len(more) > 0 {
			return fmt.Errorf("%w: sidecar %q has sidecars", ErrCorrupt, c.Path)
		}
	}
	if s.Protocol.MinReaderVersion == 0 || s.Metadata.ID == "" {
		return fmt.Errorf("%w: checkpoint lacks protocol or metaData", ErrCorrupt)
	}
	return nil
}

func readCheckpointFile(ctx context.Context, store object.Store, key string, s *Snapshot) ([]Sidecar, error) {
	data, err := store.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	decode := decodeCheckpoint
	if strings.HasSuffix(key, ".json") {
		decode = decodeJSONCheckpoint
	}
	sidecars, err := decode(data, s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return sidecars, nil
}

func decodeJSONCheckpoint(data []byte, s *Snapshot) ([]Sidecar, error) {
	actions, err := DecodeActions(data)
	if err != nil {
		return nil, err
	}
	var sidecars []Sidecar
	for i := range actions {
		if c := actions[i].Sidecar; c != nil {
			sidecars = append(sidecars, *c)
		}
		s.applyAction(&actions[i])
	}
	return sidecars, nil
}

// The columns of a checkpoint and the fields that are read. A file may lack any.
var checkpointColumns = func() []parquet.Column {
	prim := func(id parquet.TypeID) parquet.Type { return parquet.Type{ID: id} }
	str, long, integer, boolean := prim(parquet.String), prim(parquet.Long), prim(parquet.Integer), prim(parquet.Boolean)
	texts := parquet.Type{ID: parquet.Map, Key: &str, Elem: &str}
	list := parquet.Type{ID: parquet.Array, Elem: &str}
	group := func(fields ...Field) parquet.Type { return parquet.Type{ID: parquet.Struct, Fields: fields} }
	f := func(name string, t parquet.Type) Field { return Field{Name: name, Type: t} }
	dv := group(f("storageType", str), f("pathOrInlineDv", str), f("offset", integer), f("sizeInBytes", integer), f("cardinality", long))
	return []parquet.Column{
		{Name: "protocol", Type: group(f("minReaderVersion", integer), f("minWriterVersion", integer), f("readerFeatures", list),
			f("writerFeatures", list))},
		{Name: "metaData", Type: group(f("id", str), f("name", str), f("description", str),
			f("format", group(f("provider", str), f("options", texts))), f("schemaString", str), f("partitionColumns", list),
			f("configuration", texts), f("createdTime", long))},
		{Name: "txn", Type: group(f("appId", str), f("version", long), f("lastUpdated", long))},
		{Name: "domainMetadata", Type: group(f("domain", str), f("configuration", str), f("removed", boolean))},
		{Name: "sidecar", Type: group(f("path", str), f("sizeInBytes", long))},
		{Name: "remove", Type: group(f("path", str), f("deletionTimestamp", long), f("dataChange", boolean),
			f("extendedFileMetadata", boolean), f("partitionValues", texts), f("size", long), f("deletionVector", dv),
			f("baseRowId", long), f("defaultRowCommitVersion", long))},
		// add is the last: stats_parsed, whose type is the table's, is appended to its fields.
		{Name: "add", Type: group(f("path", str), f("partitionValues", texts), f("size", long), f("modificationTime", long),
			f("dataChange", boolean), f("stats", str), f("tags", texts), f("deletionVector", dv), f("baseRowId", long),
			f("defaultRowCommitVersion", long), f("clusteringProvider", str))},
	}
}()

const checkpointBatch = 1024

func decodeCheckpoint(data []byte, s *Snapshot) ([]Sidecar, error) {
	r, err := parquet.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrCorrupt, err)
	}
	cols := append([]parquet.Column{}, checkpointColumns...)
	add := &cols[len(cols)-1]
	var statsType parquet.Type
	if t, err := r.TypeOf("add", "stats_parsed"); err == nil && t.ID == parquet.Struct {
		statsType = t
		add.Type.Fields = append(append([]Field{}, add.Type.Fields...), Field{Name: "stats_parsed", Type: t})
	}
	d := checkpointDecoder{snap: s, statsType: statsType}
	for g := range r.RowGroups() {
		if err := d.group(r, g, cols); err != nil {
			return nil, fmt.Errorf("%w: %v", ErrCorrupt, err)
		}
	}
	return d.sidecars, nil
}

type checkpointDecoder struct {
	snap      *Snapshot
	statsType parquet.Type
	sidecars  []Sidecar
}

func (d *checkpointDecoder) group(r *parquet.Reader, g int, cols []parquet.Column) error {
	scan, err := r.Scan(g, cols)
	if err != nil {
		return err
	}
	defer scan.Close()
	batch := make([][]tuple.Value, len(cols))
	for {
		for i := range batch {
			batch[i] = batch[i][:0]
		}
		n, err := scan.Next(batch, checkpointBatch)
		if n == 0 || err != nil {
			return err
		}
		for row := range n {
			for c := range cols {
				if v := batch[c][row]; !v.IsNull() {
					if err := d.action(cols[c].Name, v); err != nil {
						return err
					}
				}
			}
		}
	}
}

func (d *checkpointDecoder) action(kind string, v tuple.Value) error {
	r, err := openRecord(v)
	if err != nil {
		return err
	}
	var a Action
	switch kind {
	case "protocol":
		a.Protocol = &Protocol{MinReaderVersion: int(r.int(0)), MinWriterVersion: int(r.int(1))}
		if a.Protocol.MinReaderVersion >= 3 {
			a.Protocol.ReaderFeatures = r.list(2)
		}
		if a.Protocol.MinWriterVersion >= 7 {
			a.Protocol.WriterFeatures = r.list(3)
		}
	case "metaData":
		format := r.record(3)
		a.Metadata = &Metadata{ID: r.str(0), Name: r.str(1), Description: r.str(2),
			Format: Format{format.str(0), format.texts(1)}, SchemaString: r.str(4), PartitionColumns: r.list(5),
			Configuration: r.texts(6), CreatedTime: r.optInt(7)}
		r.err = firstError(r.err, format.err)
	case "txn":
		a.Txn = &Txn{AppID: r.str(0), Version: r.int(1), LastUpdated: r.optInt(2)}
	case "domainMetadata":
		a.DomainMetadata = &DomainMetadata{Domain: r.str(0), Configuration: r.str(1), Removed: r.int(2) != 0}
	case "sidecar":
		d.sidecars = append(d.sidecars, Sidecar{Path: r.str(0), SizeInBytes: r.int(1)})
	case "remove":
		a.Remove = &Remove{Path: r.str(0), DeletionTimestamp: r.optInt(1), DataChange: r.int(2) != 0,
			ExtendedFileMetadata: r.int(3) != 0, PartitionValues: r.optTexts(4), Size: r.optInt(5), DeletionVector: r.vector(6),
			BaseRowID: r.optInt(7), DefaultRowCommit: r.optInt(8)}
	case "add":
		a.Add = &Add{Path: r.str(0), PartitionValues: r.optTexts(1), Size: r.int(2), ModificationTime: r.int(3),
			DataChange: r.int(4) != 0, Stats: r.str(5), Tags: r.texts(6), DeletionVector: r.vector(7), BaseRowID: r.optInt(8),
			DefaultRowCommit: r.optInt(9), Clustering: r.str(10)}
		if a.Add.PartitionValues == nil {
			a.Add.PartitionValues = map[string]*string{}
		}
		if a.Add.Stats == "" && d.statsType.ID == parquet.Struct && !r.null(11) {
			a.Add.Stats = structStats(d.statsType, r.vals[11])
		}
	}
	if r.err != nil {
		return r.err
	}
	if err := a.check(); err != nil {
		return err
	}
	d.snap.applyAction(&a)
	return nil
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// record is a struct value by the order of its fields. A damaged part sets err.
type record struct {
	vals []tuple.Value
	err  error
}

func openRecord(v tuple.Value) (*record, error) {
	vals, err := parquet.DecodeList(nil, v.Bytes())
	return &record{vals: vals}, err
}

func (r *record) null(i int) bool { return i >= len(r.vals) || r.vals[i].IsNull() }

func (r *record) int(i int) int64 {
	if r.null(i) {
		return 0
	}
	return r.vals[i].Int()
}

func (r *record) optInt(i int) *int64 {
	if r.null(i) {
		return nil
	}
	n := r.vals[i].Int()
	return &n
}

// str is a copy; what a snapshot keeps must not hold a page of the checkpoint.
func (r *record) str(i int) string {
	if r.null(i) {
		return ""
	}
	return strings.Clone(r.vals[i].Str())
}

func (r *record) parts(i int) []tuple.Value {
	if r.null(i) {
		return nil
	}
	vals, err := parquet.DecodeList(nil, r.vals[i].Bytes())
	r.err = firstError(r.err, err)
	return vals
}

func (r *record) record(i int) *record { return &record{vals: r.parts(i)} }

func (r *record) list(i int) []string {
	if r.null(i) {
		return nil
	}
	in := &record{vals: r.parts(i)}
	out := make([]string, len(in.vals))
	for k := range in.vals {
		out[k] = in.str(k)
	}
	return out
}

func (r *record) optTexts(i int) map[string]*string {
	if r.null(i) {
		return nil
	}
	in := &record{vals: r.parts(i)}
	out := make(map[string]*string, len(in.vals)/2)
	for k := 0; k+1 < len(in.vals); k += 2 {
		var p *string
		if !in.null(k + 1) {
			s := in.str(k + 1)
			p = &s
		}
		out[in.str(k)] = p
	}
	return out
}

// texts is optTexts without what is null; nil if nothing is left and the map was null.
func (r *record) texts(i int) map[string]string {
	opt := r.optTexts(i)
	if opt == nil {
		return nil
	}
	out := make(map[string]string, len(opt))
	for k, v := range opt {
		if v != nil {
			out[k] = *v
		}
	}
	return out
}

func (r *record) vector(i int) *DVDescriptor {
	if r.null(i) {
		return nil
	}
	in := r.record(i)
	d := &DVDescriptor{StorageType: in.str(0), PathOrInlineDV: in.str(1), SizeInBytes: int32(in.int(3)), Cardinality: in.int(4)}
	if off := in.optInt(2); off != nil {
		o := int32(*off)
		d.Offset = &o
	}
	return d
}

// structStats turns the struct form of statistics into the JSON form that everything else reads. A value without a JSON
// form is left out, which is always right.
func structStats(t parquet.Type, v tuple.Value) string {
	obj, ok := statsObject(t, v, "")
	if !ok {
		return ""
	}
	return string(obj)
}

func statsObject(t parquet.Type, v tuple.Value, role string) (json.RawMessage, bool) {
	vals, err := parquet.DecodeList(nil, v.Bytes())
	if err != nil || len(vals) != len(t.Fields) {
		return nil, false
	}
	out := map[string]json.RawMessage{}
	for i, f := range t.Fields {
		if vals[i].IsNull() {
			continue
		}
		sub := role
		if sub == "" {
			sub = f.Name
		}
		switch {
		case f.Type.ID == parquet.Struct:
			if obj, ok := statsObject(f.Type, vals[i], sub); ok {
				out[f.Name] = obj
			}
		case f.Type.ID == parquet.Boolean:
			out[f.Name] = json.RawMessage(strconv.FormatBool(vals[i].Bool()))
		case f.Type.ID == parquet.String:
			if b, err := json.Marshal(vals[i].Str()); err == nil {
				out[f.Name] = b
			}
		default:
			if b, ok := statJSON(f.Type, vals[i], sub == "maxValues"); ok {
				out[f.Name] = b
			}
		}
	}
	b, err := json.Marshal(out)
	return b, err == nil
}
