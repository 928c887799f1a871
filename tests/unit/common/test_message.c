// JSON-RPC messages: what is a request, a notification, a response or nothing of these; the limits;
// and what is built for the wire. The module is compiled into this test with an allocator that can
// be told to fail; the one in the library is not linked.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t allocations_left = SIZE_MAX;

static bool
may_allocate(void)
{
    if (allocations_left == 0)
        return false;
    allocations_left--;
    return true;
}

static void *
limited_reallocarray(void *at, size_t count, size_t size)
{
    return may_allocate() ? reallocarray(at, count, size) : NULL;
}

static void *
limited_malloc(size_t size)
{
    return may_allocate() ? malloc(size) : NULL;
}

#define reallocarray(at, count, size) limited_reallocarray(at, count, size)
#define malloc(size)                  limited_malloc(size)
#include "common/message.c"
#include "common/message_build.c"
#undef reallocarray
#undef malloc

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct message_limits standard = {.depth_max = 64, .batch_max = 1024};

// A line in memory of exactly its size, parsed.
struct parsed {
    char *line;
    struct messages messages;
    struct message_fault fault;
    enum message_status status;
};

static void
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

static void
parse(struct parsed *parsed, struct span text)
{
    parse_limited(parsed, text, &standard);
}

static void
release(struct parsed *parsed)
{
    messages_done(&parsed->messages);
    free(parsed->line);
}

static void
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

static void
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

#define VERSION "\"jsonrpc\":\"2.0\""

