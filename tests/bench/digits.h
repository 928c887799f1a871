// Whole numbers as decimal digits, both ways: a load of a million jobs a second is no place for
// printf(3).
#ifndef BENCH_DIGITS_H
#define BENCH_DIGITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DIGITS_MAX 20

// Writes the number at `at`, without a NUL; the end of what was written.
static inline char *
digits_write(char *at, uint64_t number)
{
    char digits[DIGITS_MAX];
    size_t count = 0;

    do
        digits[DIGITS_MAX - ++count] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    memcpy(at, digits + DIGITS_MAX - count, count);
    return at + count;
}

// Reads digits from *at on, which is then behind them; false if there are none. More than 19 digits
// are none of ours.
static inline bool
digits_read(const char **at, const char *end, uint64_t *ret_number)
{
    const char *from = *at;
    uint64_t number = 0;

    for (; *at < end && **at >= '0' && **at <= '9'; ++*at)
        number = number * 10 + (uint64_t)(**at - '0');
    *ret_number = number;
    return *at > from && *at - from <= DIGITS_MAX;
}

#endif
