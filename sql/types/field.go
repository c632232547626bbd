package types

// Field describes a result column as RowDescription gives it (manual: 55.7).
type Field struct {
	Name     string
	TableOID OID   // 0 where the column is no table's
	AttNum   int16 // 0 likewise
	TypeOID  OID
	TypeSize int16
	TypeMod  int32
}
