// See scanner.h. One loop with a bit per open container instead of recursion, so that depth costs
// neither stack nor time. Every step takes a pointer and returns the one behind what it read, or
// NULL after it has noted the error. Nothing at or behind `end` is ever read.
#include "common/scanner.h"

#include "common/scanner_string.h"
#include "common/utf8.h"

#include <stdint.h>

// A kind is stored as itself plus one; 0: no value begins with this byte.
#define KIND_NONE    0
#define BEGINS(kind) ((kind) + 1)
static const uint8_t begins[256] = {
    ['n'] = BEGINS(JSON_KIND_NULL),           ['f'] = BEGINS(JSON_KIND_FALSE),
    ['t'] = BEGINS(JSON_KIND_TRUE),           ['-'] = BEGINS(JSON_KIND_NUMBER),
    ['0' ... '9'] = BEGINS(JSON_KIND_NUMBER), ['"'] = BEGINS(JSON_KIND_STRING),
    ['['] = BEGINS(JSON_KIND_ARRAY),          ['{'] = BEGINS(JSON_KIND_OBJECT),
};

static const char *
fail(struct scanner *scanner, const char *at, enum scan_status status, const char *reason)
{
    scanner->status = status;
    scanner->reason = reason;
    scanner->cursor = at;
    return NULL;
}

static const char *
fail_syntax(struct scanner *scanner, const char *at, const char *reason)
{
    return fail(scanner, at, SCAN_SYNTAX, at == scanner->end ? "unexpected end" : reason);
}

static inline const char *
skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

static inline bool
byte_is(const char *p, const char *end, char byte)
{
    return p < end && *p == byte;
}

static inline bool
is_digit(char byte)
{
    return (unsigned char)(byte - '0') <= 9;
}

// Strings.

// p is at a backslash.
static const char *
skip_escape(struct scanner *scanner, const char *p)
{
    const char *end = scanner->end;

    if (end - p < 2)
        return fail_syntax(scanner, end, "");
    if (escape_meaning[(unsigned char)p[1]] != 0)
        return p + 2;
    if (p[1] != 'u')
        return fail_syntax(scanner, p, "unknown escape in a string");
    if (end - p < 6)
        return fail_syntax(scanner, end, "");
    if (hex4(p + 2) < 0)
        return fail_syntax(scanner, p, "expected four hexadecimal digits after \\u");
    return p + 6;
}

static const char *
skip_multibyte(struct scanner *scanner, const char *p)
{
    const char *end = scanner->end;

    do {
        size_t length = utf8_sequence(p, end);

        if (length == 0)
            return fail(scanner, p, SCAN_UTF8, "a string is not UTF-8");
        p += length;
    } while (p < end && (*p & 0x80) != 0);
    return p;
}

// p is behind the opening quote; returns behind the closing one.
static const char *
skip_string(struct scanner *scanner, const char *p)
{
    const char *end = scanner->end;

    for (;;) {
        p = skip_plain(p, end);
        if (p == end)
            return fail_syntax(scanner, p, "");
        if (*p == '"')
            return p + 1;
        if (*p == '\\')
            p = skip_escape(scanner, p);
        else if ((*p & 0x80) != 0)
            p = skip_multibyte(scanner, p);
        else
            return fail_syntax(scanner, p, "a control character in a string must be escaped");
        if (p == NULL)
            return NULL;
    }
}

// The other scalars.

static inline const char *
skip_digits(const char *p, const char *end)
{
    while (p < end && is_digit(*p))
        p++;
    return p;
}

// At least one digit must be here.
static inline const char *
expect_digits(struct scanner *scanner, const char *p)
{
    const char *after = skip_digits(p, scanner->end);

    return after != p ? after : fail_syntax(scanner, p, "expected a digit");
}

static const char *
skip_number(struct scanner *scanner, const char *p)
{
    const char *end = scanner->end;

    if (*p == '-')
        p++;
    p = byte_is(p, end, '0') ? p + 1 : expect_digits(scanner, p);
    if (p != NULL && byte_is(p, end, '.'))
        p = expect_digits(scanner, p + 1);
    if (p != NULL && p < end && (*p | 0x20) == 'e') {
        p++;
        if (byte_is(p, end, '+') || byte_is(p, end, '-'))
            p++;
        p = expect_digits(scanner, p);
    }
    return p;
}

static const char *
skip_literal(struct scanner *scanner, const char *p, const char *literal, size_t length)
{
    if ((size_t)(scanner->end - p) >= length && memcmp(p, literal, length) == 0)
        return p + length;
    return fail_syntax(scanner, p, "expected true, false or null");
}

