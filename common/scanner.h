// A validating JSON scanner (RFC 8259) that builds nothing: it walks over a text and says where its
// values begin and end. It owns no memory and knows nothing of JSON-RPC.
//
// Everything it steps over is checked in full: the grammar, strict UTF-8 in strings (RFC 3629: no
// overlong forms, no surrogates, nothing above U+10FFFF), control characters, escapes, and the
// depth. An escaped lone surrogate ("\ud800") is accepted, as RFC 8259 section 8.2 leaves it open
// and the text is passed through unchanged. Numbers may have any length and any exponent.
//
// Use: scanner_init, then scanner_value for a value of any kind as a whole, or scanner_enter and
// scanner_member / scanner_element to step through an object or array, then scanner_finish. After
// the first error every call fails and `status`, `reason` and `at` say what and where.
#ifndef OFFLOAD_COMMON_SCANNER_H
#define OFFLOAD_COMMON_SCANNER_H

#include "common/span.h"

#include <stdbool.h>
#include <stddef.h>

enum json_kind {
    JSON_KIND_NULL,
    JSON_KIND_FALSE,
    JSON_KIND_TRUE,
    JSON_KIND_NUMBER,
    JSON_KIND_STRING, // the span includes the quotes
    JSON_KIND_ARRAY,
    JSON_KIND_OBJECT,
};

enum scan_status {
    SCAN_OK = 0,
    SCAN_SYNTAX, // not JSON (an unexpected end included)
    SCAN_UTF8,   // a string is not UTF-8
    SCAN_DEPTH,  // nested deeper than depth_max
};

// The deepest nesting that any caller may ask for.
#define SCANNER_DEPTH_LIMIT 1024

struct scanner {
    const char *cursor; // the next byte to look at
    const char *end;
    const char *start;
    unsigned depth; // containers entered with scanner_enter and not yet left
    unsigned depth_max;
    bool first; // in the innermost entered container: nothing was read yet
    enum scan_status status;
    const char *reason; // a static sentence such as "expected ':' after a member's name"
};

// `text` is borrowed and must outlive the scanner. A top-level container has depth 1. depth_max is
// clamped to SCANNER_DEPTH_LIMIT.
void scanner_init(struct scanner *scanner, struct span text, unsigned depth_max);

// Steps over one value with all that it holds. False on error, the outputs then untouched.
bool scanner_value(struct scanner *scanner, enum json_kind *ret_kind, struct span *ret_span);

// Steps over a value that begins here and that somebody else has checked.
void scanner_go_on(struct scanner *scanner, const char *behind);

// The kind that the next value would have by its first byte, without stepping; false if there is no
// such value (that is not an error yet: scanner_value would say it).
bool scanner_peek(struct scanner *scanner, enum json_kind *ret_kind);

// Steps into the array or object that begins here; false (an error) if none begins here.
bool scanner_enter(struct scanner *scanner, enum json_kind kind);

// Inside an object: steps over the next member's name and colon, so that the member's value comes
// next. The span is the raw name without its quotes, escapes unresolved. False at the closing brace
// (which is stepped over: the object is left) and on error: look at `status`.
bool scanner_member(struct scanner *scanner, struct span *ret_name);

// Inside an array: true if another element comes next (its comma is stepped over); false at the
// closing bracket (stepped over) and on error.
bool scanner_element(struct scanner *scanner);

// True if only white space is left; anything else is SCAN_SYNTAX.
bool scanner_finish(struct scanner *scanner);

// How many bytes into the text the scanner stands (after an error: where it was found).
size_t scanner_offset(const struct scanner *scanner);

// Checks a whole text at once: one value, nothing after it.
enum scan_status scanner_check(struct span text, unsigned depth_max);

// Resolves the escapes of a string's inside (no quotes) that a scanner accepted. The result is
// never longer than `raw`, and `into` may be raw.at itself. Returns the length. A lone surrogate
// becomes U+FFFD.
size_t scanner_unescape(struct span raw, char *into);

// True if the raw inside of a string means `literal` (plain ASCII) once its escapes are resolved.
bool scanner_name_is(struct span raw, const char *literal);

#endif
