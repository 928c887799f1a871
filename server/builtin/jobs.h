// What the built-in worker can do: a const table of methods, one function each. Pure computation:
// it knows neither pipes nor threads.
#ifndef OFFLOAD_BUILTIN_JOBS_H
#define OFFLOAD_BUILTIN_JOBS_H

#include "builtin/answer.h"
#include "builtin/pulse.h"
#include "common/span.h"

#include <stddef.h>

#define SUM_SQUARES_MAX ((unsigned long long)1 << 42)

// Runs the method. An unknown one answers -32601. A long one beats `pulse` (may be NULL) some ten
// thousand times a second.
void jobs_run(struct span method, struct span params, const struct pulse *pulse,
              struct job_answer *ret_answer);

// The sum of i*i for from <= i < to, added to `sum`; exact as long as it fits into 128 bits.
unsigned __int128
sum_squares(unsigned long long from, unsigned long long to, unsigned __int128 sum);

// Writes it as decimal digits; returns the length. Needs 40 bytes.
size_t format_u128(unsigned __int128 value, char *text);

#endif
