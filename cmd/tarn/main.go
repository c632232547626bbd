// Command tarn is a Postgres-wire database with the lakehouse built in.
//
//	tarn serve   [--data DIR] [--listen ADDR] …   run the server
//	tarn branch  list|create|rename|reset|drop …   branches of a running server
//	tarn inspect wal|kv DIR                       print a stopped store's log or keys
//	tarn inspect delta DIR                        print a Delta table
//	tarn check   DIR                              verify a stopped data directory, a Delta table, or an archive
//	tarn restore --from ARCHIVE --data DIR        make a data directory of an archive
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage:
  tarn serve [--data DIR] [--listen 127.0.0.1:5432] [--warehouse DIR|s3://…] [--config FILE] …
  tarn branch list|create|rename|reset|drop [NAME] [--dsn DSN] [--json] …
  tarn inspect wal|kv DIR [--from LSN] [--limit N] [--table ID] [--summary]
  tarn inspect delta DIR|s3://bucket/table
  tarn check [--warehouse DIR|s3://…] DIR|s3://bucket/table|ARCHIVE
  tarn restore --from ARCHIVE --data DIR [--database NAME [--branch NAME]] [--to-lsn LSN | --to-time TIME] [--warehouse DIR|s3://…]

tarn COMMAND --help lists a command's flags.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	var err error
	switch args := os.Args[2:]; os.Args[1] {
	case "serve":
		err = serve(ctx, args)
	case "branch":
		err = branchCommand(ctx, os.Stdout, args)
	case "inspect":
		err = inspect(os.Stdout, args)
	case "restore":
		err = restore(ctx, os.Stdout, args)
	case "check":
		err = check(ctx, os.Stdout, args)
	case "help", "-h", "--help":
		fmt.Print(usage)
	default:
		fmt.Fprintf(os.Stderr, "tarn: unknown command %q\n\n%s", os.Args[1], usage)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tarn:", err)
		os.Exit(1)
	}
}
