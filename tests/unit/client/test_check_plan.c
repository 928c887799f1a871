// What check-worker makes of its words, and the params it sends.
#include "client/check_params.h"
#include "client/check_plan.h"
#include "common/errors.h"
#include "tests/unit/client/capture.h"

#include <stdlib.h>
#include <string.h>

#define WORDS(...)                      \
    (const char *const[]){__VA_ARGS__}, \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)

static int
parse_quietly(const char *const *words, size_t count, unsigned in_flight, struct check_plan *plan)
{
    struct capture capture;
    int status;

    capture_start(&capture, STDERR_FILENO);
    status = check_plan_parse(words, count, in_flight, plan);
    capture_stop(&capture);
    if ((status != 0) != (capture.text[0] != '\0'))
        fail_msg("status %d and '%s'", status, capture.text);
    return status;
}

static void
the_program_alone(void **state)
{
    struct check_plan plan;

    (void)state;
    assert_int_equal(parse_quietly(WORDS("./worker", "-x", "--method", "--"), 3, &plan), 0);
    assert_true(span_is(plan.method, "echo"));
    assert_false(span_present(plan.params));
    assert_int_equal(plan.timeout_us, 5000000);
    assert_int_equal(plan.in_flight, 3);
    assert_string_equal(plan.argv[0], "./worker");
    assert_string_equal(plan.argv[1], "-x");
    assert_string_equal(plan.argv[2], "--method");
    assert_string_equal(plan.argv[3], "--");
    assert_null(plan.argv[4]);
    check_plan_done(&plan);
}

static void
all_options(void **state)
{
    struct check_plan plan;

    (void)state;
    assert_int_equal(parse_quietly(WORDS("--method", "m", "{ }", "--timeout=1.5", "--in-flight",
                                         "1024", "--", "worker"),
                                   0, &plan),
                     0);
    assert_true(span_is(plan.method, "m"));
    assert_true(span_is(plan.params, "{ }"));
    assert_int_equal(plan.timeout_us, 1500000);
    assert_int_equal(plan.in_flight, 1024);
    assert_string_equal(plan.argv[0], "worker");
    assert_null(plan.argv[1]);
    check_plan_done(&plan);
    // The last counts, nothing of the first is left behind, and a name is put into JSON.
    assert_int_equal(
        parse_quietly(WORDS("--", "--method", "m", "[1]", "--method=\"q\"", "[2]", "w"), 0, &plan),
        0);
    assert_true(span_is(plan.method, "\\\"q\\\""));
    assert_true(span_is(plan.params, "[2]"));
    check_plan_done(&plan);
}

static void
mistakes(void **state)
{
    struct check_plan plan;

    (void)state;
    assert_int_equal(parse_quietly(WORDS("--"), 0, &plan), EXIT_STATUS_USAGE);
    assert_int_equal(parse_quietly(WORDS(""), 0, &plan), EXIT_STATUS_USAGE);
    assert_int_equal(parse_quietly(WORDS("--method"), 0, &plan), EXIT_STATUS_USAGE);
    assert_int_equal(parse_quietly(WORDS("--method", "m", "[1", "w"), 0, &plan), EXIT_STATUS_USAGE);
    assert_int_equal(parse_quietly(WORDS("--method", "\xff", "w"), 0, &plan), EXIT_STATUS_USAGE);
    assert_int_equal(parse_quietly(WORDS("--methods", "m", "w"), 0, &plan), EXIT_STATUS_USAGE);
    assert_int_equal(parse_quietly(WORDS("--meth", "m", "w"), 0, &plan), EXIT_STATUS_USAGE);
    assert_int_equal(parse_quietly(WORDS("--timeout", "0", "w"), 0, &plan), EXIT_STATUS_USAGE);
    assert_int_equal(parse_quietly(WORDS("--timeout", "3601", "w"), 0, &plan), EXIT_STATUS_USAGE);
    assert_int_equal(parse_quietly(WORDS("--timeout", "-1", "w"), 0, &plan), EXIT_STATUS_USAGE);
    assert_int_equal(parse_quietly(WORDS("--in-flight", "0", "w"), 0, &plan), EXIT_STATUS_USAGE);
    assert_int_equal(parse_quietly(WORDS("--in-flight", "1025", "w"), 0, &plan), EXIT_STATUS_USAGE);
    assert_int_equal(parse_quietly(WORDS("w"), 1025, &plan), EXIT_STATUS_USAGE);
}

static void
expect_params(const char *params, const char *expected)
{
    const struct check_plan plan = {.method = SPAN("echo"), .params = span_of(params)};
    size_t length;
    char *made = check_params(&plan, SPAN("\"t\""), &length);

    assert_non_null(made);
    assert_string_equal(made, expected);
    assert_int_equal(length, strlen(expected));
    free(made);
}

static void
the_text_joins_the_params(void **state)
{
    (void)state;
    expect_params(NULL, "{\"text\":\"t\"}");
    expect_params("{}", "{\"text\":\"t\"}");
    expect_params("{ \t}", "{ \t\"text\":\"t\"}");
    expect_params("{\"a\":1}", "{\"a\":1,\"text\":\"t\"}");
    expect_params("[]", "[\"t\"]");
    expect_params("[[1], {}]", "[[1], {},\"t\"]");
}

static void
a_text_that_was_changed(void **state)
{
    const struct check_plan echo = {.method = SPAN("echo")}, other = {.method = SPAN("shout")};
    const struct span text = SPAN("\"\\u00e9\"");

    (void)state;
    assert_false(check_params_differ(&echo, text, SPAN("{\"text\":\"\xc3\xa9\"}"))); // the same
    assert_true(check_params_differ(&echo, text, SPAN("{\"text\":\"\xc3\x83\xc2\xa9\"}")));
    assert_true(check_params_differ(&echo, text, SPAN("{\"text\":\"?\"}")));
    assert_false(check_params_differ(&other, text, SPAN("{\"text\":\"?\"}")));
    assert_false(check_params_differ(&echo, text, SPAN("[\"?\"]")));
    assert_false(check_params_differ(&echo, text, SPAN("null")));
    assert_false(check_params_differ(&echo, text, SPAN("{\"text\":5}")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_program_alone),
        cmocka_unit_test(all_options),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(the_text_joins_the_params),
        cmocka_unit_test(a_text_that_was_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