static inline const char *
skip_scalar(struct scanner *scanner, const char *p, int begin)
{
    switch (begin) {
    case BEGINS(JSON_KIND_STRING):
        return skip_string(scanner, p + 1);
    case BEGINS(JSON_KIND_NUMBER):
        return skip_number(scanner, p);
    case BEGINS(JSON_KIND_TRUE):
        return skip_literal(scanner, p, "true", 4);
    case BEGINS(JSON_KIND_FALSE):
        return skip_literal(scanner, p, "false", 5);
    case BEGINS(JSON_KIND_NULL):
        return skip_literal(scanner, p, "null", 4);
    default:
        return fail_syntax(scanner, p, "expected a value");
    }
}

// Containers.

static inline int
begin_at(const char *p, const char *end)
{
    return p < end ? begins[(unsigned char)*p] : KIND_NONE;
}

// A member's name and the colon; p is where the name's quote must be. *ret_after_name is behind the
// closing quote.
static const char *
skip_name(struct scanner *scanner, const char *p, const char **ret_after_name)
{
    const char *end = scanner->end;

    if (!byte_is(p, end, '"'))
        return fail_syntax(scanner, p, "expected a member's name");
    p = skip_string(scanner, p + 1);
    if (p == NULL)
        return NULL;
    *ret_after_name = p;
    p = skip_space(p, end);
    if (!byte_is(p, end, ':'))
        return fail_syntax(scanner, p, "expected ':' after a member's name");
    return p + 1;
}

static const char *
fail_separator(struct scanner *scanner, const char *p, bool object)
{
    return fail_syntax(scanner, p, object ? "expected ',' or '}'" : "expected ',' or ']'");
}

static const char *
fail_depth(struct scanner *scanner, const char *p)
{
    return fail(scanner, p, SCAN_DEPTH, "nested too deep");
}

// The containers that are open, innermost last: a bit each, set for an object. A word is set when
// its first bit is, so that nothing needs to be cleared for the many values without a container.
struct nest {
    uint64_t objects[SCANNER_DEPTH_LIMIT / 64];
    unsigned depth;
};

static inline void
nest_push(struct nest *nest, bool object)
{
    unsigned place = nest->depth % 64;
    uint64_t *word = &nest->objects[nest->depth++ / 64];
    // Whatever stands above the bits below was left by containers that are closed.
    uint64_t below = place == 0 ? 0 : *word & ((UINT64_C(1) << place) - 1);

    *word = below | (uint64_t)object << place;
}

static inline bool
nest_in_object(const struct nest *nest)
{
    unsigned top = nest->depth - 1;

    return (nest->objects[top / 64] >> (top % 64) & 1) != 0;
}

// Behind a value: leaves the containers that end here. Returns where the next value must begin, or,
// when the nest is empty, the end of it all.
static inline const char *
skip_closings(struct scanner *scanner, struct nest *nest, const char *p)
{
    const char *end = scanner->end;
    const char *after_name;

    while (nest->depth > 0) {
        bool object = nest_in_object(nest);

        p = skip_space(p, end);
        if (byte_is(p, end, ',')) {
            p = skip_space(p + 1, end);
            return object ? skip_name(scanner, p, &after_name) : p;
        }
        if (!byte_is(p, end, object ? '}' : ']'))
            return fail_separator(scanner, p, object);
        nest->depth--;
        p++;
    }
    return p;
}

// p is at a bracket. Returns where the first value must begin; for an empty container, which is
// closed at once, behind it.
static inline const char *
skip_opening(struct scanner *scanner, struct nest *nest, const char *p, bool object)
{
    const char *end = scanner->end;
    const char *after_name;

    if (scanner->depth + nest->depth >= scanner->depth_max)
        return fail_depth(scanner, p);
    p = skip_space(p + 1, end);
    if (byte_is(p, end, object ? '}' : ']'))
        return p + 1;
    nest_push(nest, object);
    return object ? skip_name(scanner, p, &after_name) : p;
}

static const char *
skip_value(struct scanner *scanner, const char *p)
{
    struct nest nest;

    nest.depth = 0;
    do {
        int begin;
        unsigned before = nest.depth;

        p = skip_space(p, scanner->end);
        begin = begin_at(p, scanner->end);
        if (begin == BEGINS(JSON_KIND_OBJECT) || begin == BEGINS(JSON_KIND_ARRAY))
            p = skip_opening(scanner, &nest, p, begin == BEGINS(JSON_KIND_OBJECT));
        else
            p = skip_scalar(scanner, p, begin);
        if (p != NULL && nest.depth == before)
            p = skip_closings(scanner, &nest, p);
    } while (p != NULL && nest.depth > 0);
    return p;
}

void
scanner_init(struct scanner *scanner, struct span text, unsigned depth_max)
{
    const char *start = text.at != NULL ? text.at : "";

    *scanner = (struct scanner){
        .cursor = start,
        .start = start,
        .end = start + text.length,
        .depth_max = depth_max < SCANNER_DEPTH_LIMIT ? depth_max : SCANNER_DEPTH_LIMIT,
    };
}

