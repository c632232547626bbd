package schemaobj

import (
	"errors"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
)

// CreateCollation is CREATE COLLATION.
func CreateCollation(x *stmt.Ctx, n *ast.DefineStmt) error {
	k := kinds[ast.OBJECT_COLLATION]
	schema, name, exists, err := k.place(x, n.Defnames)
	if err != nil {
		return err
	}
	c, err := collationOf(x, n)
	if err != nil {
		return err
	}
	shown := ""
	if c.Encoded {
		shown = k.shown
	}
	if exists {
		if n.IfNotExists {
			x.Note(pgerr.DuplicateObject, "collation \"%s\"%s already exists, skipping", name, shown)
			return nil
		}
		return pgerr.New(pgerr.DuplicateObject, "collation \"%s\"%s already exists", name, shown)
	}
	c.Header = catalog.Header{OID: x.Editor.OID(), Schema: schema.OID, Name: name, Owner: x.User}
	x.Editor.Put(c)
	return nil
}

// collationOptions are the parameters of CREATE COLLATION as they are written.
type collationOptions struct {
	from                                        []ast.Node
	locale, collate, ctype, provider            *string
	deterministic                               bool
	hasDeterministic, hasVersion, hasFrom, some bool
	version                                     string
}

func readCollationOptions(x *stmt.Ctx, n *ast.DefineStmt) (o collationOptions, err error) {
	o.deterministic = true
	seen := map[string]bool{}
	for _, e := range n.Definition {
		d, ok := e.(*ast.DefElem)
		if !ok {
			return o, pgerr.Internal("collation option of form %T", e)
		}
		word := strings.ToLower(d.Defname)
		if seen[word] {
			return o, pgerr.New(pgerr.SyntaxError, "conflicting or redundant options").WithPosition(x.Position(d.Location))
		}
		seen[word] = true
		text := func() *string {
			s := stmt.DefString(d)
			return &s
		}
		switch word {
		case "from":
			o.hasFrom = true
			if t, ok := d.Arg.(*ast.TypeName); ok {
				o.from = t.Names
			} else if l, ok := d.Arg.(*ast.List); ok {
				o.from = l.Items
			}
			continue
		case "locale":
			o.locale = text()
		case "lc_collate":
			o.collate = text()
		case "lc_ctype":
			o.ctype = text()
		case "provider":
			o.provider = text()
		case "deterministic":
			o.hasDeterministic = true
			if o.deterministic, err = boolOption(d); err != nil {
				return o, err
			}
		case "version":
			o.hasVersion, o.version = true, *text()
		default:
			return o, pgerr.New(pgerr.SyntaxError, "collation attribute \"%s\" not recognized", d.Defname).WithPosition(x.Position(d.Location))
		}
		o.some = true
	}
	if o.locale != nil && (o.collate != nil || o.ctype != nil) {
		return o, pgerr.New(pgerr.SyntaxError, "conflicting or redundant options").WithDetail("LOCALE cannot be specified together with LC_COLLATE or LC_CTYPE.")
	}
	if o.hasFrom && o.some {
		return o, pgerr.New(pgerr.SyntaxError, "conflicting or redundant options").WithDetail("FROM cannot be specified together with any other options.")
	}
	return o, nil
}

// boolOption reads an option of yes or no; without a value it is on.
func boolOption(d *ast.DefElem) (bool, error) {
	if d.Arg == nil {
		return true, nil
	}
	switch strings.ToLower(stmt.DefString(d)) {
	case "true", "on", "1":
		return true, nil
	case "false", "off", "0":
		return false, nil
	}
	return false, pgerr.New(pgerr.SyntaxError, "%s requires a Boolean value", d.Defname)
}

func collationOf(x *stmt.Ctx, n *ast.DefineStmt) (*catalog.Collation, error) {
	o, err := readCollationOptions(x, n)
	if err != nil {
		return nil, err
	}
	if o.hasFrom {
		k := kinds[ast.OBJECT_COLLATION]
		from, err := k.find(x, o.from)
		if err != nil {
			return nil, err
		}
		if from == nil {
			return nil, k.missing(o.from)
		}
		c := *from.(*catalog.Collation)
		if c.Provider == collation.Default {
			return nil, pgerr.New(pgerr.InvalidObjectDefinition, "collation \"default\" cannot be copied")
		}
		c.Version = collation.Version(c.Provider)
		return &c, nil
	}
	c := &catalog.Collation{Provider: collation.Libc, Nondeterministic: !o.deterministic}
	if o.provider != nil {
		switch strings.ToLower(*o.provider) {
		case "icu":
			c.Provider = collation.ICU
		case "libc":
		default:
			return nil, pgerr.New(pgerr.InvalidObjectDefinition, "unrecognized collation provider: %s", *o.provider)
		}
	}
	if o.locale != nil {
		if c.Provider == collation.ICU {
			c.Locale = *o.locale
		} else {
			o.collate, o.ctype = o.locale, o.locale
		}
	}
	if c.Provider == collation.ICU {
		if o.locale == nil {
			return nil, pgerr.New(pgerr.InvalidObjectDefinition, "parameter \"%s\" must be specified", "locale")
		}
	} else {
		if o.collate == nil {
			return nil, pgerr.New(pgerr.InvalidObjectDefinition, "parameter \"%s\" must be specified", "lc_collate")
		}
		if o.ctype == nil {
			return nil, pgerr.New(pgerr.InvalidObjectDefinition, "parameter \"%s\" must be specified", "lc_ctype")
		}
		c.Collate, c.Ctype, c.Encoded = *o.collate, *o.ctype, true
	}
	if c.Nondeterministic && c.Provider != collation.ICU {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "nondeterministic collations not supported with this provider")
	}
	c.Version = collation.Version(c.Provider)
	if o.hasVersion {
		c.Version = o.version
	}
	return c, checkCollation(c)
}

// checkCollation opens a collation.
func checkCollation(c *catalog.Collation) error {
	if c.Provider == collation.Libc && !collation.LibcLocale(c.Collate) {
		return pgerr.Unsupported("locale \"" + c.Collate + "\" of provider libc")
	}
	_, err := c.Open()
	var no collation.Unsupported
	switch {
	case err == nil:
		return nil
	case errors.As(err, &no):
		return pgerr.Unsupported(no.What)
	}
	return pgerr.New(pgerr.InvalidParameterValue, "%s: %s", err.Error(), "U_ILLEGAL_ARGUMENT_ERROR")
}

// RefreshCollation is ALTER COLLATION … REFRESH VERSION.
func RefreshCollation(x *stmt.Ctx, n *ast.AlterCollationStmt) error {
	k := kinds[ast.OBJECT_COLLATION]
	if o, err := k.find(x, n.Collname); err == nil && o != nil && o.Head().OID == types.DefaultCollation {
		return pgerr.New(pgerr.InvalidObjectDefinition, "cannot refresh version of default collation").
			WithHint("Use ALTER DATABASE ... REFRESH COLLATION VERSION instead.")
	}
	o, err := k.open(x, n.Collname)
	if err != nil {
		return err
	}
	c := *o.(*catalog.Collation)
	now := collation.Version(c.Provider)
	switch {
	case c.Version == "" != (now == ""):
		return pgerr.New(pgerr.InternalError, "invalid collation version change")
	case c.Version != now:
		x.Note("", "changing version from %s to %s", c.Version, now)
		c.Version = now
		x.Editor.Put(&c)
	default:
		x.Note("", "version has not changed")
	}
	return nil
}
