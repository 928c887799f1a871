// A worker's lines: what each is, and what is said of those that are none of the protocol.
#include "client/check_line.h"
#include "tests/unit/client/capture.h"

#include <string.h>

struct example {
    const char *line;
    enum check_line_kind kind;
    const char *words; // of problem and advice together; NULL for a good line
};

static const struct example examples[] = {
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}", CHECK_LINE_RESULT, NULL},
    {" {\"result\" : 1, \"id\":1,\"jsonrpc\":\"2.0\"} ", CHECK_LINE_RESULT, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"\"}}", CHECK_LINE_ERROR,
     NULL},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"worker.ready\"}", CHECK_LINE_READY, NULL},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"worker\\u002eready\",\"params\":{\"cancel\":true}}",
     CHECK_LINE_READY, NULL},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":{\"token\":1}}",
     CHECK_LINE_PROGRESS, NULL},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"worker.return\",\"params\":{\"ids\":[1]}}",
     CHECK_LINE_RETURN, NULL},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"else\"}", CHECK_LINE_NOTIFICATION, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"worker.ready\"}", CHECK_LINE_WRONG, "a request"},
    {"Loading...", CHECK_LINE_WRONG, "print to stderr"},
    {"", CHECK_LINE_WRONG, "print to stderr"},
    {"  \"jsonrpc\": \"2.0\",", CHECK_LINE_WRONG, "one line"},
    {"{", CHECK_LINE_WRONG, "one line"},
    {"}", CHECK_LINE_WRONG, "one line"},
    {"{'jsonrpc':'2.0','id':1,'result':None}", CHECK_LINE_WRONG, "json.dumps"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":NaN}", CHECK_LINE_WRONG, "no NaN"},
    {"{\"jsonrpc\":\"2.0\",\"id\"::1,\"result\":1}", CHECK_LINE_WRONG, "expected"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":-Infinity}", CHECK_LINE_WRONG, "no NaN"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,", CHECK_LINE_WRONG, "one line"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"\xe4\"}", CHECK_LINE_WRONG, "UTF-8"},
    {"[]", CHECK_LINE_WRONG, "batches"},
    {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}]", CHECK_LINE_WRONG, "batches"},
    {"[1,2]", CHECK_LINE_WRONG, "batches"},
    {"5", CHECK_LINE_WRONG, "\"result\""},
    {"{\"id\":1,\"result\":1}", CHECK_LINE_WRONG, "jsonrpc"},
    {"{\"jsonrpc\":\"2.0\",\"result\":1}", CHECK_LINE_WRONG, "\"result\""},
    {"{\"jsonrpc\":\"2.0\",\"id\":1}", CHECK_LINE_WRONG, "\"result\""},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"error\":{\"code\":1,\"message\":\"\"}}",
     CHECK_LINE_WRONG, "both"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":\"broken\"}", CHECK_LINE_WRONG, "\"error\""},
};

static void
check_example(struct messages *messages, const struct example *example)
{
    struct check_line judged;
    char line[256], said[1024];

    snprintf(line, sizeof(line), "%s", example->line);
    assert_true(check_line_judge(messages, line, strlen(line), &judged));
    if (judged.kind != example->kind)
        fail_msg("%s: kind %d, expected %d (%s)", example->line, (int)judged.kind,
                 (int)example->kind, judged.problem != NULL ? judged.problem : "");
    if (example->words == NULL) {
        assert_null(judged.problem);
        return;
    }
    snprintf(said, sizeof(said), "%s; %s", judged.problem,
             judged.advice != NULL ? judged.advice : "");
    if (strstr(said, example->words) == NULL)
        fail_msg("%s: '%s' has no '%s'", example->line, said, example->words);
}

static void
lines_are_judged(void **state)
{
    struct messages messages;

    (void)state;
    messages_init(&messages);
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
        check_example(&messages, &examples[i]);
    messages_done(&messages);
}

// Where it goes wrong, in bytes from 1.
static void
places(void **state)
{
    static const struct {
        const char *line;
        size_t place;
    } lines[] = {
        {"{'jsonrpc':'2.0'}", 2},
        {"{\"jsonrpc\":\"2.0\",\"id\"::1,\"result\":1}", 23},
        {"{\"id\":1,\"result\":NaN}", 18},
        {"{\"id\":1,\"result\":[1,]}", 21},
        {"{\"id\":1} {\"id\":2}", 10},
        {"{\"id\":1,", 0}, // it goes on in the next line
        {"Loading...", 0},
    };
    struct messages messages;

    (void)state;
    messages_init(&messages);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct check_line judged;
        char line[256];

        snprintf(line, sizeof(line), "%s", lines[i].line);
        assert_true(check_line_judge(&messages, line, strlen(line), &judged));
        assert_int_equal(judged.kind, CHECK_LINE_WRONG);
        if (judged.place != lines[i].place)
            fail_msg("%s: at %zu, expected %zu", line, judged.place, lines[i].place);
    }
    messages_done(&messages);
}

static void
too_deep(void **state)
{
    struct messages messages;
    struct check_line judged;
    char line[256];

    (void)state;
    messages_init(&messages);
    snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":%.64s%.64s}",
             "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
             "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
    assert_true(check_line_judge(&messages, line, strlen(line), &judged));
    assert_int_equal(judged.kind, CHECK_LINE_WRONG);
    assert_non_null(strstr(judged.problem, "deep"));
    messages_done(&messages);
}

static void
numbers(void **state)
{
    static const struct {
        const char *id;
        bool good;
        uint64_t number;
    } ids[] = {
        {"1", true, 1},
        {"9223372036854775807", true, INT64_MAX},
        {"12345678901234567890", false, 0}, // 20 digits
        {"\"1\"", false, 0},
        {"1.0", false, 0},
        {"-1", false, 0},
        {"null", false, 0},
        {"", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        const struct check_line line = {.id = span_of(ids[i].id)};
        uint64_t number = 0;

        assert_int_equal(check_line_number(&line, &number), ids[i].good);
        assert_true(number == ids[i].number);
    }
}

static void
codes_and_params(void **state)
{
    const struct check_line error = {.error = SPAN("{\"message\":\"\",\"code\": -32601}")};
    const struct check_line odd = {.error = SPAN("{\"code\":1e3,\"message\":\"\"}")};
    const struct check_line none = {0};
    const struct check_line said = {.params = SPAN("{\"a\":1, \"ids\": [2]}")};

    (void)state;
    assert_int_equal(check_line_code(&error), -32601);
    assert_int_equal(check_line_code(&odd), 0);
    assert_int_equal(check_line_code(&none), 0);
    assert_true(span_is(check_line_param(&said, "ids"), "[2]"));
    assert_false(span_present(check_line_param(&said, "b")));
    assert_false(span_present(check_line_param(&none, "ids")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_judged), cmocka_unit_test(places),
        cmocka_unit_test(too_deep),         cmocka_unit_test(numbers),
        cmocka_unit_test(codes_and_params),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
