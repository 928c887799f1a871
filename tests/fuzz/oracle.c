// See oracle.h.
#include "tests/fuzz/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANTISSA_DIGITS_MAX 15
#define EXPONENT_DIGITS_MAX 2

// A copy in the making; it never becomes longer than its source.
struct rewrite {
    const char *at, *end;
    char *out;
    bool changed;
};

_Noreturn void
fuzz_failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

static bool
is_digit_at(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

static void
copy(struct rewrite *rewrite, size_t count)
{
    memcpy(rewrite->out, rewrite->at, count);
    rewrite->out += count;
    rewrite->at += count;
}

static void
copy_digits(struct rewrite *rewrite, size_t most)
{
    size_t count = 0;

    for (; is_digit_at(rewrite->at, rewrite->end); count++) {
        if (count < most) {
            *rewrite->out++ = *rewrite->at;
        } else {
            rewrite->changed = true;
        }
        rewrite->at++;
    }
}

// A number by its grammar, as far as it goes; anything wrong is left for jansson to find.
static void
copy_number(struct rewrite *rewrite)
{
    const char *at;

    if (*rewrite->at == '-')
        copy(rewrite, 1);
    if (!is_digit_at(rewrite->at, rewrite->end))
        return;
    if (*rewrite->at == '0')
        copy(rewrite, 1);
    else
        copy_digits(rewrite, MANTISSA_DIGITS_MAX);
    at = rewrite->at;
    if (at < rewrite->end && *at == '.' && is_digit_at(at + 1, rewrite->end)) {
        copy(rewrite, 1);
        copy_digits(rewrite, MANTISSA_DIGITS_MAX);
    }
    at = rewrite->at;
    if (at < rewrite->end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < rewrite->end && (*at == '+' || *at == '-'))
            at++;
        if (is_digit_at(at, rewrite->end)) {
            copy(rewrite, (size_t)(at - rewrite->at));
            copy_digits(rewrite, EXPONENT_DIGITS_MAX);
        }
    }
}

// The value of "\uXXXX" at `at`, -1 if none is there.
static long
unicode_escape(const char *at, const char *end)
{
    char digits[5] = {0};

    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    memcpy(digits, at + 2, 4);
    return strspn(digits, "0123456789abcdefABCDEF") == 4 ? strtol(digits, NULL, 16) : -1;
}

static void
replace_escape(struct rewrite *rewrite, const char *with)
{
    memcpy(rewrite->out, with, 6);
    rewrite->out += 6;
    rewrite->at += 6;
    rewrite->changed = true;
}

static void
copy_escape(struct rewrite *rewrite)
{
    long value = unicode_escape(rewrite->at, rewrite->end);

    if (value < 0) {
        copy(rewrite, rewrite->end - rewrite->at < 2 ? 1 : 2);
        return;
    }
    if (value >= 0xD800 && value <= 0xDBFF) {
        long low = unicode_escape(rewrite->at + 6, rewrite->end);

        if (low >= 0xDC00 && low <= 0xDFFF) {
            copy(rewrite, 12);
            return;
        }
    }
    if (value >= 0xD800 && value <= 0xDFFF)
        replace_escape(rewrite, "\\u0041");
    else if (value == 0)
        replace_escape(rewrite, "\\u0001");
    else
        copy(rewrite, 6);
}

static void
copy_string(struct rewrite *rewrite)
{
    copy(rewrite, 1);
    while (rewrite->at < rewrite->end) {
        if (*rewrite->at == '"') {
            copy(rewrite, 1);
            return;
        }
        if (*rewrite->at == '\\')
            copy_escape(rewrite);
        else
            copy(rewrite, 1);
    }
}

json_t *
oracle_load(const char *text, size_t length, bool *ret_changed)
{
    char *fit = malloc(length + 1);
    struct rewrite rewrite = {.at = text, .end = text + length, .out = fit};
    json_error_t error;
    json_t *value;

    FUZZ_CHECK(fit != NULL);
    while (rewrite.at < rewrite.end) {
        if (*rewrite.at == '"')
            copy_string(&rewrite);
        else if (*rewrite.at == '-' || is_digit_at(rewrite.at, rewrite.end))
            copy_number(&rewrite);
        else
            copy(&rewrite, 1);
    }
    value = json_loadb(fit, (size_t)(rewrite.out - fit), JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    // Were it not so, a difference would be hidden.
    FUZZ_CHECK(value != NULL || json_error_code(&error) != json_error_numeric_overflow);
    free(fit);
    if (ret_changed != NULL)
        *ret_changed = rewrite.changed;
    return value;
}

unsigned
oracle_depth(const char *text, size_t length)
{
    unsigned depth = 0, deepest = 0;
    bool in_string = false;

    for (size_t i = 0; i < length; i++) {
        if (in_string && text[i] == '\\') {
            i++;
        } else if (text[i] == '"') {
            in_string = !in_string;
        } else if (!in_string && (text[i] == '[' || text[i] == '{')) {
            if (++depth > deepest)
                deepest = depth;
        } else if (!in_string && (text[i] == ']' || text[i] == '}')) {
            depth--;
        }
    }
    return deepest;
}
