package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
)

const branchUsage = `usage:
  tarn branch list
  tarn branch create NAME [--from BRANCH] [--at-lsn X/Y | --at-time TIME] [--ttl INTERVAL] [--protected] [--schema-only]
  tarn branch rename NAME NEW
  tarn branch reset NAME [--to-lsn X/Y | --to-time TIME]
  tarn branch drop NAME [--cascade]
  tarn branch diff SOURCE TARGET [--table NAME]
  tarn branch schema-diff SOURCE TARGET
  tarn branch merge SOURCE [--into BRANCH] [--on-conflict abort|use-source|use-target] [--dry-run]
with --dsn, a connection string of any branch of the database that the command does not change, and --json`

// branchCommand runs branch statements on a running server, for shells and CI, and prints what they answer, or the branch or branches that
// there are then.
func branchCommand(ctx context.Context, w io.Writer, args []string) error {
	if len(args) == 0 {
		return errors.New("branch: want a command\n" + branchUsage)
	}
	what, rest := args[0], args[1:]
	var names []string
	for len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		names, rest = append(names, rest[0]), rest[1:]
	}
	fs := flag.NewFlagSet("tarn branch "+what, flag.ContinueOnError)
	dsn := fs.String("dsn", "host=127.0.0.1 port=5432 user=postgres dbname=postgres", "connection string of the server")
	asJSON := fs.Bool("json", false, "print JSON")
	var o branchFlags
	o.register(fs, what)
	if err := fs.Parse(rest); err != nil {
		return err
	}
	sql, show, err := branchStatement(what, append(names, fs.Args()...), o)
	if err != nil {
		return err
	}
	c, err := pgconn.Connect(ctx, *dsn)
	if err != nil {
		return fmt.Errorf("branch %s: %w", what, err)
	}
	defer c.Close(context.WithoutCancel(ctx))
	if branchAnswers[what] {
		return printAnswer(ctx, w, c, sql, *asJSON)
	}
	if sql != "" {
		if _, err := c.Exec(ctx, sql).ReadAll(); err != nil {
			return serverError(err)
		}
	}
	if what == "drop" {
		return nil
	}
	return printBranches(ctx, w, c, show, *asJSON)
}

// branchFlags are those of all branch commands; each has its own.
type branchFlags struct {
	from, lsn, time, ttl           string
	protected, schemaOnly, cascade bool
	table, into, onConflict        string
	dryRun                         bool
}

// branchAnswers are the commands whose statements answer with rows.
var branchAnswers = map[string]bool{"diff": true, "schema-diff": true, "merge": true}

func (o *branchFlags) register(fs *flag.FlagSet, what string) {
	switch what {
	case "create":
		fs.StringVar(&o.from, "from", "", "parent; the branch of the connection when empty")
		fs.StringVar(&o.lsn, "at-lsn", "", "position of the parent's past")
		fs.StringVar(&o.time, "at-time", "", "moment of the parent's past")
		fs.StringVar(&o.ttl, "ttl", "", "interval after which it is dropped")
		fs.BoolVar(&o.protected, "protected", false, "refuse to drop or reset it")
		fs.BoolVar(&o.schemaOnly, "schema-only", false, "leave the rows out")
	case "reset":
		fs.StringVar(&o.lsn, "to-lsn", "", "position of its past; the parent's present when empty")
		fs.StringVar(&o.time, "to-time", "", "moment of its past")
	case "drop":
		fs.BoolVar(&o.cascade, "cascade", false, "drop its children too")
	case "diff":
		fs.StringVar(&o.table, "table", "", "table of the connection's branch; all when empty")
	case "merge":
		fs.StringVar(&o.into, "into", "", "target; the branch of the connection when empty")
		fs.StringVar(&o.onConflict, "on-conflict", "abort", "abort, use-source or use-target")
		fs.BoolVar(&o.dryRun, "dry-run", false, "show what there is to do and change nothing")
	}
}

