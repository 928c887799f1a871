// The quick way of reading messages against the general one: a blank before the line keeps the
// quick one out, and nothing else may come of it.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "common/message.h"
#include "common/message_usual.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const usual[] = {
    "{\"jsonrpc\":\"2.0\",\"id\":17,\"method\":\"echo\",\"params\":[1]}",
    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"a.b\"}",
    "{\"jsonrpc\": \"2.0\", \"id\": \"a b\", \"method\": \"x\", \"params\": {\"n\": [{}, 1e400]}}",
    "{\"jsonrpc\":\"2.0\",\"id\":\"\",\"result\":-0}",
    "{\"jsonrpc\":\"2.0\",\"id\":9007199254740993,\"result\":{\"id\":[[[]]]}}",
    "{\"jsonrpc\": \"2.0\", \"id\": 5, \"result\": \"}\"}",
};
#define USUAL_COUNT (sizeof(usual) / sizeof(usual[0]))

static const char *const unusual[] = {
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":1}",
    "{\"jsonrpc\":\"2.0\",\"id\":01,\"method\":\"echo\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":-1,\"method\":\"echo\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":1.0,\"method\":\"echo\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"echo\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ec\\u0068o\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":[1],\"options\":{}}",
    " {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":[1]}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"method\":\"x\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{}}",
    "{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xc3\xa9\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}",
    "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"echo\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":[[[[[[[[1]]]]]]]]}",
    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"}]",
    "",
};
#define UNUSUAL_COUNT (sizeof(unusual) / sizeof(unusual[0]))

static const struct message_limits limits = {.depth_max = 6, .batch_max = 4};

// The same piece of the line, which stands one byte further in the other.
static void
expect_same_span(const char *line, const char *other, struct span a, struct span b)
{
    assert_int_equal(a.at == NULL, b.at == NULL);
    assert_int_equal(a.length, b.length);
    if (a.at != NULL)
        assert_int_equal(a.at - line, b.at - other - 1);
}

static void
expect_same_message(const char *line, const char *other, const struct message *a,
                    const struct message *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->problem == NULL, b->problem == NULL);
    expect_same_span(line, other, a->id, b->id);
    expect_same_span(line, other, a->method, b->method);
    expect_same_span(line, other, a->params, b->params);
    expect_same_span(line, other, a->options, b->options);
    expect_same_span(line, other, a->result, b->result);
    expect_same_span(line, other, a->error, b->error);
}

// In memory of exactly their sizes, so that a sanitizer sees a byte too far.
static void
compare(const char *text, size_t length)
{
    char *line = malloc(length + 1);
    char *other = malloc(length + 1);
    struct messages quick;
    struct messages slow;
    enum message_status status;

    messages_init(&quick);
    messages_init(&slow);
    line = realloc(line, length > 0 ? length : 1);
    memcpy(line, text, length);
    other[0] = ' ';
    memcpy(other + 1, text, length);
    status = messages_parse(&quick, line, length, &limits, NULL);
    if (messages_parse(&slow, other, length + 1, &limits, NULL) != status)
        fail_msg("they differ about %.*s", (int)length, text);
    assert_int_equal(quick.count, slow.count);
    for (size_t i = 0; i < quick.count; i++)
        expect_same_message(line, other, &quick.items[i], &slow.items[i]);
    messages_done(&quick);
    messages_done(&slow);
    free(line);
    free(other);
}

static void
test_which_are_usual(void **state)
{
    struct message message;

    (void)state;
    for (size_t i = 0; i < USUAL_COUNT; i++) {
        const char *end = usual[i] + strlen(usual[i]);

        if (message_usual(usual[i], end, 6, &message) != end)
            fail_msg("not usual: %s", usual[i]);
    }
    for (size_t i = 0; i < UNUSUAL_COUNT; i++)
        if (message_usual(unusual[i], unusual[i] + strlen(unusual[i]), 6, &message) != NULL)
            fail_msg("usual: %s", unusual[i]);
}

// It stops behind the message, whatever comes then.
static void
test_where_it_ends(void **state)
{
    static const char *const followers[] = {" ", ",", "]", "}", "{", "\r", "x"};
    struct message message;
    char text[256];

    (void)state;
    for (size_t i = 0; i < USUAL_COUNT; i++)
        for (size_t j = 0; j < sizeof(followers) / sizeof(followers[0]); j++) {
            int length = snprintf(text, sizeof(text), "%s%s", usual[i], followers[j]);

            assert_ptr_equal(message_usual(text, text + length, 6, &message),
                             text + strlen(usual[i]));
        }
}

static void
test_the_same_comes_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < USUAL_COUNT; i++)
        compare(usual[i], strlen(usual[i]));
    for (size_t i = 0; i < UNUSUAL_COUNT; i++)
        compare(unusual[i], strlen(unusual[i]));
}

static void
test_every_cut_and_every_byte(void **state)
{
    char text[256];

    (void)state;
    for (size_t i = 0; i < USUAL_COUNT; i++) {
        size_t length = strlen(usual[i]);

        for (size_t j = 0; j < length; j++) {
            compare(usual[i], j);
            for (int byte = 0; byte < 256; byte++) {
                memcpy(text, usual[i], length);
                text[j] = (char)byte;
                compare(text, length);
            }
        }
    }
}

