#include "dv.h"

#include <stdbool.h>
#include <stdlib.h>

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

void tarn_dv_keep(void *info, void *chunk, void *out) {
	uint64_t n = duckdb_data_chunk_get_size(chunk);
	const uint64_t *handle = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0));
	const uint64_t *file = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 1));
	const int64_t *row = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 2));
	bool *keep = duckdb_vector_get_data(out);
	for (uint64_t i = 0; i < n; i++) {
		const tarn_dv *d = (const tarn_dv *)(uintptr_t)handle[i];
		uint64_t f = file[i], r = (uint64_t)row[i];
		if (f >= d->files || (d->bits[f] != NULL && r >= d->rows[f])) {
			duckdb_scalar_function_set_error(info, "dv_keep: a row beyond its file");
			return;
		}
		keep[i] = d->bits[f] == NULL || ((d->bits[f][r >> 6] >> (r & 63)) & 1) == 0;
	}
}