// branchStatement is the statement of a command, and the branch to show afterwards; none: all.
func branchStatement(what string, names []string, o branchFlags) (sql, show string, err error) {
	wanted := map[string]int{"list": 0, "create": 1, "rename": 2, "reset": 1, "drop": 1, "diff": 2, "schema-diff": 2, "merge": 1}
	n, ok := wanted[what]
	switch {
	case !ok:
		return "", "", fmt.Errorf("branch: there is no command %q\n%s", what, branchUsage)
	case len(names) != n:
		return "", "", fmt.Errorf("branch %s: %d names given, want %d", what, len(names), n)
	case o.lsn != "" && o.time != "":
		return "", "", fmt.Errorf("branch %s: both a position and a moment", what)
	}
	point := ""
	if o.lsn != "" {
		point = "LSN " + ruleutils.QuoteLiteral(o.lsn)
	}
	if o.time != "" {
		point = "TIMESTAMP " + ruleutils.QuoteLiteral(o.time)
	}
	switch what {
	case "create":
		sql = "CREATE BRANCH " + identifier(names[0])
		if o.from != "" {
			sql += " FROM " + identifier(o.from)
		}
		if point != "" {
			sql += " AT " + point
		}
		var with []string
		if o.ttl != "" {
			with = append(with, "ttl = "+ruleutils.QuoteLiteral(o.ttl))
		}
		if o.protected {
			with = append(with, "protected = true")
		}
		if o.schemaOnly {
			with = append(with, "schema_only = true")
		}
		if with != nil {
			sql += " WITH (" + strings.Join(with, ", ") + ")"
		}
		return sql, names[0], nil
	case "rename":
		return "ALTER BRANCH " + identifier(names[0]) + " RENAME TO " + identifier(names[1]), names[1], nil
	case "reset":
		if point == "" {
			point = "PARENT"
		}
		return "ALTER BRANCH " + identifier(names[0]) + " RESET TO " + point, names[0], nil
	case "drop":
		sql = "DROP BRANCH " + identifier(names[0])
		if o.cascade {
			sql += " CASCADE"
		}
		return sql, "", nil
	case "diff":
		sql = "SELECT * FROM branch_diff(" + ruleutils.QuoteLiteral(names[0]) + ", " + ruleutils.QuoteLiteral(names[1])
		if o.table != "" {
			sql += ", " + ruleutils.QuoteLiteral(o.table)
		}
		return sql + ")", "", nil
	case "schema-diff":
		return "SELECT * FROM branch_schema_diff(" + ruleutils.QuoteLiteral(names[0]) + ", " + ruleutils.QuoteLiteral(names[1]) + ")", "", nil
	case "merge":
		sql, err = mergeStatement(names[0], o)
		return sql, "", err
	}
	return "", "", nil
}

func mergeStatement(source string, o branchFlags) (string, error) {
	sql := "MERGE BRANCH " + identifier(source)
	if o.into != "" {
		sql += " INTO " + identifier(o.into)
	}
	words, ok := map[string]string{"abort": "ABORT", "use-source": "USE SOURCE", "use-target": "USE TARGET"}[o.onConflict]
	if !ok {
		return "", fmt.Errorf("branch merge: --on-conflict is %q, want abort, use-source or use-target", o.onConflict)
	}
	sql += " ON CONFLICT " + words
	if o.dryRun {
		sql += " DRY RUN"
	}
	return sql, nil
}

// identifier quotes every name: words like IF would be more than a name in these statements.
func identifier(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func printBranches(ctx context.Context, w io.Writer, c *pgconn.PgConn, name string, asJSON bool) error {
	sql := "SELECT * FROM tarn.branches"
	if name != "" {
		sql += " WHERE name = " + ruleutils.QuoteLiteral(name)
	}
	if asJSON {
		sql = "SELECT coalesce(json_agg(b ORDER BY b.created_at), '[]') FROM (" + sql + ") b"
	} else {
		sql = "SELECT name, parent, state, branch_lsn, current_lsn, created_at, expires_at, protected, unique_bytes, shared_bytes FROM (" + sql + ") b ORDER BY created_at"
	}
	results, err := c.Exec(ctx, sql).ReadAll()
	if err != nil {
		return serverError(err)
	}
	if asJSON {
		var v any
		if err := json.Unmarshal(results[0].Rows[0][0], &v); err != nil {
			return err
		}
		return printJSON(w, v)
	}
	return printTable(w, results[0])
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// printAnswer prints the rows of a statement. In JSON each is an object; documents, numbers and truth values are what they are.
func printAnswer(ctx context.Context, w io.Writer, c *pgconn.PgConn, sql string, asJSON bool) error {
	results, err := c.Exec(ctx, sql).ReadAll()
	if err != nil {
		return serverError(err)
	}
	if !asJSON {
		return printTable(w, results[0])
	}
	out := []map[string]any{}
	for _, row := range results[0].Rows {
		o := map[string]any{}
		for i, f := range results[0].FieldDescriptions {
			o[f.Name] = jsonValue(f.DataTypeOID, row[i])
		}
		out = append(out, o)
	}
	return printJSON(w, out)
}

func jsonValue(oid uint32, text []byte) any {
	switch {
	case text == nil:
		return nil
	case oid == types.Bool:
		return string(text) == "t"
	case oid == types.Int8 || oid == types.JSONB:
		return json.RawMessage(text)
	}
	return string(text)
}

func printTable(w io.Writer, r *pgconn.Result) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for i, f := range r.FieldDescriptions {
		if i > 0 {
			fmt.Fprint(t, "\t")
		}
		fmt.Fprint(t, f.Name)
	}
	fmt.Fprintln(t)
	for _, row := range r.Rows {
		for i, v := range row {
			if i > 0 {
				fmt.Fprint(t, "\t")
			}
			fmt.Fprintf(t, "%s", v)
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

// serverError is what the server says, with detail and hint.
func serverError(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	text := e.Message + " (" + e.Code + ")"
	if e.Detail != "" {
		text += "\nDETAIL: " + e.Detail
	}
	if e.Hint != "" {
		text += "\nHINT: " + e.Hint
	}
	return errors.New(text)
}
