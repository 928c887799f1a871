// job.run: the inner members in place of the outer ones, and wrong params told apart.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "session/job_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct attempt {
    char line[512];
    struct messages messages;
    struct message *message;
    struct job_options_fault fault;
    bool done;
};

// A whole line as a session reads it; its one request goes through job_run_unwrap.
static void
attempt_open(struct attempt *attempt, const char *members)
{
    const struct message_limits limits = {.depth_max = 16, .batch_max = 1};

    snprintf(attempt->line, sizeof(attempt->line),
             "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"job.run\"%s}", members);
    messages_init(&attempt->messages);
    assert_int_equal(
        messages_parse(&attempt->messages, attempt->line, strlen(attempt->line), &limits, NULL),
        MESSAGES_OK);
    attempt->message = &attempt->messages.items[0];
    attempt->done = job_run_unwrap(attempt->message, &attempt->fault);
}

static void
attempt_close(struct attempt *attempt)
{
    messages_done(&attempt->messages);
}

static void
check(const char *members, const char *method, const char *params, const char *options)
{
    struct attempt attempt;

    attempt_open(&attempt, members);
    if (!attempt.done)
        fail_msg("refused: %s", members);
    assert_int_equal(attempt.message->kind, MESSAGE_REQUEST);
    assert_true(span_is(attempt.message->id, "7"));
    if (!span_is(attempt.message->method, method))
        fail_msg("%s: method %.*s", members, (int)attempt.message->method.length,
                 attempt.message->method.at);
    assert_int_equal(span_present(attempt.message->params), params != NULL);
    if (params != NULL)
        assert_true(span_is(attempt.message->params, params));
    assert_int_equal(span_present(attempt.message->options), options != NULL);
    if (options != NULL)
        assert_true(span_is(attempt.message->options, options));
    attempt_close(&attempt);
}

static void
refuse(const char *members, const char *member)
{
    struct attempt attempt;
    char expected[128];
    size_t length;
    char *error;

    attempt_open(&attempt, members);
    if (attempt.done)
        fail_msg("not refused: %s", members);
    assert_true(span_is(attempt.message->method, "job.run"));
    assert_true(span_is(attempt.message->id, "7"));
    error = argument_error(&attempt.fault.argument, &attempt.fault.fault, &length);
    snprintf(expected, sizeof(expected), "\"member\":\"%s\"", member);
    if (strstr(error, "-32602") == NULL || strstr(error, expected) == NULL)
        fail_msg("%s: %s does not name %s", members, error, member);
    free(error);
    attempt_close(&attempt);
}

static void
test_members(void **state)
{
    (void)state;
    check(",\"params\":{\"method\":\"echo\"}", "echo", NULL, NULL);
    check(",\"params\":{\"method\":\"echo\",\"params\":[1.0e0, 2]}", "echo", "[1.0e0, 2]", NULL);
    check(",\"params\":{\"options\":{\"retries\":1},\"params\":{ },\"method\":\"x\"}", "x", "{ }",
          "{\"retries\":1}");
    check(",\"params\":{\"method\":\"a\",\"method\":\"b\"}", "b", NULL, NULL);
}

static void
test_names_are_unescaped(void **state)
{
    (void)state;
    check(",\"params\":{\"meth\\u006fd\":\"e\\u0063ho\\n\"}", "echo\n", NULL, NULL);
    check(",\"params\":{\"method\":\"\\u0061\",\"method\":\"\\u0062c\",\"params\":[]}", "bc", "[]",
          NULL);
    check(",\"params\":{\"method\":\"\"}", "", NULL, NULL); // not found later, like any other
}

// The inner options win as a whole; without them the request's own serve.
static void
test_options_of_both(void **state)
{
    (void)state;
    check(",\"options\":{\"retries\":2},\"params\":{\"method\":\"x\"}", "x", NULL,
          "{\"retries\":2}");
    check(",\"options\":{\"retries\":2},\"params\":{\"method\":\"x\",\"options\":{}}", "x", NULL,
          "{}");
}

static void
test_it_does_not_nest(void **state)
{
    (void)state;
    check(",\"params\":{\"method\":\"job.run\",\"params\":{\"method\":\"x\"}}", "job.run",
          "{\"method\":\"x\"}", NULL);
}

static void
test_wrong_params(void **state)
{
    (void)state;
    refuse("", "method");
    refuse(",\"params\":[]", "method");
    refuse(",\"params\":[\"echo\",[1]]", "method");
    refuse(",\"params\":{}", "method");
    refuse(",\"params\":{\"params\":[]}", "method");
    refuse(",\"params\":{\"method\":1}", "method");
    refuse(",\"params\":{\"method\":null}", "method");
    refuse(",\"params\":{\"method\":\"x\",\"params\":1}", "params");
    refuse(",\"params\":{\"method\":\"x\",\"params\":null}", "params");
    refuse(",\"params\":{\"method\":\"x\",\"params\":\"[]\"}", "params");
    refuse(",\"params\":{\"method\":\"x\",\"options\":[]}", "options");
    refuse(",\"params\":{\"method\":\"x\",\"options\":true}", "options");
    refuse(",\"params\":{\"method\":\"x\",\"id\":1}", "id");
    refuse(",\"params\":{\"method\":\"x\",\"Params\":[]}", "Params");
    refuse(",\"params\":{\"method\":\"\\u0078\",\"method\":1}", "method");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),         cmocka_unit_test(test_names_are_unescaped),
        cmocka_unit_test(test_options_of_both), cmocka_unit_test(test_it_does_not_nest),
        cmocka_unit_test(test_wrong_params),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
