package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// largeRows of 400 bytes are more than what a transaction keeps in one record of the log.
const largeRows = 150_000

// runLarge kills the server under transactions that are written ahead of their commits. Each inserts rows, updates a part of those
// that are there and leaves a note; of a lake table most of the rows are loaded into files. A small transaction commits beside it all the time. Rows, columns and notes agree after a restart.
func (t *test) runLarge(rounds int, longest time.Duration) error {
	started := time.Now()
	if err := t.start(); err != nil {
		return err
	}
	ctx := context.Background()
	c, err := t.connect(ctx, "postgres")
	if err != nil {
		return err
	}
	key, using := t.tableForm()
	for _, sql := range []string{
		fmt.Sprintf("create table large (id bigint %s, round int not null, touched int not null default -1, filler text) %s", key, using),
		"create table rounds (round int primary key)",
		"create table small (id bigint primary key)",
	} {
		if _, err := c.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	c.Close(ctx)
	whole, small := 0, int64(0)
	for round := range rounds {
		acked := make(chan bool, 1)
		go func() { acked <- t.largeTransaction(ctx, round) }()
		beside := make(chan int64, 1)
		go func() { beside <- t.smallTransactions(ctx, small) }()
		select {
		case <-time.After(time.Duration(1 + rand.Int64N(int64(longest)))):
		case err := <-t.exited:
			return fmt.Errorf("round %d: server ended by itself: %v", round, err)
		}
		if err := t.server.Process.Kill(); err != nil {
			return err
		}
		<-t.exited
		must := <-acked
		small = <-beside
		if err := t.start(); err != nil {
			return fmt.Errorf("round %d: restart: %w", round, err)
		}
		there, err := t.verifyLarge(ctx, round, small)
		if err == nil && must && !there {
			err = fmt.Errorf("acknowledged large transaction %d is lost", round)
		}
		if err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		if there {
			whole++
		}
	}
	t.server.Process.Kill()
	<-t.exited
	fmt.Printf("crash: %d kills under large transactions in %v, %d of them there as a whole, the others absent; %d small ones beside them\n",
		rounds, time.Since(started).Round(time.Second), whole, small)
	return nil
}

// largeTransaction reports whether the commit was acknowledged.
func (t *test) largeTransaction(ctx context.Context, round int) bool {
	c, err := t.connect(ctx, "postgres")
	if err != nil {
		return false
	}
	defer c.Close(ctx)
	_, err = c.Exec(ctx, fmt.Sprintf(`begin; insert into large select %[1]d::bigint * %[2]d + g, %[1]d, -1, repeat('x', 400) || g from generate_series(1, %[2]d) g;
		update large set touched = %[1]d where id %% 10 = 0 and round < %[1]d; insert into rounds values (%[1]d); commit`, round, largeRows))
	return err == nil
}

// smallTransactions commits numbers from one on, which may be there already, and returns the first that was not acknowledged.
func (t *test) smallTransactions(ctx context.Context, from int64) int64 {
	c, err := t.connect(ctx, "postgres")
	if err != nil {
		return from
	}
	defer c.Close(ctx)
	for ; ; from++ {
		if _, err := c.Exec(ctx, "insert into small values ($1) on conflict do nothing", from); err != nil {
			return from
		}
	}
}

// verifyLarge reports whether the transaction of a round is there; it is an error if a part of any is.
func (t *test) verifyLarge(ctx context.Context, round int, small int64) (there bool, err error) {
	c, err := t.connect(ctx, "postgres")
	if err != nil {
		return false, err
	}
	defer c.Close(ctx)
	for _, columnar := range []string{"off", "on"} {
		if _, err := c.Exec(ctx, "set tarn.columnar = "+columnar); err != nil {
			return false, err
		}
		var rows, ids, notes, last, touched, acked int64
		if err := c.QueryRow(ctx, `select (select count(*) from large), (select count(distinct id) from large where length(filler) > 400), (select count(*) from rounds),
			(select coalesce(max(round), -1) from rounds), (select coalesce(max(touched), -1) from large), (select count(*) from small where id < $1)`, small).
			Scan(&rows, &ids, &notes, &last, &touched, &acked); err != nil {
			return false, err
		}
		there = last == int64(round)
		switch {
		case rows != notes*largeRows || ids != rows:
			return there, fmt.Errorf("columnar %s: %d rows and %d ids of %d transactions of %d", columnar, rows, ids, notes, largeRows)
		case notes > 1 && touched != last || notes <= 1 && touched != -1:
			return there, fmt.Errorf("columnar %s: rows were touched by transaction %d last, the last is %d", columnar, touched, last)
		case acked != small:
			return there, fmt.Errorf("columnar %s: %d of %d acknowledged small transactions", columnar, acked, small)
		}
	}
	return there, nil
}