static const struct {
    const char *line;
    struct expected message;
} singles[] = {
    {"{" VERSION ",\"method\":\"m\",\"id\":1}",
     {.kind = MESSAGE_REQUEST, .id = "1", .method = "m"}},
    {"{" VERSION ",\"method\":\"m\"}", {.kind = MESSAGE_NOTIFICATION, .method = "m"}},
    // An id of null is an id.
    {"{" VERSION ",\"method\":\"m\",\"id\":null}",
     {.kind = MESSAGE_REQUEST, .id = "null", .method = "m"}},
    // Ids and params are passed through as they were written.
    {" { \"id\" : -0.10e+02 , \"params\" : [ 1 , 2.50 ] ,\t" VERSION ",\"method\":\"m\" } ",
     {.kind = MESSAGE_REQUEST, .id = "-0.10e+02", .method = "m", .params = "[ 1 , 2.50 ]"}},
    {"{" VERSION ",\"method\":\"m\",\"id\":123456789012345678901234567890}",
     {.kind = MESSAGE_REQUEST, .id = "123456789012345678901234567890", .method = "m"}},
    {"{" VERSION ",\"method\":\"m\",\"id\":\"\\u0061\\n\",\"params\":{\"a\":\"\\u0062\"}}",
     {.kind = MESSAGE_REQUEST,
      .id = "\"\\u0061\\n\"",
      .method = "m",
      .params = "{\"a\":\"\\u0062\"}"}},
    {"{" VERSION ",\"method\":\"\",\"id\":\"\"}",
     {.kind = MESSAGE_REQUEST, .id = "\"\"", .method = ""}},
    {"{" VERSION ",\"method\":\"m\",\"id\":1,\"options\":{\"priority\":3}}",
     {.kind = MESSAGE_REQUEST, .id = "1", .method = "m", .options = "{\"priority\":3}"}},
    // Names and texts are compared by what they mean.
    {"{\"json\\u0072pc\":\"\\u0032.0\",\"meth\\u006fd\":\"\\u0061\\\"b\\ud83d\\ude00\","
     "\"\\u0069d\":7,"
     "\"p\\u0061rams\":[],\"opt\\u0069ons\":{}}",
     {.kind = MESSAGE_REQUEST,
      .id = "7",
      .method = "a\"b\xf0\x9f\x98\x80",
      .params = "[]",
      .options = "{}"}},
    {"{" VERSION ",\"r\\u0065sult\":1,\"id\":2}",
     {.kind = MESSAGE_RESULT, .id = "2", .result = "1"}},
    // The last duplicate wins, also over one of another kind.
    {"{\"method\":1,\"id\":{},\"params\":3,\"jsonrpc\":\"1.0\"," VERSION ",\"method\":\"m\","
     "\"id\":1,\"params\":[],\"\\u0069d\":2}",
     {.kind = MESSAGE_REQUEST, .id = "2", .method = "m", .params = "[]"}},
    {"{" VERSION ",\"method\":\"m\",\"method\":1,\"id\":4}",
     {.kind = MESSAGE_INVALID, .id = "4", .problem = "method must be a string"}},
    {"{" VERSION ",\"method\":\"m\",\"id\":1,\"id\":[]}",
     {.kind = MESSAGE_INVALID, .problem = "id must be a string, a number or null"}},
    // Unknown members do not matter; names are not compared loosely.
    {"{\"x\":[{\"method\":1}],\"Method\":1,\"methods\":2,\"id \":3,\"\":4," VERSION
     ",\"method\":\"m\",\"error\\u0000\":1}",
     {.kind = MESSAGE_NOTIFICATION, .method = "m"}},
    // Responses.
    {"{" VERSION ",\"result\":null,\"id\":1}",
     {.kind = MESSAGE_RESULT, .id = "1", .result = "null"}},
    {"{" VERSION ",\"result\":[1, 2],\"id\":\"a\"}",
     {.kind = MESSAGE_RESULT, .id = "\"a\"", .result = "[1, 2]"}},
    {"{" VERSION ",\"error\":{\"code\":1},\"id\":null}",
     {.kind = MESSAGE_ERROR, .id = "null", .error = "{\"code\":1}"}},
    {"{" VERSION ",\"result\":1,\"id\":1,\"params\":1,\"options\":1}",
     {.kind = MESSAGE_RESULT, .id = "1", .result = "1"}},
    // Neither.
    {"{}", {.kind = MESSAGE_INVALID, .problem = "jsonrpc must be \"2.0\""}},
    {"{\"method\":\"m\",\"id\":5}",
     {.kind = MESSAGE_INVALID, .id = "5", .problem = "jsonrpc must be \"2.0\""}},
    {"{\"jsonrpc\":2.0,\"method\":\"m\",\"id\":5}",
     {.kind = MESSAGE_INVALID, .id = "5", .problem = "jsonrpc must be \"2.0\""}},
    {"{\"jsonrpc\":\"2.00\",\"method\":\"m\",\"id\":\"x\"}",
     {.kind = MESSAGE_INVALID, .id = "\"x\"", .problem = "jsonrpc must be \"2.0\""}},
    {"{\"jsonrpc\":\"2.0\\u0000\",\"method\":\"m\",\"id\":null}",
     {.kind = MESSAGE_INVALID, .id = "null", .problem = "jsonrpc must be \"2.0\""}},
    {"{\"jsonrpc\":\"\",\"method\":\"m\",\"id\":[1]}",
     {.kind = MESSAGE_INVALID, .problem = "jsonrpc must be \"2.0\""}},
    {"{" VERSION "}", {.kind = MESSAGE_INVALID, .problem = "method is missing"}},
    {"{" VERSION ",\"id\":1}",
     {.kind = MESSAGE_INVALID, .id = "1", .problem = "method is missing"}},
    {"{" VERSION ",\"method\":null,\"id\":1}",
     {.kind = MESSAGE_INVALID, .id = "1", .problem = "method must be a string"}},
    {"{" VERSION ",\"method\":{},\"result\":1}",
     {.kind = MESSAGE_INVALID, .problem = "method must be a string"}},
    {"{" VERSION ",\"method\":\"m\",\"params\":null,\"id\":1}",
     {.kind = MESSAGE_INVALID, .id = "1", .problem = "params must be an array or an object"}},
    {"{" VERSION ",\"method\":\"m\",\"params\":\"[]\",\"id\":1}",
     {.kind = MESSAGE_INVALID, .id = "1", .problem = "params must be an array or an object"}},
    {"{" VERSION ",\"method\":\"m\",\"options\":[],\"id\":1}",
     {.kind = MESSAGE_INVALID, .id = "1", .problem = "options must be an object"}},
    {"{" VERSION ",\"method\":\"m\",\"id\":true}",
     {.kind = MESSAGE_INVALID, .problem = "id must be a string, a number or null"}},
    {"{" VERSION ",\"method\":\"m\",\"id\":false}",
     {.kind = MESSAGE_INVALID, .problem = "id must be a string, a number or null"}},
    {"{" VERSION ",\"method\":\"m\",\"id\":{}}",
     {.kind = MESSAGE_INVALID, .problem = "id must be a string, a number or null"}},
    {"{" VERSION ",\"method\":\"m\",\"result\":1,\"id\":1}",
     {.kind = MESSAGE_INVALID,
      .id = "1",
      .problem = "a message with a method must have neither result nor error"}},
    {"{" VERSION ",\"method\":\"m\",\"error\":{},\"id\":1}",
     {.kind = MESSAGE_INVALID,
      .id = "1",
      .problem = "a message with a method must have neither result nor error"}},
    {"{" VERSION ",\"result\":1,\"error\":{},\"id\":1}",
     {.kind = MESSAGE_INVALID,
      .id = "1",
      .problem = "a response must not have both result and error"}},
    {"{" VERSION ",\"error\":\"x\",\"id\":1}",
     {.kind = MESSAGE_INVALID, .id = "1", .problem = "error must be an object"}},
    {"{" VERSION ",\"result\":1}",
     {.kind = MESSAGE_INVALID, .problem = "a response must have an id"}},
    {"{" VERSION ",\"error\":{}}",
     {.kind = MESSAGE_INVALID, .problem = "a response must have an id"}},
    {"{" VERSION ",\"result\":1,\"id\":[]}",
     {.kind = MESSAGE_INVALID, .problem = "id must be a string, a number or null"}},
    // JSON, but no object.
    {"1", {.kind = MESSAGE_INVALID, .problem = "a message must be an object"}},
    {" \"{}\" ", {.kind = MESSAGE_INVALID, .problem = "a message must be an object"}},
    {"null", {.kind = MESSAGE_INVALID, .problem = "a message must be an object"}},
};

