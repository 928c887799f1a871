// Lengths of time and sizes as people write them in the configuration: 10s, 250ms, 5min, 4M, 64K.
#ifndef OFFLOAD_COMMON_UNITS_H
#define OFFLOAD_COMMON_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A number (digits, with an optional fraction) with a unit: us, ms, s, min, h, d; a bare number is
// seconds, as systemd.time(7) has it. Several may follow each other: "1min 30s". False if it is no
// time, does not fit, or is finer than a microsecond; *ret_us is then untouched.
bool units_parse_time(const char *text, int64_t *ret_us);

// Bytes with an optional suffix K, M, G, T to the base 1024 (an extra B or iB is accepted).
bool units_parse_size(const char *text, uint64_t *ret_bytes);

// A plain whole number within [least, most].
bool units_parse_number(const char *text, uint64_t least, uint64_t most, uint64_t *ret);

// yes/no, true/false, on/off, 1/0.
bool units_parse_bool(const char *text, bool *ret);

// A whole number of the largest unit that divides it, which the parser reads back to the same:
// "10s", "250ms", "4M". Always NUL-terminated.
#define UNITS_TEXT_MAX 64
void units_format_time(int64_t us, char text[UNITS_TEXT_MAX]);
void units_format_size(uint64_t bytes, char text[UNITS_TEXT_MAX]);

#endif
