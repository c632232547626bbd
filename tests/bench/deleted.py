"""Columnar reads of a table of which rows are deleted, against the same table without holes.

    tests/bench/deleted.py [--rows 3000000] [--runs 7] PORT     a Tarn that trusts user postgres

Deletes 1 % and then 10 % of the rows, spread evenly, and waits until the deletion vectors are published. Prints the best time of each query and
its ratio to the clean table's. The state is that of a table between two compactions: the holes are in every file."""

import argparse, time
from pgclient import Client, values

QUERIES = {
    "grouped sums": "SELECT flag, status, sum(quantity), sum(price), avg(price), count(*) FROM deleted_rows WHERE shipped <= date '2023-09-02' GROUP BY 1, 2 ORDER BY 1, 2",
    "selective sum": "SELECT sum(price * discount) FROM deleted_rows WHERE shipped >= date '2021-01-01' AND shipped < date '2022-01-01' AND discount BETWEEN 0.05 AND 0.07 AND quantity < 24",
    "group by text": "SELECT mode, count(*) FROM deleted_rows GROUP BY 1 ORDER BY 1",
    "top ten": "SELECT id, price FROM deleted_rows ORDER BY price DESC, id LIMIT 10",
    "sum": "SELECT sum(quantity) FROM deleted_rows",
    "count": "SELECT count(*) FROM deleted_rows",
}


def best(c, sql, runs):
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        c.query(sql)
        times.append(time.perf_counter() - began)
    return min(times) * 1e3


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--rows", type=int, default=3_000_000)
    p.add_argument("--runs", type=int, default=7)
    p.add_argument("port", type=int)
    a = p.parse_args()
    c = Client(a.port)
    c.query("DROP TABLE IF EXISTS deleted_rows")
    c.query(f"""CREATE TABLE deleted_rows AS SELECT i AS id, chr(65 + i % 3) AS flag, chr(70 + i % 2) AS status, (random() * 50)::int AS quantity,
        (random() * 100000)::numeric(12,2) AS price, (random() * 0.1)::numeric(4,2) AS discount, date '2020-01-01' + (random() * 1500)::int AS shipped,
        (array['AIR', 'FOB', 'MAIL', 'RAIL', 'REG AIR', 'SHIP', 'TRUCK'])[1 + i % 7] AS mode FROM generate_series(1, {a.rows}) i""")
    c.query("SET tarn.columnar = on")
    results = []
    for name, delete in ("clean", None), ("1 % deleted", "id % 100 = 7"), ("10 % deleted", "id % 10 = 3"):
        if delete:
            c.query("DELETE FROM deleted_rows WHERE " + delete)
        c.query("SELECT tarn.mirror_sync('deleted_rows')")
        time.sleep(5)  # the row shape's own work after the delete
        files, holes, tail = values(c.query("SELECT files, deleted_rows, tail_rows FROM tarn.mirrors WHERE table_name = 'public.deleted_rows'")[0])
        results.append((f"{name} ({files} files, {holes} holes, tail {tail})", [best(c, sql, a.runs) for sql in QUERIES.values()]))
    clean = results[0][1]
    print("| | " + " | ".join(QUERIES) + " | together |\n|---|" + "---|" * (len(QUERIES) + 1))
    for name, ms in results:
        print(f"| {name} | " + " | ".join(f"{m:.0f} ms, {m / k:.2f}" for m, k in zip(ms, clean)) + f" | {sum(ms) / sum(clean):.2f} |")
    c.query("DROP TABLE deleted_rows")


if __name__ == "__main__":
    main()
