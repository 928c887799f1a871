// UTF-8 by the letter of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. Plain
// functions over bytes; knows nothing of JSON.
#ifndef OFFLOAD_COMMON_UTF8_H
#define OFFLOAD_COMMON_UTF8_H

#include "common/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline int
utf8_is_tail(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

// The length (2 to 4) of the well-formed sequence of several bytes that begins at `at`, 0 if none
// does; looks at nothing from `end` on. The bounds of the second byte are those of table 3-7 of the
// Unicode standard, which keep out the overlong forms and the surrogates.
static inline size_t
utf8_sequence(const char *at, const char *end)
{
    const unsigned char *b = (const unsigned char *)at;
    size_t left = (size_t)(end - at);

    if (left < 2 || b[0] < 0xC2 || b[0] > 0xF4)
        return 0;
    if (b[0] < 0xE0)
        return utf8_is_tail(b[1]) ? 2 : 0;
    if (left < 3 || !utf8_is_tail(b[1]) || !utf8_is_tail(b[2]))
        return 0;
    if (b[0] < 0xF0) {
        if ((b[0] == 0xE0 && b[1] < 0xA0) || (b[0] == 0xED && b[1] > 0x9F))
            return 0;
        return 3;
    }
    if (left < 4 || !utf8_is_tail(b[3]))
        return 0;
    if ((b[0] == 0xF0 && b[1] < 0x90) || (b[0] == 0xF4 && b[1] > 0x8F))
        return 0;
    return 4;
}

// Writes a code point (at most U+10FFFF, no surrogate) and returns how many bytes it took, 1 to 4.
static inline size_t
utf8_write(uint32_t code_point, char *into)
{
    if (code_point < 0x80) {
        into[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        into[0] = (char)(0xC0 | (code_point >> 6));
        into[1] = (char)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point < 0x10000) {
        into[0] = (char)(0xE0 | (code_point >> 12));
        into[1] = (char)(0x80 | ((code_point >> 6) & 0x3F));
        into[2] = (char)(0x80 | (code_point & 0x3F));
        return 3;
    }
    into[0] = (char)(0xF0 | (code_point >> 18));
    into[1] = (char)(0x80 | ((code_point >> 12) & 0x3F));
    into[2] = (char)(0x80 | ((code_point >> 6) & 0x3F));
    into[3] = (char)(0x80 | (code_point & 0x3F));
    return 4;
}

// True if all of it is UTF-8; NULs are.
static inline bool
utf8_is_valid(struct span text)
{
    const char *at = text.at;
    const char *end = text.at + text.length;

    while (at < end) {
        size_t length = (unsigned char)*at < 0x80 ? 1 : utf8_sequence(at, end);

        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

#endif
