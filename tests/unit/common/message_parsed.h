// Lines that are parsed in memory of exactly their size, and what a message must be, as text.
#ifndef OFFLOAD_TESTS_UNIT_COMMON_MESSAGE_PARSED_H
#define OFFLOAD_TESTS_UNIT_COMMON_MESSAGE_PARSED_H

#include "common/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define VERSION      "\"jsonrpc\":\"2.0\""

static const struct message_limits standard = {.depth_max = 64, .batch_max = 1024};

// A line in memory of exactly its size, parsed.
struct parsed {
    char *line;
    struct messages messages;
    struct message_fault fault;
    enum message_status status;
};

static inline void
parse_limited(struct parsed *parsed, struct span text, const struct message_limits *limits)
{
    parsed->line = malloc(text.length);
    assert_non_null(parsed->line);
    memcpy(parsed->line, text.at, text.length);
    messages_init(&parsed->messages);
    parsed->fault = (struct message_fault){0};
    parsed->status =
        messages_parse(&parsed->messages, parsed->line, text.length, limits, &parsed->fault);
    if (parsed->status != MESSAGES_OK) {
        assert_non_null(parsed->fault.reason);
        assert_true(parsed->fault.offset <= text.length);
        assert_int_equal(parsed->messages.count, 0);
        assert_memory_equal(parsed->line, text.at, text.length);
    }
}

static inline void
parse(struct parsed *parsed, struct span text)
{
    parse_limited(parsed, text, &standard);
}

static inline void
release(struct parsed *parsed)
{
    messages_done(&parsed->messages);
    free(parsed->line);
}

static inline void
expect_span(struct span actual, const char *expected)
{
    if (expected == NULL) {
        assert_false(span_present(actual));
        return;
    }
    assert_true(span_present(actual));
    if (!span_is(actual, expected))
        fail_msg("'%.*s' instead of '%s'", (int)actual.length, actual.at, expected);
}

// A message as text; a NULL is an absent part.
struct expected {
    enum message_kind kind;
    const char *id, *method, *params, *options, *result, *error, *problem;
};

static inline void
expect_message(const struct message *message, const struct expected *expected)
{
    if (message->kind != expected->kind)
        fail_msg("kind %d instead of %d (%s)", (int)message->kind, (int)expected->kind,
                 message->problem != NULL ? message->problem : "no problem");
    expect_span(message->id, expected->id);
    expect_span(message->method, expected->method);
    expect_span(message->params, expected->params);
    expect_span(message->options, expected->options);
    expect_span(message->result, expected->result);
    expect_span(message->error, expected->error);
    if (expected->problem == NULL)
        assert_null(message->problem);
    else
        assert_string_equal(message->problem, expected->problem);
}

#endif