bool
scanner_value(struct scanner *scanner, enum json_kind *ret_kind, struct span *ret_span)
{
    const char *from, *after;

    if (scanner->status != SCAN_OK)
        return false;
    from = skip_space(scanner->cursor, scanner->end);
    after = skip_value(scanner, from);
    if (after == NULL)
        return false;
    *ret_kind = (enum json_kind)(begins[(unsigned char)*from] - 1);
    *ret_span = (struct span){.at = from, .length = (size_t)(after - from)};
    scanner->cursor = after;
    return true;
}

void
scanner_go_on(struct scanner *scanner, const char *behind)
{
    scanner->cursor = behind;
}

bool
scanner_peek(struct scanner *scanner, enum json_kind *ret_kind)
{
    const char *p = skip_space(scanner->cursor, scanner->end);
    int begin = begin_at(p, scanner->end);

    if (scanner->status != SCAN_OK || begin == KIND_NONE)
        return false;
    *ret_kind = (enum json_kind)(begin - 1);
    return true;
}

bool
scanner_enter(struct scanner *scanner, enum json_kind kind)
{
    const char *p;

    if (scanner->status != SCAN_OK)
        return false;
    p = skip_space(scanner->cursor, scanner->end);
    if (begin_at(p, scanner->end) != (int)BEGINS(kind))
        return fail_syntax(scanner, p, "expected another kind of value") != NULL;
    if (scanner->depth >= scanner->depth_max)
        return fail_depth(scanner, p) != NULL;
    scanner->depth++;
    scanner->first = true;
    scanner->cursor = p + 1;
    return true;
}

// Inside an entered container: to the next item, its comma stepped over. NULL at the end, which is
// left, and on error.
static const char *
next_item(struct scanner *scanner, bool object)
{
    const char *p, *end = scanner->end;

    if (scanner->status != SCAN_OK)
        return NULL;
    p = skip_space(scanner->cursor, end);
    if (byte_is(p, end, object ? '}' : ']')) {
        scanner->cursor = p + 1;
        scanner->depth--;
        scanner->first = false;
        return NULL;
    }
    if (scanner->first) {
        scanner->first = false;
        return p;
    }
    if (!byte_is(p, end, ','))
        return fail_separator(scanner, p, object);
    return skip_space(p + 1, end);
}

bool
scanner_member(struct scanner *scanner, struct span *ret_name)
{
    const char *name = next_item(scanner, true);
    const char *after_name, *value;

    if (name == NULL)
        return false;
    value = skip_name(scanner, name, &after_name);
    if (value == NULL)
        return false;
    *ret_name = (struct span){.at = name + 1, .length = (size_t)(after_name - name) - 2};
    scanner->cursor = value;
    return true;
}

bool
scanner_element(struct scanner *scanner)
{
    const char *element = next_item(scanner, false);

    if (element == NULL)
        return false;
    scanner->cursor = element;
    return true;
}

bool
scanner_finish(struct scanner *scanner)
{
    const char *p;

    if (scanner->status != SCAN_OK)
        return false;
    p = skip_space(scanner->cursor, scanner->end);
    if (p != scanner->end || scanner->depth > 0)
        return fail_syntax(scanner, p, "expected nothing more") != NULL;
    scanner->cursor = p;
    return true;
}

size_t
scanner_offset(const struct scanner *scanner)
{
    return (size_t)(scanner->cursor - scanner->start);
}

enum scan_status
scanner_check(struct span text, unsigned depth_max)
{
    struct scanner scanner;
    enum json_kind kind;
    struct span span;

    scanner_init(&scanner, text, depth_max);
    if (scanner_value(&scanner, &kind, &span))
        scanner_finish(&scanner);
    return scanner.status;
}

size_t
scanner_unescape(struct span raw, char *into)
{
    const char *p = raw.at, *end = raw.at + raw.length;
    char *out = into;

    while (p < end) {
        const char *backslash = memchr(p, '\\', (size_t)(end - p));
        size_t run = (size_t)((backslash != NULL ? backslash : end) - p);

        memmove(out, p, run);
        out += run;
        p += run;
        if (backslash != NULL)
            out += utf8_write(read_escape(p, end, &p), out);
    }
    return (size_t)(out - into);
}

bool
scanner_name_is(struct span raw, const char *literal)
{
    const char *p = raw.at, *end = raw.at + raw.length;

    if (span_is(raw, literal))
        return true;
    // Escapes only shorten, so without one (or with too few bytes) it cannot be equal any more.
    if (raw.length <= strlen(literal) || memchr(p, '\\', raw.length) == NULL)
        return false;
    for (; p < end && *literal != '\0'; literal++) {
        uint32_t meant = *p == '\\' ? read_escape(p, end, &p) : (unsigned char)*p++;

        if (meant != (unsigned char)*literal)
            return false;
    }
    return p == end && *literal == '\0';
}
