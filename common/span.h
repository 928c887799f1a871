// A piece of text that somebody else owns: where it starts and how many bytes it has. No NUL is
// promised at the end, and NULs may stand inside.
#ifndef OFFLOAD_COMMON_SPAN_H
#define OFFLOAD_COMMON_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
    const char *at;
    size_t length; // bytes; 0 with at == NULL means "absent"
};

// A span over a string literal: SPAN("jsonrpc").
#define SPAN(literal) ((struct span){.at = (literal), .length = sizeof(literal) - 1})

static inline struct span
span_of(const char *text)
{
    return (struct span){.at = text, .length = text == NULL ? 0 : strlen(text)};
}

static inline bool
span_equal(struct span a, struct span b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

static inline bool
span_is(struct span a, const char *text)
{
    return span_equal(a, span_of(text));
}

static inline bool
span_present(struct span a)
{
    return a.at != NULL;
}

#endif
