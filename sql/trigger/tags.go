package trigger

import (
	"slices"
	"strings"
)

// objects are what CREATE, ALTER and DROP have command tags for with event triggers (cmdtaglist.h, and VOLUME); globals have tags without.
var objects = strings.Split("ACCESS METHOD,AGGREGATE,CAST,COLLATION,CONSTRAINT,CONVERSION,DOMAIN,EXTENSION,FOREIGN DATA WRAPPER,FOREIGN TABLE,FUNCTION,"+
	"INDEX,LANGUAGE,MATERIALIZED VIEW,OPERATOR,OPERATOR CLASS,OPERATOR FAMILY,POLICY,PROCEDURE,PUBLICATION,ROUTINE,RULE,SCHEMA,SEQUENCE,SERVER,STATISTICS,"+
	"SUBSCRIPTION,TABLE,TEXT SEARCH CONFIGURATION,TEXT SEARCH DICTIONARY,TEXT SEARCH PARSER,TEXT SEARCH TEMPLATE,TRANSFORM,TRIGGER,TYPE,USER MAPPING,VIEW,"+
	"VOLUME", ",")

var globals = []string{"DATABASE", "EVENT TRIGGER", "ROLE", "TABLESPACE"}

var otherTags = strings.Split("ALTER DEFAULT PRIVILEGES,ALTER LARGE OBJECT,COMMENT,CREATE TABLE AS,DROP OWNED,GRANT,IMPORT FOREIGN SCHEMA,"+
	"REFRESH MATERIALIZED VIEW,REVOKE,SECURITY LABEL,SELECT INTO", ",")

var tagsWithout = strings.Split("ALTER SYSTEM,ANALYZE,BEGIN,CALL,CHECKPOINT,CLOSE,CLUSTER,COMMIT,COPY,DEALLOCATE,DECLARE CURSOR,DELETE,DISCARD,DO,EXECUTE,"+
	"EXPLAIN,FETCH,GRANT ROLE,INSERT,LISTEN,LOAD,LOCK TABLE,MERGE,MOVE,NOTIFY,PREPARE,REASSIGN OWNED,REINDEX,RELEASE,RESET,REVOKE ROLE,ROLLBACK,"+
	"SAVEPOINT,SELECT,SET,SET CONSTRAINTS,SHOW,START TRANSACTION,TRUNCATE TABLE,UNLISTEN,UPDATE,VACUUM", ",")

// Rewrites reports whether event triggers on table_rewrite may be restricted to a command tag.
func Rewrites(tag string) bool {
	return tag == "ALTER TABLE" || tag == "ALTER TYPE" || tag == "ALTER MATERIALIZED VIEW"
}

// Tag says of a command tag whether there is one, and whether event triggers fire for it.
func Tag(tag string) (known, fires bool) {
	verb, object, _ := strings.Cut(tag, " ")
	if verb == "CREATE" || verb == "ALTER" || verb == "DROP" {
		if slices.Contains(objects, object) {
			return true, true
		}
		if slices.Contains(globals, object) {
			return true, false
		}
	}
	fires = slices.Contains(otherTags, tag)
	return fires || slices.Contains(tagsWithout, tag), fires
}
