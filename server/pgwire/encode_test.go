package pgwire

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/tarndb/tarn/sql/pgerr"
)

// pgx's frontend reads back what the encoders wrote.
func TestEncodersAgainstPgx(t *testing.T) {
	row, at := BeginDataRow(nil, 3)
	row, v := BeginValue(row)
	row = EndValue(append(row, "42"...), v)
	row = AppendNull(row)
	row, v = BeginValue(row)
	row = End(EndValue(row, v), at)

	desc, at := BeginRowDescription(nil, 2)
	desc = AppendField(desc, "a", 16384, 1, 23, 4, -1, 0)
	desc = End(AppendField(desc, "b", 0, 0, 25, -1, -1, 1), at)

	e := pgerr.New(pgerr.UniqueViolation, "duplicate").WithDetail("d").WithHint("h").WithPosition(7).
		WithInternal("select 2", 3).WithWhere("w").WithTable("public", "t").WithColumn("c").
		WithDataType("public", "dt").WithConstraint("t_pkey").WithRoutine("r")
	e.File, e.Line = "f.go", 12

	for _, c := range []struct {
		wire []byte
		want string
	}{
		{row, `{"Type":"DataRow","Values":[{"text":"42"},null,{"text":""}]}`},
		{AppendDataRow(nil, []byte{0, 1, 0, 0, 0, 1, 'x'}), `{"Type":"DataRow","Values":[{"text":"x"}]}`},
		{desc, `{"Type":"RowDescription","Fields":[{"Name":"a","TableOID":16384,"TableAttributeNumber":1,"DataTypeOID":23,"DataTypeSize":4,"TypeModifier":-1,"Format":0},{"Name":"b","TableOID":0,"TableAttributeNumber":0,"DataTypeOID":25,"DataTypeSize":-1,"TypeModifier":-1,"Format":1}]}`},
		{AppendCommandComplete(nil, "SELECT 1"), `{"Type":"CommandComplete","CommandTag":"SELECT 1"}`},
		{AppendReadyForQuery(nil, TxBlock), `{"Type":"ReadyForQuery","TxStatus":"T"}`},
		{AppendParseComplete(nil), `{"Type":"ParseComplete"}`},
		{AppendBindComplete(nil), `{"Type":"BindComplete"}`},
		{AppendCloseComplete(nil), `{"Type":"CloseComplete"}`},
		{AppendNoData(nil), `{"Type":"NoData"}`},
		{AppendEmptyQuery(nil), `{"Type":"EmptyQueryResponse"}`},
		{AppendPortalSuspended(nil), `{"Type":"PortalSuspended"}`},
		{AppendParameterDescription(nil, []uint32{23, 25}), `{"Type":"ParameterDescription","ParameterOIDs":[23,25]}`},
		{AppendParameterStatus(nil, "TimeZone", "UTC"), `{"Type":"ParameterStatus","Name":"TimeZone","Value":"UTC"}`},
		{AppendNotification(nil, 7, "ch", "pay"), `{"Type":"NotificationResponse","PID":7,"Channel":"ch","Payload":"pay"}`},
		{AppendNegotiate(nil, []string{"_pq_.x"}), `{"Type":"NegotiateProtocolVersion","NewestMinorProtocol":196608,"UnrecognizedOptions":["_pq_.x"]}`},
		{AppendCopyIn(nil, 1, []int16{1, 1}), `{"Type":"CopyInResponse","ColumnFormatCodes":[1,1]}`},
		{AppendCopyOut(nil, 0, []int16{0}), `{"Type":"CopyOutResponse","ColumnFormatCodes":[0]}`},
		{AppendCopyData(nil, []byte("hi")), `{"Type":"CopyData","Data":"6869"}`},
		{AppendCopyDone(nil), `{"Type":"CopyDone"}`},
		{AppendAuthOK(nil), `{"Type":"AuthenticationOK"}`},
		{AppendAuthSASL(nil, "A", "B"), `{"Type":"AuthenticationSASL","AuthMechanisms":["A","B"]}`},
		{AppendAuthSASLContinue(nil, []byte("c")), `{"Type":"AuthenticationSASLContinue","Data":"c"}`},
		{AppendAuthSASLFinal(nil, []byte("f")), `{"Type":"AuthenticationSASLFinal","Data":"f"}`},
		{AppendError(nil, e), `{"Type":"ErrorResponse","Severity":"ERROR","SeverityUnlocalized":"ERROR","Code":"23505","Message":"duplicate","Detail":"d","Hint":"h","Position":7,"InternalPosition":3,"InternalQuery":"select 2","Where":"w","SchemaName":"public","TableName":"t","ColumnName":"c","DataTypeName":"dt","ConstraintName":"t_pkey","File":"f.go","Line":12,"Routine":"r","UnknownFields":null}`},
	} {
		// A Frontend never reads NegotiateProtocolVersion into JSON by itself; all others go the whole way.
		msg, err := pgproto3.NewFrontend(bytes.NewReader(c.wire), nil).Receive()
		if err != nil {
			t.Errorf("%s: %v", c.want, err)
			continue
		}
		got, err := json.Marshal(msg)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	notice := AppendError(nil, pgerr.Notice(pgerr.SeverityNotice, "", "n"))
	if notice[0] != 'N' {
		t.Errorf("a notice has type %c", notice[0])
	}
	if key := AppendBackendKeyData(nil, 1, 2); string(key) != "K\x00\x00\x00\x0c\x00\x00\x00\x01\x00\x00\x00\x02" {
		t.Errorf("BackendKeyData %q", key)
	}
}

func TestErrorTextEndsAtZeroByte(t *testing.T) {
	msg, err := pgproto3.NewFrontend(bytes.NewReader(AppendError(nil, pgerr.New("XX000", "a\x00Mb"))), nil).Receive()
	if err != nil {
		t.Fatal(err)
	}
	if got := msg.(*pgproto3.ErrorResponse).Message; got != "a" {
		t.Errorf("message %q", got)
	}
}
