package parser

import (
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
)

// grammarCodes are the SQLSTATEs and hints of the grammar's own errors by the start of their messages, which are all that libpg_query hands
// out; the others are syntax errors. A * stands for a name that a message begins with.
var grammarCodes = []struct{ message, code, hint string }{
	{"UNENCRYPTED PASSWORD is no longer supported", pgerr.FeatureNotSupported, "Remove UNENCRYPTED to store the password in encrypted form instead."},
	{"CREATE SCHEMA IF NOT EXISTS cannot include schema elements", pgerr.FeatureNotSupported, ""},
	{"current database cannot be changed", pgerr.FeatureNotSupported, ""},
	{"column number must be in range from 1 to ", pgerr.InvalidParameterValue, ""},
	{"modulus for hash partition provided more than once", pgerr.DuplicateObject, ""},
	{"remainder for hash partition provided more than once", pgerr.DuplicateObject, ""},
	{"MATCH PARTIAL not yet implemented", pgerr.FeatureNotSupported, ""},
	{"a column list with SET ", pgerr.FeatureNotSupported, ""},
	{"CREATE EXTENSION ... FROM is no longer supported", pgerr.FeatureNotSupported, ""},
	{"CREATE OR REPLACE CONSTRAINT TRIGGER is not supported", pgerr.FeatureNotSupported, ""},
	{"CREATE ASSERTION is not yet implemented", pgerr.FeatureNotSupported, ""},
	{"RECHECK is no longer required", pgerr.FeatureNotSupported, "Update your data type."},
	{"aggregates cannot have output arguments", pgerr.FeatureNotSupported, ""},
	{"WITH CHECK OPTION not supported on recursive views", pgerr.FeatureNotSupported, ""},
	{"precision for type float must be ", pgerr.InvalidParameterValue, ""},
	{"UNIQUE predicate is not yet implemented", pgerr.FeatureNotSupported, ""},
	{"frame start cannot be ", pgerr.WindowingError, ""},
	{"frame end cannot be ", pgerr.WindowingError, ""},
	{"frame starting from ", pgerr.WindowingError, ""},
	{"role name \"", pgerr.ReservedName, ""},
	{"* cannot be used as a role name here", pgerr.ReservedName, ""},
	{"an ordered-set aggregate with a VARIADIC direct argument ", pgerr.FeatureNotSupported, ""},
	{"* constraints cannot be marked ", pgerr.FeatureNotSupported, ""},
	{"unsafe use of \\' in a string literal", pgerr.NonstandardUseOfEscapeCharacter, "Use '' to write quotes in strings. \\' is insecure in client-only encodings."},
}

// grammarError is an error that the grammar raises.
func grammarError(message string) *pgerr.Error {
	for _, g := range grammarCodes {
		if rest, any := strings.CutPrefix(g.message, "*"); any && strings.Contains(message, rest) || !any && strings.HasPrefix(message, g.message) {
			e := pgerr.New(g.code, "%s", message)
			if g.hint != "" {
				e = e.WithHint("%s", g.hint)
			}
			return e
		}
	}
	return pgerr.New(pgerr.SyntaxError, "%s", message)
}
