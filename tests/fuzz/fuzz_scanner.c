// The scanner against jansson: on every input both must accept or both refuse, but for the
// differences that oracle.h lists. On top of that the two ways through a text (as a whole, and step
// by step) must agree, and the texts of strings must come out as jansson decodes them.
#include "common/scanner.h"
#include "tests/fuzz/oracle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

// Any plain ASCII text is what it says, and not what it does not say.
static void
check_name(struct span raw, const char *meaning, size_t length)
{
    char *other;

    for (size_t i = 0; i < length; i++)
        if (meaning[i] <= 0)
            return;
    FUZZ_CHECK(scanner_name_is(raw, meaning));
    other = strdup(meaning);
    FUZZ_CHECK(other != NULL);
    if (length > 0) {
        other[length - 1] ^= 1;
        FUZZ_CHECK(other[length - 1] == '\0' || !scanner_name_is(raw, other));
        other[length - 1] = '\0';
        FUZZ_CHECK(!scanner_name_is(raw, other));
    }
    free(other);
}

// `string` with its quotes.
static void
check_string(struct span string)
{
    struct span raw = {.at = string.at + 1, .length = string.length - 2};
    char *meaning = malloc(raw.length + 1);
    size_t length;
    json_t *value;

    FUZZ_CHECK(meaning != NULL);
    length = scanner_unescape(raw, meaning);
    FUZZ_CHECK(length <= raw.length);
    meaning[length] = '\0';
    value = json_loadb(string.at, string.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (value != NULL) { // no lone surrogate
        FUZZ_CHECK(length == json_string_length(value));
        FUZZ_CHECK(memcmp(meaning, json_string_value(value), length) == 0);
        check_name(raw, meaning, length);
        json_decref(value);
    }
    // In place it comes out the same.
    if (raw.length > 0) {
        char *place = malloc(raw.length);

        FUZZ_CHECK(place != NULL);
        memcpy(place, raw.at, raw.length);
        FUZZ_CHECK(scanner_unescape((struct span){place, raw.length}, place) == length);
        FUZZ_CHECK(memcmp(place, meaning, length) == 0);
        free(place);
    }
    free(meaning);
}

static bool walk(struct scanner *scanner);

static bool
walk_object(struct scanner *scanner)
{
    struct span name;

    if (!scanner_enter(scanner, JSON_KIND_OBJECT))
        return false;
    while (scanner_member(scanner, &name)) {
        check_string((struct span){.at = name.at - 1, .length = name.length + 2});
        if (!walk(scanner))
            return false;
    }
    return scanner->status == SCAN_OK;
}

static bool
walk_array(struct scanner *scanner)
{
    if (!scanner_enter(scanner, JSON_KIND_ARRAY))
        return false;
    while (scanner_element(scanner))
        if (!walk(scanner))
            return false;
    return scanner->status == SCAN_OK;
}

static bool
walk(struct scanner *scanner)
{
    enum json_kind kind = JSON_KIND_NULL;
    struct span span;

    if (scanner_peek(scanner, &kind) && kind == JSON_KIND_OBJECT)
        return walk_object(scanner);
    if (kind == JSON_KIND_ARRAY)
        return walk_array(scanner);
    if (!scanner_value(scanner, &kind, &span))
        return false;
    if (kind == JSON_KIND_STRING)
        check_string(span);
    return true;
}

static bool
is_of_kind(const json_t *value, enum json_kind kind)
{
    switch (kind) {
    case JSON_KIND_NULL:
        return json_is_null(value);
    case JSON_KIND_FALSE:
        return json_is_false(value);
    case JSON_KIND_TRUE:
        return json_is_true(value);
    case JSON_KIND_NUMBER:
        return json_is_number(value);
    case JSON_KIND_STRING:
        return json_is_string(value);
    case JSON_KIND_ARRAY:
        return json_is_array(value);
    case JSON_KIND_OBJECT:
        return json_is_object(value);
    }
    return false;
}

// The span of an accepted text is the text without the white space around it.
static void
check_span(struct span text, struct span span)
{
    for (const char *p = text.at; p < span.at; p++)
        FUZZ_CHECK(is_space(*p));
    for (const char *p = span.at + span.length; p < text.at + text.length; p++)
        FUZZ_CHECK(is_space(*p));
    FUZZ_CHECK(span.length > 0);
    FUZZ_CHECK(!is_space(span.at[0]) && !is_space(span.at[span.length - 1]));
}

static void
check_depth(struct span text)
{
    unsigned depth = oracle_depth(text.at, text.length);

    FUZZ_CHECK(depth <= SCANNER_DEPTH_LIMIT);
    FUZZ_CHECK(scanner_check(text, depth) == SCAN_OK);
    if (depth > 0)
        FUZZ_CHECK(scanner_check(text, depth - 1) == SCAN_DEPTH);
}

static void
check_stepping(struct span text, const struct scanner *whole)
{
    struct scanner scanner;

    scanner_init(&scanner, text, SCANNER_DEPTH_LIMIT);
    if (walk(&scanner))
        scanner_finish(&scanner);
    FUZZ_CHECK(scanner.status == whole->status);
    FUZZ_CHECK(scanner_offset(&scanner) == scanner_offset(whole));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {.at = (const char *)data, .length = size}, span;
    bool has_nul = size > 0 && memchr(data, '\0', size) != NULL;
    struct scanner scanner;
    enum json_kind kind;
    json_t *value;

    scanner_init(&scanner, text, SCANNER_DEPTH_LIMIT);
    if (scanner_value(&scanner, &kind, &span))
        scanner_finish(&scanner);
    FUZZ_CHECK(scanner_offset(&scanner) <= size);
    FUZZ_CHECK((scanner.status == SCAN_OK) == (scanner.reason == NULL));
    check_stepping(text, &scanner);
    if (scanner.status == SCAN_DEPTH) {
        FUZZ_CHECK(oracle_depth(text.at, scanner_offset(&scanner) + 1) == SCANNER_DEPTH_LIMIT + 1);
        return 0;
    }
    FUZZ_CHECK(scanner.status != SCAN_OK || !has_nul);
    if (has_nul)
        return 0;
    value = oracle_load(text.at, text.length, NULL);
    FUZZ_CHECK((scanner.status == SCAN_OK) == (value != NULL));
    if (value != NULL) {
        FUZZ_CHECK(is_of_kind(value, kind));
        check_span(text, span);
        check_depth(text);
    }
    json_decref(value);
    return 0;
}
