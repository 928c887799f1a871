// See units.h. All arithmetic is exact and in integers: a configuration that says 0.1s means 100000
// microseconds, and what does not fit is refused instead of rounded.
#include "common/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit {
    const char *name;
    uint64_t factor;
};

// From the largest, so that the printer finds the largest that divides.
static const struct unit time_units[] = {
    {"d", 86400000000}, {"h", 3600000000}, {"min", 60000000},
    {"s", 1000000},     {"ms", 1000},      {"us", 1},
};
#define TIME_UNITS  (sizeof(time_units) / sizeof(time_units[0]))
#define TIME_SECOND 3 // the unit of a bare number

static const struct unit size_units[] = {
    {"T", (uint64_t)1 << 40},
    {"G", (uint64_t)1 << 30},
    {"M", (uint64_t)1 << 20},
    {"K", (uint64_t)1 << 10},
};
#define SIZE_UNITS (sizeof(size_units) / sizeof(size_units[0]))

// No unit has an exact fraction of more decimals than this (a day is 2^13 * 5^8 * 27 microseconds),
// and ten to its power still fits into 64 bits.
#define DECIMALS_MAX 18

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *
skip_blanks(const char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    return text;
}

// Reads digits (at least one) as a whole number; NULL if there are none or too many.
static const char *
parse_digits(const char *text, uint64_t *ret)
{
    uint64_t value = 0;

    if (!is_digit(*text))
        return NULL;
    for (; is_digit(*text); text++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return NULL;
    *ret = value;
    return text;
}

// Reads the digits after a decimal point as numerator / denominator; NULL if there are none or more
// than any unit has.
static const char *
parse_decimals(const char *text, uint64_t *ret_numerator, uint64_t *ret_denominator)
{
    size_t digits = strspn(text, "0123456789");
    size_t significant = digits;
    uint64_t numerator = 0;
    uint64_t denominator = 1;

    while (significant > 0 && text[significant - 1] == '0')
        significant--;
    if (digits == 0 || significant > DECIMALS_MAX)
        return NULL;
    for (size_t i = 0; i < significant; i++) {
        numerator = numerator * 10 + (uint64_t)(text[i] - '0');
        denominator *= 10;
    }
    *ret_numerator = numerator;
    *ret_denominator = denominator;
    return text + digits;
}

// Reads a time's unit. A number without one is in seconds, but then it must be the whole text: "1
// 30" would leave open what was meant.
static const char *
parse_time_unit(const char *text, bool alone, uint64_t *ret_factor)
{
    size_t length = 0;

    while (is_letter(text[length]))
        length++;
    if (length == 0) {
        if (!alone || *text != '\0')
            return NULL;
        *ret_factor = time_units[TIME_SECOND].factor;
        return text;
    }
    for (size_t i = 0; i < TIME_UNITS; i++)
        if (strlen(time_units[i].name) == length && memcmp(time_units[i].name, text, length) == 0) {
            *ret_factor = time_units[i].factor;
            return text + length;
        }
    return NULL;
}

// One "NUMBER UNIT" and the blanks after it; NULL if it is none or not a whole number of
// microseconds.
static const char *
parse_time_part(const char *text, bool alone, uint64_t *ret_us)
{
    uint64_t whole;
    uint64_t numerator = 0;
    uint64_t denominator = 1;
    uint64_t factor;
    unsigned __int128 fraction;

    text = parse_digits(text, &whole);
    if (text != NULL && *text == '.')
        text = parse_decimals(text + 1, &numerator, &denominator);
    if (text == NULL)
        return NULL;
    text = parse_time_unit(skip_blanks(text), alone, &factor);
    if (text == NULL)
        return NULL;
    fraction = (unsigned __int128)numerator * factor;
    if (fraction % denominator != 0 || __builtin_mul_overflow(whole, factor, &whole) ||
        __builtin_add_overflow(whole, (uint64_t)(fraction / denominator), &whole))
        return NULL;
    *ret_us = whole;
    return skip_blanks(text);
}

bool
units_parse_time(const char *text, int64_t *ret_us)
{
    int64_t total = 0;
    uint64_t part;
    bool alone = true;

    text = skip_blanks(text);
    do {
        text = parse_time_part(text, alone, &part);
        if (text == NULL || __builtin_add_overflow(total, part, &total))
            return false;
        alone = false;
    } while (*text != '\0');
    *ret_us = total;
    return true;
}

bool
units_parse_size(const char *text, uint64_t *ret_bytes)
{
    uint64_t bytes;
    uint64_t factor = 1;
    bool scaled = false;

    text = parse_digits(text, &bytes);
    if (text == NULL)
        return false;
    for (size_t i = 0; i < SIZE_UNITS && !scaled; i++)
        if (*text == size_units[i].name[0]) {
            factor = size_units[i].factor;
            scaled = true;
            text++;
        }
    if (strcmp(text, "B") != 0 && *text != '\0' && !(scaled && strcmp(text, "iB") == 0))
        return false;
    if (__builtin_mul_overflow(bytes, factor, &bytes))
        return false;
    *ret_bytes = bytes;
    return true;
}

bool
units_parse_number(const char *text, uint64_t least, uint64_t most, uint64_t *ret)
{
    uint64_t value;

    text = parse_digits(text, &value);
    if (text == NULL || *text != '\0' || value < least || value > most)
        return false;
    *ret = value;
    return true;
}

bool
units_parse_bool(const char *text, bool *ret)
{
    static const char *const words[][2] = {
        {"no", "yes"}, {"false", "true"}, {"off", "on"}, {"0", "1"}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        for (int value = 0; value <= 1; value++)
            if (strcasecmp(text, words[i][value]) == 0) {
                *ret = value == 1;
                return true;
            }
    return false;
}

void
units_format_time(int64_t us, char text[UNITS_TEXT_MAX])
{
    size_t i = us == 0 ? TIME_SECOND : 0;

    while (us % (int64_t)time_units[i].factor != 0)
        i++;
    snprintf(text, UNITS_TEXT_MAX, "%" PRId64 "%s", us / (int64_t)time_units[i].factor,
             time_units[i].name);
}

void
units_format_size(uint64_t bytes, char text[UNITS_TEXT_MAX])
{
    for (size_t i = 0; i < SIZE_UNITS && bytes != 0; i++)
        if (bytes % size_units[i].factor == 0) {
            snprintf(text, UNITS_TEXT_MAX, "%" PRIu64 "%s", bytes / size_units[i].factor,
                     size_units[i].name);
            return;
        }
    snprintf(text, UNITS_TEXT_MAX, "%" PRIu64, bytes);
}
