#include "numeric.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef unsigned __int128 u128;

// The part of DuckDB's stable C API that is used here.
extern uint64_t duckdb_data_chunk_get_size(void *chunk);
extern void *duckdb_data_chunk_get_vector(void *chunk, uint64_t col);
extern void *duckdb_vector_get_data(void *vector);
extern uint64_t *duckdb_vector_get_validity(void *vector);
extern void duckdb_vector_ensure_validity_writable(void *vector);
extern void *duckdb_vector_get_column_type(void *vector);
extern void duckdb_destroy_logical_type(void **type);
extern int duckdb_get_type_id(void *type);
extern uint8_t duckdb_decimal_scale(void *type);
extern int duckdb_decimal_internal_type(void *type);
extern void duckdb_scalar_function_set_error(void *info, const char *error);

enum { SMALLINT = 3, INTEGER = 4, BIGINT = 5, HUGEINT = 16, DECIMAL = 19 }; // of duckdb_type

// operand is an argument: a column of numbers of some width with scale digits after the point.
typedef struct {
	const void *data;
	const uint64_t *valid;
	const int32_t *shown; // display scales
	int width, scale;
} operand;

static bool open_operand(operand *o, void *chunk, uint64_t at) {
	void *vec = duckdb_data_chunk_get_vector(chunk, at);
	void *type = duckdb_vector_get_column_type(vec);
	int id = duckdb_get_type_id(type);
	o->scale = 0;
	if (id == DECIMAL) {
		o->scale = duckdb_decimal_scale(type);
		id = duckdb_decimal_internal_type(type);
	}
	duckdb_destroy_logical_type(&type);
	o->data = duckdb_vector_get_data(vec);
	o->valid = duckdb_vector_get_validity(vec);
	o->shown = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, at + 2));
	o->width = id;
	return id == SMALLINT || id == INTEGER || id == BIGINT || id == HUGEINT;
}

static u128 magnitude(const operand *o, uint64_t row, bool *negative) {
	__int128 v;
	switch (o->width) {
	case SMALLINT:
		v = ((const int16_t *)o->data)[row];
		break;
	case INTEGER:
		v = ((const int32_t *)o->data)[row];
		break;
	case BIGINT:
		v = ((const int64_t *)o->data)[row];
		break;
	default: {
		const uint64_t *half = (const uint64_t *)o->data + 2 * row; // the low one first
		v = (__int128)(((u128)half[1] << 64) | half[0]);
	}
	}
	*negative = v < 0;
	return v < 0 ? -(u128)v : (u128)v;
}

#define MOST_DIGITS 38

static u128 power(int n) {
	static const uint64_t small[] = {1ULL, 10ULL, 100ULL, 1000ULL, 10000ULL, 100000ULL, 1000000ULL, 10000000ULL, 100000000ULL, 1000000000ULL,
		10000000000ULL, 100000000000ULL, 1000000000000ULL, 10000000000000ULL, 100000000000000ULL, 1000000000000000ULL, 10000000000000000ULL,
		100000000000000000ULL, 1000000000000000000ULL, 10000000000000000000ULL};
	return n < 20 ? (u128)small[n] : (u128)small[19] * small[n - 19];
}

static int digits(u128 a) {
	int n = 1;
	while (n <= MOST_DIGITS && a >= power(n)) {
		n++;
	}
	return n;
}

// leading gives the first digit to base 10000 of a * 10^-scale, and its place.
static void leading(u128 a, int scale, int *first, int *weight) {
	*first = *weight = 0;
	if (a == 0) {
		return;
	}
	int n = digits(a), e = n - 1 - scale;
	*weight = e >= 0 ? e / 4 : -((-e + 3) / 4);
	int k = e - 4 * *weight + 1;
	*first = n >= k ? (int)(a / power(n - k)) : (int)(a * power(k - n));
}

// quotient_scale is select_div_scale of PostgreSQL's numeric.c: at least 16 significant digits.
static int quotient_scale(u128 a, int scale_a, int shown_a, u128 b, int scale_b, int shown_b) {
	int fa, wa, fb, wb;
	leading(a, scale_a, &fa, &wa);
	leading(b, scale_b, &fb, &wb);
	int weight = wa - wb - (fa <= fb);
	int scale = 16 - 4 * weight;
	scale = scale > shown_a ? scale : shown_a;
	scale = scale > shown_b ? scale : shown_b;
	return scale > 0 ? scale : 0;
}

// quotient rounds a / b to scale digits and gives it with TARN_DIV_SCALE digits; false where it does not fit.
static bool quotient(u128 a, int scale_a, u128 b, int scale_b, int scale, u128 *out) {
	*out = 0;
	if (a == 0) {
		return true;
	}
	int shift = scale - scale_a + scale_b;
	if (shift < 0 || shift > MOST_DIGITS || a > ~(u128)0 / power(shift)) {
		return false;
	}
	a *= power(shift);
	u128 q = a / b, rest = a % b;
	q += rest >= b - rest;
	if (scale > TARN_DIV_SCALE) {
		int more = scale - TARN_DIV_SCALE;
		if (more > MOST_DIGITS || q % power(more) != 0) {
			return false;
		}
		*out = q / power(more);
	} else {
		if (q >= power(MOST_DIGITS) / power(TARN_DIV_SCALE - scale)) {
			return false;
		}
		*out = q * power(TARN_DIV_SCALE - scale);
	}
	return *out < power(MOST_DIGITS);
}

static void divide(void *info, void *chunk, void *out, bool only_scale) {
	operand x, y;
	if (!open_operand(&x, chunk, 0) || !open_operand(&y, chunk, 1)) {
		duckdb_scalar_function_set_error(info, "numeric_div: an argument that is no exact number");
		return;
	}
	uint64_t n = duckdb_data_chunk_get_size(chunk);
	duckdb_vector_ensure_validity_writable(out);
	uint64_t *valid = duckdb_vector_get_validity(out);
	void *data = duckdb_vector_get_data(out);
	for (uint64_t i = 0; i < n; i++) {
		uint64_t word = i >> 6, bit = 1ULL << (i & 63);
		if ((x.valid != NULL && !(x.valid[word] & bit)) || (y.valid != NULL && !(y.valid[word] & bit))) {
			valid[word] &= ~bit;
			continue;
		}
		bool na, nb;
		u128 a = magnitude(&x, i, &na), b = magnitude(&y, i, &nb), q;
		int scale = b == 0 ? 0 : quotient_scale(a, x.scale, x.shown[i], b, y.scale, y.shown[i]);
		if (only_scale) {
			((int32_t *)data)[i] = scale;
			continue;
		}
		if (b == 0 || !quotient(a, x.scale, b, y.scale, scale, &q)) {
			valid[word] &= ~bit;
			continue;
		}
		q = na != nb ? -q : q;
		((uint64_t *)data)[2 * i] = (uint64_t)q;
		((uint64_t *)data)[2 * i + 1] = (uint64_t)(q >> 64);
	}
}

void tarn_numeric_div(void *info, void *chunk, void *out) { divide(info, chunk, out, false); }
void tarn_numeric_div_scale(void *info, void *chunk, void *out) { divide(info, chunk, out, true); }
