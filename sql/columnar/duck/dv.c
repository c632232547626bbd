#include "dv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// The part of DuckDB's stable C API that is used here.
extern uint64_t duckdb_data_chunk_get_size(void *chunk);
extern void *duckdb_data_chunk_get_vector(void *chunk, uint64_t col);
extern void *duckdb_vector_get_data(void *vector);
extern void duckdb_scalar_function_set_error(void *info, const char *error);

tarn_dv *tarn_dv_new(uint64_t files) {
	tarn_dv *d = calloc(1, sizeof *d);
	if (d == NULL) {
		return NULL;
	}
	d->files = files;
	d->bits = calloc(files + 1, sizeof *d->bits);
	d->rows = calloc(files + 1, sizeof *d->rows);
	if (d->bits == NULL || d->rows == NULL) {
		tarn_dv_free(d);
		return NULL;
	}
	return d;
}

uint64_t *tarn_dv_file(tarn_dv *d, uint64_t file, uint64_t rows) {
	d->bits[file] = calloc(rows / 64 + 1, sizeof **d->bits);
	d->rows[file] = rows;
	return d->bits[file];
}

void tarn_dv_free(tarn_dv *d) {
	if (d == NULL) {
		return;
	}
	for (uint64_t i = 0; d->bits != NULL && i < d->files; i++) {
		free(d->bits[i]);
	}
	free(d->bits);
	free(d->rows);
	free(d);
}

// keep_run answers for n rows of one file that follow each other.
static void keep_run(const uint64_t *bits, uint64_t row, bool *keep, uint64_t n) {
	for (uint64_t i = 0; i < n;) {
		uint64_t word = bits[row >> 6] >> (row & 63), end = i + 64 - (row & 63);
		if (end > n) {
			end = n;
		}
		row += end - i;
		if (word == 0) {
			memset(keep + i, 1, end - i);
			i = end;
			continue;
		}
		for (; i < end; i++, word >>= 1) {
			keep[i] = (word & 1) == 0;
		}
	}
}

void tarn_dv_keep(void *info, void *chunk, void *out) {
	uint64_t n = duckdb_data_chunk_get_size(chunk);
	const uint64_t *handle = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0));
	const uint64_t *file = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 1));
	const uint64_t *row = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 2));
	bool *keep = duckdb_vector_get_data(out);
	if (n == 0) {
		return;
	}
	// A chunk of a scan is of one file, and of rows that follow each other unless a filter came first. Sums of differences are
	// loops that the compiler makes wide.
	uint64_t mixed = 0, apart = 0;
	for (uint64_t i = 0; i < n; i++) {
		mixed |= (handle[i] ^ handle[0]) | (file[i] ^ file[0]);
		apart |= row[i] ^ (row[0] + i);
	}
	for (uint64_t i = 0; i < n;) {
		const tarn_dv *d = (const tarn_dv *)(uintptr_t)handle[i];
		uint64_t f = file[i], end = mixed ? i + 1 : n;
		if (f >= d->files) {
			duckdb_scalar_function_set_error(info, "dv_keep: a file that the query does not have");
			return;
		}
		const uint64_t *bits = d->bits[f];
		if (bits == NULL) {
			memset(keep + i, 1, end - i);
		} else if (!apart || mixed) {
			uint64_t first = row[i];
			if (first >= d->rows[f] || end - i > d->rows[f] - first) {
				duckdb_scalar_function_set_error(info, "dv_keep: a row beyond its file");
				return;
			}
			keep_run(bits, first, keep + i, end - i);
		} else {
			for (uint64_t k = i; k < end; k++) {
				if (row[k] >= d->rows[f]) {
					duckdb_scalar_function_set_error(info, "dv_keep: a row beyond its file");
					return;
				}
				keep[k] = ((bits[row[k] >> 6] >> (row[k] & 63)) & 1) == 0;
			}
		}
		i = end;
	}
}
