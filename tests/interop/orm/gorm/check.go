// Package main checks that GORM works, the same on Tarn and on PostgreSQL; see ../compare.py.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// check prints "pass NAME VALUE" or "fail NAME MESSAGE" on one line; VALUE is what PostgreSQL must give too.
func check(name string, act func() (any, error)) {
	value, err := run(act)
	if err != nil {
		fmt.Printf("fail %s %s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	text, err := json.Marshal(value)
	if err != nil {
		text = []byte(err.Error())
	}
	fmt.Printf("pass %s %s\n", name, text)
}

func run(act func() (any, error)) (value any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return act()
}

// refused is what the server said to a statement that must fail.
func refused(err error) (any, error) {
	said := (*pgconn.PgError)(nil)
	if !errors.As(err, &said) {
		return nil, fmt.Errorf("was not refused: %v", err)
	}
	return []string{said.Code, said.Message, moment.ReplaceAllString(said.Detail, "TIME"), said.Hint, said.SchemaName, said.TableName, said.ColumnName, said.ConstraintName}, nil
}

var moment = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:[\d.+]+`)

// fresh makes a new database on the server at $SERVER_URL and gives its address.
func fresh(name string) string {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, os.Getenv("SERVER_URL")+"/postgres")
	if err != nil {
		panic(err)
	}
	defer conn.Close(ctx)
	for _, sql := range []string{"drop database if exists " + name + " with (force)", "create database " + name} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			panic(err)
		}
	}
	return os.Getenv("SERVER_URL") + "/" + name
}
