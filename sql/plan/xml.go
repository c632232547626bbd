package plan

// XMLOp is what an XML expression makes.
type XMLOp uint8

// XML expressions (manual 9.15.1).
const (
	XMLConcat XMLOp = iota + 1
	XMLElement
	XMLForest
	XMLParse
	XMLPI
	XMLRoot
	XMLSerialize
	XMLIsDocument
)

// STANDALONE of XMLROOT, as the grammar numbers it.
const (
	XMLStandaloneYes = iota
	XMLStandaloneNo
	XMLStandaloneNoValue
	XMLStandaloneOmitted
)

// XML is XMLELEMENT and its kin. Names are names of XML.
type XML struct {
	Op   XMLOp
	Name string
	// Named are XMLATTRIBUTES, and what XMLFOREST makes elements of, with their Names.
	Named []Expr
	Names []string
	Args  []Expr
	// Document: DOCUMENT and not CONTENT. KeepSpace: PRESERVE WHITESPACE.
	Document, KeepSpace bool
	Standalone          int
	T                   Type
	As                  Type // the type that XMLSERIALIZE names
}

// Type is the expression's type.
func (e *XML) Type() Type { return e.T }
