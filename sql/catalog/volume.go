package catalog

import "github.com/tarndb/tarn/sql/privilege"

// VolumesOID is the relation tarn.volumes.
const VolumesOID OID = 9007

// Volume is a directory of files that is an object of a schema.
type Volume struct {
	Header
	// Dir names the directory of a managed volume below the branch's part of the warehouse. No other volume had it before.
	Dir string `json:",omitempty"`
	// Location is the directory of an external one.
	Location string `json:",omitempty"`
}

var _ Object = (*Volume)(nil)

func (*Volume) Kind() Kind     { return KindVolume }
func (v *Volume) LastOID() OID { return v.OID }

// External reports a volume whose files are not Tarn's.
func (v *Volume) External() bool { return v.Location != "" }

// VolumeNamed returns the volume of that name in a schema; nil if there is none.
func (c *Catalog) VolumeNamed(schema OID, name string) (found *Volume) {
	c.Named(KindVolume, schema, name, func(o Object) bool {
		found = o.(*Volume)
		return false
	})
	return found
}

// EffectiveACL is the volume's list, or what holds without one.
func (v *Volume) EffectiveACL() privilege.ACL {
	if v.ACL != nil {
		return v.ACL
	}
	return privilege.Default(privilege.Volume, v.Owner)
}
