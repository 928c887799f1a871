// How the scanner looks at the inside of strings: a part of scanner.c, apart because it is all that
// depends on the machine. Nothing at or behind `end` is ever read.
//
// Strings are where the bytes are: they are looked at 16 at a time where SSE2 is at hand (always on
// x86-64), long ones 32 at a time if the processor has AVX2, and 8 at a time elsewhere.
// SCANNER_PORTABLE asks for the latter everywhere, for the tests.
#ifndef OFFLOAD_COMMON_SCANNER_STRING_H
#define OFFLOAD_COMMON_SCANNER_STRING_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(SCANNER_PORTABLE)
#define SCANNER_SSE2 1
#include <immintrin.h>
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
// The high bit of each byte at which to stop. As signed bytes all from 0x80 on are below 0x20 too,
// so that less 0x20 they are negative, as the control characters are.
static inline __m128i
find_stops(const char *p)
{
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i below = _mm_subs_epi8(block, _mm_set1_epi8(0x20));
    __m128i quotes = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
    __m128i backslashes = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));

    return _mm_or_si128(below, _mm_or_si128(quotes, backslashes));
}

#define FAR_MIN 512 // bytes from which on it pays to ask the processor

// 128 bytes at a time; those with the stop are left for others.
__attribute__((target("avx2"))) static inline const char *
skip_plain_far(const char *p, const char *end)
{
    const __m256i space = _mm256_set1_epi8(0x20);
    const __m256i quote = _mm256_set1_epi8('"');
    const __m256i backslash = _mm256_set1_epi8('\\');

    for (; end - p >= 128; p += 128) {
        __m256i stops = _mm256_setzero_si256();

        for (int i = 0; i < 4; i++) {
            __m256i block = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32 * i));

            stops = _mm256_or_si256(stops, _mm256_subs_epi8(block, space));
            stops = _mm256_or_si256(stops, _mm256_cmpeq_epi8(block, quote));
            stops = _mm256_or_si256(stops, _mm256_cmpeq_epi8(block, backslash));
        }
        if (_mm256_movemask_epi8(stops) != 0)
            break;
    }
    return p;
}

// 64 bytes at a time, likewise.
static inline const char *
skip_plain_stretch(const char *p, const char *end)
{
    while (end - p >= 64) {
        __m128i first = _mm_or_si128(find_stops(p), find_stops(p + 16));
        __m128i second = _mm_or_si128(find_stops(p + 32), find_stops(p + 48));

        if (_mm_movemask_epi8(_mm_or_si128(first, second)) != 0)
            return p;
        p += 64;
    }
    return p;
}

// Past the first 16 bytes; most strings end there.
static const char *
skip_plain_long(const char *p, const char *end)
{
    if (end - p >= FAR_MIN && __builtin_cpu_supports("avx2"))
        p = skip_plain_far(p, end);
    p = skip_plain_stretch(p, end);
    while (end - p >= 16) {
        int mask = _mm_movemask_epi8(find_stops(p));

        if (mask != 0)
            return p + __builtin_ctz((unsigned)mask);
        p += 16;
    }
    return p;
}

static inline const char *
skip_plain_blocks(const char *p, const char *end)
{
    int mask;

    if (end - p < 16)
        return p;
    mask = _mm_movemask_epi8(find_stops(p));
    return mask != 0 ? p + __builtin_ctz((unsigned)mask) : skip_plain_long(p + 16, end);
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
