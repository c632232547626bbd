package catalog

// EventTrigger is an event trigger of the database (pg_event_trigger).
type EventTrigger struct {
	Header
	Event   string // ddl_command_start, ddl_command_end, sql_drop
	Func    OID
	Enabled byte     // see Fires
	Tags    []string `json:",omitempty"` // nil: every command
}

var _ Object = (*EventTrigger)(nil)

func (*EventTrigger) Kind() Kind     { return KindEventTrigger }
func (e *EventTrigger) LastOID() OID { return e.OID }

// EventTrigger returns the event trigger of that name, or nil.
func (c *Catalog) EventTrigger(name string) (found *EventTrigger) {
	c.Named(KindEventTrigger, 0, name, func(o Object) bool {
		found = o.(*EventTrigger)
		return false
	})
	return found
}
