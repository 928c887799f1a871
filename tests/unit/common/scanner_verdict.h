// What the scanner says about a text, by both ways through it. Every text stands in a buffer of
// exactly its size, so that AddressSanitizer sees a read behind its end.
#ifndef OFFLOAD_TESTS_UNIT_COMMON_SCANNER_VERDICT_H
#define OFFLOAD_TESTS_UNIT_COMMON_SCANNER_VERDICT_H

#include "common/scanner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// A copy that ends where its memory ends; the caller frees .at.
static inline struct span
exact(const void *text, size_t length)
{
    char *copy = malloc(length);

    assert_non_null(copy);
    memcpy(copy, text, length);
    return (struct span){.at = copy, .length = length};
}

static inline void
release(struct span text)
{
    free((void *)(uintptr_t)text.at);
}

// Steps through everything with the stepping calls instead of scanner_value.
static inline bool
walk(struct scanner *scanner)
{
    enum json_kind kind = JSON_KIND_NULL, same = JSON_KIND_NULL;
    struct span span = {0};

    if (!scanner_peek(scanner, &kind))
        return scanner_value(scanner, &kind, &span);
    if (kind == JSON_KIND_OBJECT) {
        if (!scanner_enter(scanner, kind))
            return false;
        while (scanner_member(scanner, &span))
            if (!walk(scanner))
                return false;
        return scanner->status == SCAN_OK;
    }
    if (kind == JSON_KIND_ARRAY) {
        if (!scanner_enter(scanner, kind))
            return false;
        while (scanner_element(scanner))
            if (!walk(scanner))
                return false;
        return scanner->status == SCAN_OK;
    }
    if (!scanner_value(scanner, &same, &span))
        return false;
    assert_int_equal(same, kind);
    return true;
}

// The verdict on a text, which must be the same for both ways through it.
static inline enum scan_status
verdict(const void *text, size_t length, unsigned depth_max)
{
    struct span copy = exact(text, length);
    enum scan_status status = scanner_check(copy, depth_max);
    struct scanner scanner;

    scanner_init(&scanner, copy, depth_max);
    if (walk(&scanner))
        scanner_finish(&scanner);
    assert_int_equal(scanner.status, status);
    assert_true(scanner_offset(&scanner) <= length);
    if (status != SCAN_OK)
        assert_non_null(scanner.reason);
    release(copy);
    return status;
}

static inline void
expect(enum scan_status expected, const void *text, size_t length)
{
    enum scan_status status = verdict(text, length, 64);

    if (status != expected)
        fail_msg("status %d instead of %d: %.*s", (int)status, (int)expected, (int)length,
                 (const char *)text);
}

#endif
