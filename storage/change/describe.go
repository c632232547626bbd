package change

import (
	"bufio"
	"fmt"
	"io"
)

// Describe writes a payload as text, one line for the transaction and one for each operation. Keys are shown as
// table/index/rest in hexadecimal; row contents are not shown.
func Describe(w io.Writer, payload []byte, open Open) error {
	d, err := DecodeWhole(payload, open)
	if err != nil {
		return err
	}
	defer d.Close()
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "xid %d, committed %s", d.XID, d.CommitTime().Format("2006-01-02 15:04:05.000000"))
	if d.Origin != 0 {
		fmt.Fprintf(b, ", origin %d", d.Origin)
	}
	if d.Rows > 0 {
		fmt.Fprintf(b, ", row ids %d to %d", d.FirstRowID, d.FirstRowID+uint64(d.Rows)-1)
	}
	fmt.Fprintln(b)
	var op Op
	for d.Next(&op) {
		fmt.Fprintf(b, "  %s ", op.Kind)
		if err := op.describe(b); err != nil {
			return err
		}
		fmt.Fprintln(b)
	}
	if err := d.Err(); err != nil {
		return err
	}
	return b.Flush()
}

// KeyText shows a key as Describe does.
func KeyText(key []byte) string {
	if len(key) < KeyPrefix {
		return fmt.Sprintf("%x", key)
	}
	return fmt.Sprintf("%d/%d/%x", TableOf(key), IndexOf(key), key[KeyPrefix:])
}

func (o *Op) describe(b *bufio.Writer) error {
	switch o.Kind {
	case KindPut:
		b.WriteString(KeyText(o.Key))
		if id := o.RowID(); id != 0 {
			fmt.Fprintf(b, " row %d", id)
		}
		if o.OldRowID != 0 {
			fmt.Fprintf(b, " replaces %d", o.OldRowID)
		}
		fmt.Fprintf(b, " %d bytes", len(o.Value))
	case KindDelete:
		b.WriteString(KeyText(o.Key))
		if o.OldRowID != 0 {
			fmt.Fprintf(b, " row %d", o.OldRowID)
		}
	case KindDeleteRange:
		fmt.Fprintf(b, "%s to %s", KeyText(o.Key), KeyText(o.Value))
	case KindSchema:
		s, err := o.Schema()
		if err != nil {
			return err
		}
		s.describe(b)
	case KindFileAdd, KindFileRemove:
		fmt.Fprintf(b, "table %d %d bytes", o.Table, len(o.Value))
	case KindIngestBegin:
		fmt.Fprintf(b, "%d/%d", o.Table, o.Index)
	case KindIngest:
		fmt.Fprintf(b, "%d/%d rows %d to %d files", o.Table, o.Index, o.FirstRowID, o.FirstRowID+o.RowCount-1)
		for _, name := range o.Ingest().Files {
			fmt.Fprintf(b, " %s", name)
		}
	case KindMessage:
		const most = 80
		fmt.Fprintf(b, "%s %q", o.Prefix, o.Value[:min(len(o.Value), most)])
		if len(o.Value) > most {
			fmt.Fprintf(b, " … %d bytes", len(o.Value))
		}
	case KindOpen:
		fmt.Fprintf(b, "epoch %d", o.Epoch)
	case KindMore:
		fmt.Fprintf(b, "%d parts of %d bytes", o.More.Parts, o.More.Bytes)
	}
	return nil
}

func (s *Schema) describe(b *bufio.Writer) {
	fmt.Fprintf(b, "%s.%s table %d storage %d version %d", s.SchemaName, s.TableName, s.TableID, s.StorageID, s.Version)
	if s.Dropped {
		b.WriteString(" dropped")
	}
	sep := " ("
	for _, c := range s.Columns {
		fmt.Fprintf(b, "%s%s %d", sep, c.Name, c.TypeOID)
		if c.NotNull {
			b.WriteString(" not null")
		}
		if c.Dropped {
			b.WriteString(" dropped")
		}
		sep = ", "
	}
	if len(s.Columns) > 0 {
		b.WriteByte(')')
	}
	sep = " key ("
	for _, k := range s.PrimaryKey {
		fmt.Fprintf(b, "%s%s", sep, s.Columns[k].Name)
		sep = ", "
	}
	if len(s.PrimaryKey) > 0 {
		b.WriteByte(')')
	}
	for _, o := range s.Options {
		fmt.Fprintf(b, " %s=%s", o.Name, o.Value)
	}
}
