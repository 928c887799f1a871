// The sum of squares: the CPU work that the built-in worker offers, and that `offload bench` does
// itself for comparison.
#ifndef OFFLOAD_COMMON_SUM_SQUARES_H
#define OFFLOAD_COMMON_SUM_SQUARES_H

#include <stddef.h>

// The largest n whose sum fits.
#define SUM_SQUARES_MAX ((unsigned long long)1 << 42)

// The sum of i*i for from <= i < to, added to `sum`.
unsigned __int128
sum_squares(unsigned long long from, unsigned long long to, unsigned __int128 sum);

// Writes it as decimal digits; returns the length. Needs 40 bytes.
size_t format_u128(unsigned __int128 value, char *text);

#endif
