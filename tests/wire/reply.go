package wire

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
)

// replyText shows one backend message.
func replyText(m pgproto3.BackendMessage) string {
	switch m := m.(type) {
	case *pgproto3.ReadyForQuery:
		return fmt.Sprintf("ReadyForQuery %c", m.TxStatus)
	case *pgproto3.DataRow:
		s := "DataRow"
		for _, v := range m.Values {
			if v == nil {
				s += " NULL"
			} else {
				s += " " + strconv.Quote(string(v))
			}
		}
		return s
	case *pgproto3.RowDescription:
		s := "RowDescription"
		for _, f := range m.Fields {
			s += fmt.Sprintf(" %q type=%d size=%d", f.Name, f.DataTypeOID, f.DataTypeSize)
			if f.TypeModifier != -1 {
				s += fmt.Sprintf(" mod=%d", f.TypeModifier)
			}
			if f.TableOID != 0 {
				s += fmt.Sprintf(" column=%d", f.TableAttributeNumber)
			}
			if f.Format != 0 {
				s += fmt.Sprintf(" format=%d", f.Format)
			}
		}
		return s
	case *pgproto3.ParameterDescription:
		return strings.TrimRight("ParameterDescription "+strings.Trim(fmt.Sprint(m.ParameterOIDs), "[]"), " ")
	case *pgproto3.CommandComplete:
		return "CommandComplete " + strconv.Quote(string(m.CommandTag))
	case *pgproto3.ErrorResponse:
		return "Error" + errorText(m)
	case *pgproto3.NoticeResponse:
		return "Notice" + errorText((*pgproto3.ErrorResponse)(m))
	case *pgproto3.ParameterStatus:
		if m.Name == "server_version" {
			return "ParameterStatus server_version *"
		}
		return fmt.Sprintf("ParameterStatus %s %q", m.Name, m.Value)
	case *pgproto3.BackendKeyData:
		return "BackendKeyData"
	case *pgproto3.NotificationResponse:
		return fmt.Sprintf("Notification %q %q", m.Channel, m.Payload)
	case *pgproto3.CopyInResponse:
		return fmt.Sprintf("CopyInResponse %d %v", m.OverallFormat, m.ColumnFormatCodes)
	case *pgproto3.CopyOutResponse:
		return fmt.Sprintf("CopyOutResponse %d %v", m.OverallFormat, m.ColumnFormatCodes)
	case *pgproto3.CopyData:
		return "CopyData " + strconv.Quote(string(m.Data))
	case *pgproto3.NegotiateProtocolVersion:
		return fmt.Sprintf("NegotiateProtocolVersion %d %q", m.NewestMinorProtocol, m.UnrecognizedOptions)
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", m), "*pgproto3.")
}

// errorText leaves out what names processes, transactions and places on PostgreSQL's pages.
func errorText(m *pgproto3.ErrorResponse) string {
	if m.Code == "40P01" || strings.HasPrefix(m.Where, "while ") {
		m.Detail, m.Hint, m.Where = "", "", ""
	}
	s := fmt.Sprintf(" %s %s %q", m.Severity, m.Code, m.Message)
	for _, f := range []struct{ name, val string }{
		{"detail", m.Detail}, {"hint", m.Hint}, {"where", m.Where}, {"internal", m.InternalQuery},
		{"schema", m.SchemaName}, {"table", m.TableName}, {"column", m.ColumnName}, {"datatype", m.DataTypeName},
		{"constraint", m.ConstraintName},
	} {
		if f.val != "" {
			s += fmt.Sprintf(" %s=%q", f.name, f.val)
		}
	}
	if m.Position != 0 {
		s += fmt.Sprintf(" position=%d", m.Position)
	}
	return s
}