// One that is alone and may nest as deep as `limits` says, against the same between others in a
// batch that may nest one deeper. The batch ends where its memory ends.
static void
compare_in_batch(const char *text, size_t length)
{
    static const struct message_limits deeper = {.depth_max = 7, .batch_max = 4};
    size_t behind = 3 + strlen(usual[0]) + 1;
    size_t size = 3 + length + behind;
    char *batch = malloc(size);
    struct messages alone;
    struct messages among;
    char line[256];
    enum message_status status;

    messages_init(&alone);
    messages_init(&among);
    memcpy(line, text, length);
    memcpy(batch, "[7,", 3);
    memcpy(batch + 3, text, length);
    memcpy(batch + 3 + length, " , ", 3);
    memcpy(batch + 3 + length + 3, usual[0], behind - 4);
    batch[size - 1] = ']';
    status = messages_parse(&alone, line, length, &limits, NULL);
    if (messages_parse(&among, batch, size, &deeper, NULL) != status)
        fail_msg("they differ about %.*s", (int)length, text);
    if (status == MESSAGES_OK) {
        assert_int_equal(among.count, 3);
        expect_same_message(line, batch + 2, &alone.items[0], &among.items[1]);
        assert_int_equal(among.items[0].kind, MESSAGE_INVALID);
        assert_true(span_is(among.items[2].params, "[1]"));
    }
    messages_done(&alone);
    messages_done(&among);
    free(batch);
}

static void
test_in_a_batch(void **state)
{
    char text[256];

    (void)state;
    for (size_t i = 0; i < UNUSUAL_COUNT; i++)
        if (unusual[i][0] == '{')
            compare_in_batch(unusual[i], strlen(unusual[i]));
    for (size_t i = 0; i < USUAL_COUNT; i++) {
        size_t length = strlen(usual[i]);

        for (size_t j = 1; j < length; j++) {
            compare_in_batch(usual[i], j);
            for (int byte = 0; byte < 256; byte++) {
                memcpy(text, usual[i], length);
                text[j] = (char)byte;
                compare_in_batch(text, length);
            }
        }
    }
}

// What a message in a batch, of the usual form and of another, says of itself at each depth.
static void
test_depth_in_a_batch(void **state)
{
    static const struct {
        const char *line;
        unsigned depth; // that it needs
    } lines[] = {
        {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"}]", 2},
        {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":[]}]", 3},
        {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":[{\"b\":[1]}]}]", 5},
        {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[[[]]]}]", 5},
        {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}]", 2},
        {"[{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"a\",\"params\":[]}]", 3},
    };
    struct message_limits bounds = {.batch_max = 1};
    struct messages messages;
    char text[128];

    (void)state;
    messages_init(&messages);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        for (bounds.depth_max = 1; bounds.depth_max < 8; bounds.depth_max++) {
            strcpy(text, lines[i].line);
            assert_int_equal(messages_parse(&messages, text, strlen(text), &bounds, NULL),
                             bounds.depth_max < lines[i].depth ? MESSAGES_DEPTH : MESSAGES_OK);
        }
    messages_done(&messages);
}

// Behind elements of the usual form, too, a fault is told by its place in the line.
static void
test_where_a_fault_is(void **state)
{
    char text[] = "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"}, "
                  "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"a\",\"params\":[tru]}]";
    struct messages messages;
    struct message_fault fault;

    (void)state;
    messages_init(&messages);
    assert_int_equal(messages_parse(&messages, text, strlen(text), &limits, &fault),
                     MESSAGES_SYNTAX);
    assert_int_equal(fault.offset, strstr(text, "tru") - text);
    assert_string_equal(fault.reason, "expected true, false or null");
    messages_done(&messages);
}

// Pieces of messages put together by chance.
static void
test_random_pieces(void **state)
{
    static const char *const pieces[] = {
        "{\"jsonrpc\":\"2.0\"",
        ",",
        " ",
        "\"id\":",
        "1",
        "\"a\"",
        "\"method\":",
        "\"params\":",
        "[1]",
        "}",
        "{",
        ":",
        "0",
        "\"result\":",
        "-1",
        "\"\\n\"",
        "{\"jsonrpc\": \"2.0\", \"id\": 1, ",
        ",\"id\":7,",
        "\"method\":\"x\"",
        "null",
    };
    unsigned seed = 4711;

    (void)state;
    for (int i = 0; i < 50000; i++) {
        char text[512];
        size_t length = 0;

        for (int count = rand_r(&seed) % 10; count >= 0; count--)
            length += (size_t)sprintf(
                text + length, "%s",
                pieces[(size_t)rand_r(&seed) % (sizeof(pieces) / sizeof(pieces[0]))]);
        compare(text, length);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_are_usual),          cmocka_unit_test(test_where_it_ends),
        cmocka_unit_test(test_the_same_comes_out),       cmocka_unit_test(test_in_a_batch),
        cmocka_unit_test(test_depth_in_a_batch),         cmocka_unit_test(test_where_a_fault_is),
        cmocka_unit_test(test_every_cut_and_every_byte), cmocka_unit_test(test_random_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