static void
test_singles(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(singles); i++) {
        struct parsed parsed;

        parse(&parsed, span_of(singles[i].line));
        if (parsed.status != MESSAGES_OK)
            fail_msg("%s: %s", singles[i].line, parsed.fault.reason);
        assert_int_equal(parsed.messages.count, 1);
        assert_false(parsed.messages.batch);
        expect_message(&parsed.messages.items[0], &singles[i].message);
        release(&parsed);
    }
}

// The same messages as elements of a batch.
static void
test_singles_in_a_batch(void **state)
{
    char *line = malloc(1 << 16);
    size_t length = 0;
    struct parsed parsed;

    (void)state;
    assert_non_null(line);
    for (size_t i = 0; i < COUNT(singles); i++)
        length += (size_t)sprintf(line + length, "%s%s", i == 0 ? "[" : " , ", singles[i].line);
    length += (size_t)sprintf(line + length, "]");
    parse(&parsed, (struct span){.at = line, .length = length});
    assert_int_equal(parsed.status, MESSAGES_OK);
    assert_true(parsed.messages.batch);
    assert_int_equal(parsed.messages.count, COUNT(singles));
    for (size_t i = 0; i < COUNT(singles); i++)
        expect_message(&parsed.messages.items[i], &singles[i].message);
    release(&parsed);
    free(line);
}

