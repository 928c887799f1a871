// JSON-RPC messages: what is a request, a notification, a response or nothing of these; faults and
// limits.
#include "tests/unit/common/message_parsed.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_singles),
        cmocka_unit_test(test_singles_in_a_batch),
        cmocka_unit_test(test_every_prefix_is_refused),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_limits_at_the_border),
        cmocka_unit_test(test_fault_may_be_null),
        cmocka_unit_test(test_reuse_and_bounded_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
