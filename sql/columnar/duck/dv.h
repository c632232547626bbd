#ifndef TARN_DV_H
#define TARN_DV_H

#include <stddef.h>
#include <stdint.h>

// What is deleted of the files of one query: for each file a bit per row, set where it is deleted. bits[i] is NULL for a
// file without deletions; rows[i] is the number of its bits.
typedef struct {
	uint64_t files;
	uint64_t **bits;
	uint64_t *rows;
} tarn_dv;

tarn_dv *tarn_dv_new(uint64_t files);
uint64_t *tarn_dv_file(tarn_dv *d, uint64_t file, uint64_t rows);
void tarn_dv_free(tarn_dv *d);

// dv_keep(handle, file, row) as a scalar function of DuckDB's C API: whether the row is there.
void tarn_dv_keep(void *info, void *chunk, void *out);

#endif