// Every line of https://www.jsonrpc.org/specification#examples that a peer sends or gets.
static void
test_examples_of_the_specification(void **state)
{
    static const struct {
        const char *line;
        struct expected message;
    } cases[] = {
        {"{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": [42, 23], \"id\": 1}",
         {.kind = MESSAGE_REQUEST, .id = "1", .method = "subtract", .params = "[42, 23]"}},
        {"{\"jsonrpc\": \"2.0\", \"result\": 19, \"id\": 1}",
         {.kind = MESSAGE_RESULT, .id = "1", .result = "19"}},
        {"{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": [23, 42], \"id\": 2}",
         {.kind = MESSAGE_REQUEST, .id = "2", .method = "subtract", .params = "[23, 42]"}},
        {"{\"jsonrpc\": \"2.0\", \"result\": -19, \"id\": 2}",
         {.kind = MESSAGE_RESULT, .id = "2", .result = "-19"}},
        {"{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": {\"subtrahend\": 23, "
         "\"minuend\": 42}, \"id\": 3}",
         {.kind = MESSAGE_REQUEST,
          .id = "3",
          .method = "subtract",
          .params = "{\"subtrahend\": 23, \"minuend\": 42}"}},
        {"{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": {\"minuend\": 42, "
         "\"subtrahend\": 23}, \"id\": 4}",
         {.kind = MESSAGE_REQUEST,
          .id = "4",
          .method = "subtract",
          .params = "{\"minuend\": 42, \"subtrahend\": 23}"}},
        {"{\"jsonrpc\": \"2.0\", \"method\": \"update\", \"params\": [1,2,3,4,5]}",
         {.kind = MESSAGE_NOTIFICATION, .method = "update", .params = "[1,2,3,4,5]"}},
        {"{\"jsonrpc\": \"2.0\", \"method\": \"foobar\"}",
         {.kind = MESSAGE_NOTIFICATION, .method = "foobar"}},
        {"{\"jsonrpc\": \"2.0\", \"method\": \"foobar\", \"id\": \"1\"}",
         {.kind = MESSAGE_REQUEST, .id = "\"1\"", .method = "foobar"}},
        {"{\"jsonrpc\": \"2.0\", \"error\": {\"code\": -32601, \"message\": \"Method not found\"}, "
         "\"id\": \"1\"}",
         {.kind = MESSAGE_ERROR,
          .id = "\"1\"",
          .error = "{\"code\": -32601, \"message\": \"Method not found\"}"}},
        {"{\"jsonrpc\": \"2.0\", \"method\": 1, \"params\": \"bar\"}",
         {.kind = MESSAGE_INVALID, .problem = "method must be a string"}},
        {"{\"jsonrpc\": \"2.0\", \"error\": {\"code\": -32600, \"message\": \"Invalid Request\"}, "
         "\"id\": null}",
         {.kind = MESSAGE_ERROR,
          .id = "null",
          .error = "{\"code\": -32600, \"message\": \"Invalid Request\"}"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct parsed parsed;

        parse(&parsed, span_of(cases[i].line));
        assert_int_equal(parsed.status, MESSAGES_OK);
        assert_int_equal(parsed.messages.count, 1);
        expect_message(&parsed.messages.items[0], &cases[i].message);
        release(&parsed);
    }
}

static void
test_invalid_json_of_the_specification(void **state)
{
    static const char *const lines[] = {
        "{\"jsonrpc\": \"2.0\", \"method\": \"foobar, \"params\": \"bar\", \"baz]",
        "[{\"jsonrpc\": \"2.0\", \"method\": \"sum\", \"params\": [1,2,4], \"id\": \"1\"},"
        "{\"jsonrpc\": \"2.0\", \"method\"]",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct parsed parsed;

        parse(&parsed, span_of(lines[i]));
        assert_int_equal(parsed.status, MESSAGES_SYNTAX);
        release(&parsed);
    }
}

static void
test_batches_of_the_specification(void **state)
{
    struct parsed parsed;
    struct expected invalid = {.kind = MESSAGE_INVALID, .problem = "a message must be an object"};

    (void)state;
    parse(&parsed, SPAN("[]"));
    assert_int_equal(parsed.status, MESSAGES_BATCH_EMPTY);
    assert_string_equal(parsed.fault.reason, "a batch must not be empty");
    release(&parsed);

    parse(&parsed, SPAN("[1]"));
    assert_int_equal(parsed.status, MESSAGES_OK);
    assert_true(parsed.messages.batch);
    assert_int_equal(parsed.messages.count, 1);
    expect_message(&parsed.messages.items[0], &invalid);
    release(&parsed);

    parse(&parsed, SPAN("[1,2,3]"));
    assert_int_equal(parsed.messages.count, 3);
    for (size_t i = 0; i < 3; i++)
        expect_message(&parsed.messages.items[i], &invalid);
    release(&parsed);
}

static void
test_mixed_batch_of_the_specification(void **state)
{
    static const struct expected expected[] = {
        {.kind = MESSAGE_REQUEST, .id = "\"1\"", .method = "sum", .params = "[1,2,4]"},
        {.kind = MESSAGE_NOTIFICATION, .method = "notify_hello", .params = "[7]"},
        {.kind = MESSAGE_REQUEST, .id = "\"2\"", .method = "subtract", .params = "[42,23]"},
        {.kind = MESSAGE_INVALID, .problem = "jsonrpc must be \"2.0\""},
        {.kind = MESSAGE_REQUEST,
         .id = "\"5\"",
         .method = "foo.get",
         .params = "{\"name\": \"myself\"}"},
        {.kind = MESSAGE_REQUEST, .id = "\"9\"", .method = "get_data"},
    };
    struct parsed parsed;

    (void)state;
    parse(&parsed,
          SPAN("[{\"jsonrpc\": \"2.0\", \"method\": \"sum\", \"params\": [1,2,4], \"id\": \"1\"},"
               "{\"jsonrpc\": \"2.0\", \"method\": \"notify_hello\", \"params\": [7]},"
               "{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": [42,23], \"id\": "
               "\"2\"},"
               "{\"foo\": \"boo\"},"
               "{\"jsonrpc\": \"2.0\", \"method\": \"foo.get\", \"params\": {\"name\": \"myself\"},"
               " \"id\": \"5\"},"
               "{\"jsonrpc\": \"2.0\", \"method\": \"get_data\", \"id\": \"9\"}]"));
    assert_int_equal(parsed.status, MESSAGES_OK);
    assert_int_equal(parsed.messages.count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++)
        expect_message(&parsed.messages.items[i], &expected[i]);
    release(&parsed);
}

static const char good[] = "{" VERSION ",\"method\":\"a\\u0062\",\"params\":[1,{\"k\":\"v\"}],"
                           "\"id\":\"\\u0031\",\"extra\":[[\"\xc3\xa9\"]]}";

static void
test_every_prefix_is_refused(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < sizeof(good) - 1; cut++) {
        char batch[sizeof(good) + 40];
        struct parsed parsed;

        parse(&parsed, (struct span){.at = good, .length = cut});
        assert_int_equal(parsed.status, MESSAGES_SYNTAX);
        release(&parsed);
        // Refused whole: the good message before it does not come out.
        parse(&parsed, (struct span){.at = batch,
                                     .length = (size_t)sprintf(batch, "[{" VERSION "},%.*s",
                                                               (int)cut, good)});
        assert_int_equal(parsed.status, MESSAGES_SYNTAX);
        release(&parsed);
    }
}

static void
test_faults(void **state)
{
    static const struct {
        struct span line;
        enum message_status status;
        size_t offset;
    } cases[] = {
        {SPAN(""), MESSAGES_SYNTAX, 0},
        {SPAN("  "), MESSAGES_SYNTAX, 2},
        {SPAN("{\"a\" 1}"), MESSAGES_SYNTAX, 5},
        {SPAN("{\"a\":\"\xff\"}"), MESSAGES_SYNTAX, 6},
        {SPAN("{} {}"), MESSAGES_SYNTAX, 3},
        {SPAN("[{}] 1"), MESSAGES_SYNTAX, 5},
        {SPAN("[] x"), MESSAGES_SYNTAX, 3},
        {SPAN("[{},]"), MESSAGES_SYNTAX, 4},
        {SPAN("[{} {}]"), MESSAGES_SYNTAX, 4},
        {SPAN("{\"id\":1,}"), MESSAGES_SYNTAX, 8},
        {SPAN("{\"unknown\":tru}"), MESSAGES_SYNTAX, 11},
        {SPAN("\0"), MESSAGES_SYNTAX, 0},
        {SPAN("{}\0"), MESSAGES_SYNTAX, 2},
        {SPAN("[[[[[]]]]]"), MESSAGES_DEPTH, 4},
        {SPAN("{\"a\":{\"a\":[{\"b\":{}}]}}"), MESSAGES_DEPTH, 16},
        {SPAN("[{},{},{},{}]"), MESSAGES_BATCH_LARGE, 10},
        {SPAN("[{},{},{},tru]"), MESSAGES_BATCH_LARGE, 10},
        {SPAN("[{},{},tru,{}]"), MESSAGES_SYNTAX, 7},
        {SPAN(" [ ] "), MESSAGES_BATCH_EMPTY, 5},
    };
    static const struct message_limits limits = {.depth_max = 4, .batch_max = 3};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct parsed parsed;

        parse_limited(&parsed, cases[i].line, &limits);
        if (parsed.status != cases[i].status || parsed.fault.offset != cases[i].offset)
            fail_msg("case %zu: status %d at %zu", i, (int)parsed.status, parsed.fault.offset);
        release(&parsed);
    }
}

static void
test_limits_at_the_border(void **state)
{
    static const struct message_limits limits = {.depth_max = 3, .batch_max = 2};
    struct parsed parsed;

    (void)state;
    parse_limited(&parsed, SPAN("[{\"a\":[1]},{\"b\":{}}]"), &limits);
    assert_int_equal(parsed.status, MESSAGES_OK);
    assert_int_equal(parsed.messages.count, 2);
    release(&parsed);
    parse_limited(&parsed, SPAN("[{\"a\":[[]]}]"), &limits);
    assert_int_equal(parsed.status, MESSAGES_DEPTH);
    release(&parsed);
    parse_limited(&parsed, SPAN("[1,2,3]"), &limits);
    assert_int_equal(parsed.status, MESSAGES_BATCH_LARGE);
    release(&parsed);
}

// The fault is for those who ask.
static void
test_fault_may_be_null(void **state)
{
    struct messages messages;
    char line[] = "[1,";

    (void)state;
    messages_init(&messages);
    assert_int_equal(messages_parse(&messages, line, 3, &standard, NULL), MESSAGES_SYNTAX);
    messages_done(&messages);
}

static size_t
write_batch(char *into, size_t count)
{
    size_t length = (size_t)sprintf(into, "[1");

    for (size_t i = 1; i < count; i++)
        length += (size_t)sprintf(into + length, ",1");
    return length + (size_t)sprintf(into + length, "]");
}

// Reused from line to line; never more places than a batch may have elements.
static void
check_reuse(const struct message_limits *limits)
{
    char batch[64], one[] = "{}", empty[] = "[]", broken[] = "[1,tru";
    struct messages messages;

    messages_init(&messages);
    for (size_t count = 1; count <= limits->batch_max; count++) {
        size_t length = write_batch(batch, count);

        assert_int_equal(messages_parse(&messages, batch, length, limits, NULL), MESSAGES_OK);
        assert_int_equal(messages.count, count);
        assert_true(messages.capacity <= limits->batch_max);
        assert_int_equal(messages_parse(&messages, one, 2, limits, NULL), MESSAGES_OK);
        assert_int_equal(messages.count, 1);
        assert_false(messages.batch);
        assert_int_equal(messages_parse(&messages, empty, 2, limits, NULL), MESSAGES_BATCH_EMPTY);
        assert_int_equal(messages.count, 0);
    }
    assert_int_not_equal(messages_parse(&messages, broken, 6, limits, NULL), MESSAGES_OK);
    assert_int_equal(messages.count, 0);
    messages_done(&messages);
    assert_null(messages.items);
}

static void
test_reuse_and_bounded_memory(void **state)
{
    struct message_limits limits = {.depth_max = 8};

    (void)state;
    for (limits.batch_max = 1; limits.batch_max <= 21; limits.batch_max++)
        check_reuse(&limits);
}

static void
test_out_of_memory(void **state)
{
    char line[] = "[1,2,3,4,5,6,7,8,9]";
    struct messages messages;
    struct message_fault fault;
    size_t length = 42;

    (void)state;
    messages_init(&messages);
    for (size_t allowed = 0; allowed < 3; allowed++) {
        messages_done(&messages);
        allocations_left = allowed;
        assert_int_equal(messages_parse(&messages, line, sizeof(line) - 1, &standard, &fault),
                         MESSAGES_NO_MEMORY);
        assert_string_equal(fault.reason, "out of memory");
        assert_int_equal(messages.count, 0);
    }
    assert_null(message_quote(SPAN("a"), &length));
    assert_null(message_join(NULL, 0, &length));
    assert_int_equal(length, 42);
    allocations_left = SIZE_MAX;
    assert_int_equal(messages_parse(&messages, line, sizeof(line) - 1, &standard, NULL),
                     MESSAGES_OK);
    assert_int_equal(messages.count, 9);
    messages_done(&messages);
}

static void
expect_built(const struct iovec *iov, int count, const char *expected)
{
    size_t length = 0;
    char *joined = message_join(iov, count, &length);

    assert_true(count <= MESSAGE_IOV_MAX);
    assert_non_null(joined);
    assert_string_equal(joined, expected);
    assert_int_equal(length, strlen(expected));
    free(joined);
}

static void
test_building(void **state)
{
    struct iovec iov[MESSAGE_IOV_MAX];
    struct span absent = {0};

    (void)state;
    expect_built(iov, message_result_iov(iov, SPAN("\"a\""), SPAN("[1, 2]")),
                 "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"result\":[1, 2]}");
    expect_built(iov, message_result_iov(iov, absent, SPAN("null")),
                 "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":null}");
    expect_built(iov, message_result_iov(iov, SPAN("1"), absent),
                 "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}");
    expect_built(iov, message_error_iov(iov, SPAN("1"), SPAN("{\"code\":1}")),
                 "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1}}");
    expect_built(iov, message_error_iov(iov, absent, SPAN("{}")),
                 "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{}}");
    expect_built(iov, message_request_iov(iov, SPAN("7"), SPAN("echo"), SPAN("{\"a\":1}")),
                 "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"echo\",\"params\":{\"a\":1}}");
    expect_built(iov, message_request_iov(iov, SPAN("7"), SPAN("echo"), absent),
                 "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"echo\"}");
    expect_built(iov, message_request_iov(iov, absent, SPAN("$/progress"), SPAN("[]")),
                 "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":[]}");
    expect_built(iov, message_request_iov(iov, absent, SPAN("x"), absent),
                 "{\"jsonrpc\":\"2.0\",\"method\":\"x\"}");
    expect_built(iov, 0, "");
}

// What is built is read back as the same.
static void
test_built_is_parsed(void **state)
{
    static const struct expected expected = {
        .kind = MESSAGE_REQUEST, .id = "\"\\u0000\"", .method = "a.b", .params = "[ ]"};
    struct iovec iov[MESSAGE_IOV_MAX];
    struct parsed parsed;
    size_t length = 0;
    char *joined = message_join(
        iov, message_request_iov(iov, SPAN("\"\\u0000\""), SPAN("a.b"), SPAN("[ ]")), &length);

    (void)state;
    assert_non_null(joined);
    parse(&parsed, (struct span){.at = joined, .length = length});
    assert_int_equal(parsed.status, MESSAGES_OK);
    expect_message(&parsed.messages.items[0], &expected);
    release(&parsed);
    free(joined);
}

static void
test_method_is_plain(void **state)
{
    (void)state;
    assert_true(message_method_is_plain(SPAN("echo")));
    assert_true(message_method_is_plain(SPAN("$/a b~!#[]")));
    assert_true(message_method_is_plain(SPAN("")));
    assert_false(message_method_is_plain(SPAN("a\"b")));
    assert_false(message_method_is_plain(SPAN("a\\b")));
    assert_false(message_method_is_plain(SPAN("a\nb")));
    assert_false(message_method_is_plain(SPAN("a\x7f")));
    assert_false(message_method_is_plain(SPAN("a\0")));
    assert_false(message_method_is_plain(SPAN("\xc3\xa9")));
}

static void
expect_quoted(struct span text, const char *expected)
{
    size_t length = 0;
    char *copy = malloc(text.length), *quoted;

    assert_non_null(copy);
    memcpy(copy, text.at, text.length);
    quoted = message_quote((struct span){.at = copy, .length = text.length}, &length);
    assert_non_null(quoted);
    assert_string_equal(quoted, expected);
    assert_int_equal(length, strlen(expected));
    assert_int_equal(scanner_check((struct span){.at = quoted, .length = length}, 1), SCAN_OK);
    free(quoted);
    free(copy);
}

#define REPLACEMENT "\xef\xbf\xbd"

static void
test_quote(void **state)
{
    (void)state;
    expect_quoted(SPAN(""), "\"\"");
    expect_quoted(SPAN("plain /'<>&\x7f"), "\"plain /'<>&\x7f\"");
    expect_quoted(SPAN("a\"b\\c"), "\"a\\\"b\\\\c\"");
    expect_quoted(SPAN("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
    expect_quoted(SPAN("\0\x01\x1f"), "\"\\u0000\\u0001\\u001f\"");
    expect_quoted(SPAN("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
                  "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
    expect_quoted(SPAN("a\xffz"), "\"a" REPLACEMENT "z\"");
    expect_quoted(SPAN("\xed\xa0\x80"), "\"" REPLACEMENT REPLACEMENT REPLACEMENT "\"");
    expect_quoted(SPAN("\xc3"), "\"" REPLACEMENT "\"");
    expect_quoted(SPAN("\xe2\x82"), "\"" REPLACEMENT REPLACEMENT "\"");
}

// Every byte, alone and as the last one, gives JSON that means it (or U+FFFD).
static void
test_quote_every_byte(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        char text[3] = {'x', (char)byte, 'y'}, meant[32];
        size_t length = 0, size = 0;
        char *quoted = message_quote((struct span){.at = text, .length = 3}, &length);

        assert_non_null(quoted);
        size = scanner_unescape((struct span){.at = quoted + 1, .length = length - 2}, meant);
        if (byte < 0x80) {
            assert_int_equal(size, 3);
            assert_memory_equal(meant, text, 3);
        } else {
            assert_int_equal(size, 5);
            assert_memory_equal(meant, "x" REPLACEMENT "y", 5);
        }
        free(quoted);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_singles),
        cmocka_unit_test(test_singles_in_a_batch),
        cmocka_unit_test(test_examples_of_the_specification),
        cmocka_unit_test(test_invalid_json_of_the_specification),
        cmocka_unit_test(test_batches_of_the_specification),
        cmocka_unit_test(test_mixed_batch_of_the_specification),
        cmocka_unit_test(test_every_prefix_is_refused),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_limits_at_the_border),
        cmocka_unit_test(test_fault_may_be_null),
        cmocka_unit_test(test_reuse_and_bounded_memory),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_building),
        cmocka_unit_test(test_built_is_parsed),
        cmocka_unit_test(test_method_is_plain),
        cmocka_unit_test(test_quote),
        cmocka_unit_test(test_quote_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
