// How the scanner looks at the inside of strings: a part of scanner.c, apart because it is all that
// depends on the machine. Nothing at or behind `end` is ever read.
//
// Strings are where the bytes are: they are looked at 16 at a time where SSE2 is at hand (always on
// x86-64) and 8 at a time elsewhere. SCANNER_PORTABLE asks for the latter everywhere, for the
// tests.
#ifndef OFFLOAD_COMMON_SCANNER_STRING_H
#define OFFLOAD_COMMON_SCANNER_STRING_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(SCANNER_PORTABLE)
#define SCANNER_SSE2 1
#include <emmintrin.h>
#else
#define SCANNER_SSE2 0
#endif

// Bytes that a string may hold as they are and that need no further look.
static const bool is_plain[256] = {
    [0x20 ... 0x21] = true,
    [0x23 ... 0x5B] = true,
    [0x5D ... 0x7F] = true,
};

// What may follow a backslash, and what it means; 'u' is apart.
static const char escape_meaning[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

#if SCANNER_SSE2
// Compared as signed bytes everything from 0x80 on is below 0x20 too.
static inline const char *
skip_plain_blocks(const char *p, const char *end)
{
    const __m128i space = _mm_set1_epi8(0x20);
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');

    while (end - p >= 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i stops = _mm_or_si128(
            _mm_cmplt_epi8(block, space),
            _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash)));
        int mask = _mm_movemask_epi8(stops);

        if (mask != 0)
            return p + __builtin_ctz((unsigned)mask);
        p += 16;
    }
    return p;
}
#else
// The high bit of a byte of the result is set where a byte of x is zero (and perhaps in bytes above
// such a one: enough to know that there is one).
#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))
static inline uint64_t
zero_bytes(uint64_t x)
{
    return (x - EACH_BYTE(0x01)) & ~x & EACH_BYTE(0x80);
}

static inline const char *
skip_plain_blocks(const char *p, const char *end)
{
    while (end - p >= 8) {
        uint64_t block, stops;

        memcpy(&block, p, sizeof(block));
        stops = zero_bytes(block ^ EACH_BYTE('"')) | zero_bytes(block ^ EACH_BYTE('\\')) |
                ((block - EACH_BYTE(0x20)) & EACH_BYTE(0x80)) | (block & EACH_BYTE(0x80));
        if (stops != 0)
            return p;
        p += 8;
    }
    return p;
}
#endif

static inline const char *
skip_plain(const char *p, const char *end)
{
    p = skip_plain_blocks(p, end);
    while (p < end && is_plain[(unsigned char)*p])
        p++;
    return p;
}

// The value of four hexadecimal digits, -1 if they are none.
static inline int
hex4(const char *p)
{
    int value = 0;

    for (int i = 0; i < 4; i++) {
        unsigned char digit = (unsigned char)p[i];
        unsigned char letter = digit | 0x20;

        if (digit >= '0' && digit <= '9')
            value = value * 16 + (digit - '0');
        else if (letter >= 'a' && letter <= 'f')
            value = value * 16 + (letter - 'a' + 10);
        else
            return -1;
    }
    return value;
}

// What the escape at `p` means; *ret_after is behind it. A surrogate that has no partner is U+FFFD.
static inline uint32_t
read_escape(const char *p, const char *end, const char **ret_after)
{
    int high, low;

    if (p[1] != 'u') {
        *ret_after = p + 2;
        return (unsigned char)escape_meaning[(unsigned char)p[1]];
    }
    high = hex4(p + 2);
    *ret_after = p + 6;
    if (high < 0xD800 || high > 0xDFFF)
        return (uint32_t)high;
    if (high > 0xDBFF || end - p < 12 || p[6] != '\\' || p[7] != 'u')
        return 0xFFFD;
    low = hex4(p + 8);
    if (low < 0xDC00 || low > 0xDFFF)
        return 0xFFFD;
    *ret_after = p + 12;
    return 0x10000 + (((uint32_t)high - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
}

#endif
