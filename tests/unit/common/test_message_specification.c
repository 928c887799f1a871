// Every line of https://www.jsonrpc.org/specification#examples.
#include "tests/unit/common/message_parsed.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_of_the_specification),
        cmocka_unit_test(test_invalid_json_of_the_specification),
        cmocka_unit_test(test_batches_of_the_specification),
        cmocka_unit_test(test_mixed_batch_of_the_specification),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
