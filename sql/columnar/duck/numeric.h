#ifndef TARN_NUMERIC_H
#define TARN_NUMERIC_H

// The digits after the point of numeric_div's results.
#define TARN_DIV_SCALE 20

// numeric_div(a, b, sa, sb) and numeric_div_scale(a, b, sa, sb) as scalar functions of DuckDB's C API: a / b as PostgreSQL's numeric has it,
// and its display scale. a and b are decimals or integers, sa and sb their display scales. The quotient is NULL where there is none (b is 0) or
// where it needs more digits; the caller makes that an error. The function itself must not raise one: DuckDB also runs it over values of a
// dictionary that no row has.
void tarn_numeric_div(void *info, void *chunk, void *out);
void tarn_numeric_div_scale(void *info, void *chunk, void *out);

#endif
