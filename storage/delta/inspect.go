package delta

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/tarndb/tarn/storage/object"
)

// Inspect prints a table for people: its state, its files, the commits that its log still holds.
func Inspect(w io.Writer, store object.Store) error {
	ctx := context.Background()
	snap, err := Load(ctx, store, -1)
	if err != nil {
		return err
	}
	p := snap.Protocol
	fmt.Fprintf(w, "version %d, protocol %d/%d %v\n", snap.Version, p.MinReaderVersion, p.MinWriterVersion, p.WriterFeatures)
	fmt.Fprintf(w, "table %s, id %s\n", snap.Metadata.Name, snap.Metadata.ID)
	schema, err := snap.Schema()
	if err != nil {
		return err
	}
	for _, f := range schema.Fields {
		fmt.Fprintf(w, "  %s %s\n", f.Name, f.Type)
	}
	for _, k := range slices.Sorted(maps.Keys(snap.Metadata.Configuration)) {
		fmt.Fprintf(w, "property %s = %s\n", k, snap.Metadata.Configuration[k])
	}
	for _, id := range slices.Sorted(maps.Keys(snap.Txns)) {
		fmt.Fprintf(w, "position %s = %d\n", id, snap.Txns[id].Version)
	}
	for _, a := range snap.SortedFiles() {
		st, err := ParseStats(a.Stats)
		if err != nil {
			return err
		}
		rows, dead := int64(-1), int64(0)
		if st != nil {
			rows = st.NumRecords
		}
		if a.DeletionVector != nil {
			dead = a.DeletionVector.Cardinality
		}
		fmt.Fprintf(w, "file %s: %d rows, %d deleted, %d bytes %v\n", a.Path, rows, dead, a.Size, a.Tags)
	}
	fmt.Fprintf(w, "%d tombstones\n", len(snap.Tombstones))
	hist, err := History(ctx, store)
	if err != nil {
		return err
	}
	for _, h := range hist {
		fmt.Fprintf(w, "commit %d %s %s %v +%d -%d files\n", h.Version, h.Time.Format(time.RFC3339Nano),
			h.Info.Operation, h.Info.OperationParameters, h.Added, h.Removed)
	}
	return nil
}
