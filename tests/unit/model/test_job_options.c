// Job options: every member, every bound, and which member is named when one is wrong.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "model/job_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct job_options
parse(const char *text)
{
    struct job_options_fault fault;
    struct job_options options;

    if (!job_options_parse(span_of(text), &options, &fault))
        fail_msg("refused: %s", text);
    return options;
}

// Refused, with this member named, in an error object that is made of the fault; and nothing else
// is touched.
static void
refuse(const char *text, const char *member)
{
    struct job_options_fault fault;
    struct job_options options;
    struct job_options before;
    char expected[128];
    size_t length;
    char *error;

    memset(&options, 0x55, sizeof(options));
    before = options;
    if (job_options_parse(span_of(text), &options, &fault))
        fail_msg("not refused: %s", text);
    assert_memory_equal(&options, &before, sizeof(options));
    error = argument_error(&fault.argument, &fault.fault, &length);
    assert_non_null(error);
    snprintf(expected, sizeof(expected), "\"member\":\"%s\"", member);
    if (strstr(error, expected) == NULL)
        fail_msg("%s: %s does not name %s", text, error, member);
    free(error);
}

static void
test_absent(void **state)
{
    struct job_options_fault fault;
    struct job_options options;

    (void)state;
    memset(&options, 0x55, sizeof(options));
    assert_true(job_options_parse((struct span){0}, &options, &fault));
    assert_false(timeouts_any(&options.timeouts));
    assert_int_equal(options.retries, 0);
    assert_int_equal(options.priority, 0);
    assert_int_equal(options.delay_us, 0);
    assert_int_equal(options.max_wait_us, JOB_WAIT_ANY);
    assert_false(options.progress);
    assert_false(span_present(options.token));
    options = parse(" { } ");
    assert_false(timeouts_any(&options.timeouts));
}

static void
test_timeouts(void **state)
{
    struct job_options options;

    (void)state;
    options = parse("{\"timeouts\":{\"queue\":1,\"run\":2.5,\"silence\":1e-3,\"total\":31536000}}");
    assert_int_equal(options.timeouts.us[TIMEOUT_QUEUE], 1000000);
    assert_int_equal(options.timeouts.us[TIMEOUT_RUN], 2500000);
    assert_int_equal(options.timeouts.us[TIMEOUT_SILENCE], 1000);
    assert_in_range(options.timeouts.us[TIMEOUT_TOTAL], 31536000000000, 31536000000001);
    // Never rounded down to none.
    assert_int_equal(parse("{\"timeouts\":{\"run\":1e-9}}").timeouts.us[TIMEOUT_RUN], 1);
    assert_int_equal(parse("{\"timeouts\":{\"run\":1.0000001}}").timeouts.us[TIMEOUT_RUN], 1000001);
    // Names are compared unescaped; the last duplicate wins.
    assert_int_equal(parse("{\"t\\u0069meouts\":{\"r\\u0075n\":1}}").timeouts.us[TIMEOUT_RUN],
                     1000000);
    assert_int_equal(parse("{\"timeouts\":{\"run\":1,\"run\":2}}").timeouts.us[TIMEOUT_RUN],
                     2000000);
    options = parse("{\"timeouts\":{}}");
    assert_false(timeouts_any(&options.timeouts));
}

static void
test_wrong_timeouts(void **state)
{
    static const char *const values[] = {"0",     "-1",   "0.0", "-0", "31536000.5", "1e400",
                                         "\"1\"", "true", "[]",  "{}", "null",       "1e-400"};

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        for (int kind = 0; kind < TIMEOUT_COUNT; kind++) {
            const char *name = timeout_name((enum timeout_kind)kind);
            char text[128];
            char member[64];

            snprintf(text, sizeof(text), "{\"timeouts\":{\"%s\":%s}}", name, values[i]);
            snprintf(member, sizeof(member), "options.timeouts.%s", name);
            refuse(text, member);
        }
    refuse("{\"timeouts\":[]}", "options.timeouts");
    refuse("{\"timeouts\":1}", "options.timeouts");
    refuse("{\"timeouts\":null}", "options.timeouts");
    refuse("{\"timeouts\":{\"Run\":1}}", "options.timeouts.Run");
    refuse("{\"timeouts\":{\"run\":1,\"walk\":1}}", "options.timeouts.walk");
}

static void
test_retries(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"retries\":0}").retries, 0);
    assert_int_equal(parse("{\"retries\":100}").retries, 100);
    refuse("{\"retries\":101}", "options.retries");
    refuse("{\"retries\":-1}", "options.retries");
    refuse("{\"retries\":1.5}", "options.retries");
    refuse("{\"retries\":18446744073709551617}", "options.retries");
    refuse("{\"retries\":\"1\"}", "options.retries");
    refuse("{\"retries\":null}", "options.retries");
}

static void
test_priority(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"priority\":10}").priority, 10);
    assert_int_equal(parse("{\"priority\":-10}").priority, -10);
    assert_int_equal(parse("{\"priority\":0}").priority, 0);
    assert_int_equal(parse("{\"priority\":-0}").priority, 0);
    assert_int_equal(parse("{\"priority\":3,\"priority\":-3}").priority, -3);
    refuse("{\"priority\":11}", "options.priority");
    refuse("{\"priority\":-11}", "options.priority");
    refuse("{\"priority\":1.0}", "options.priority");
    refuse("{\"priority\":-1e0}", "options.priority");
    refuse("{\"priority\":-99999999999999999999}", "options.priority");
    refuse("{\"priority\":\"-1\"}", "options.priority");
    refuse("{\"priority\":\"high\"}", "options.priority");
    refuse("{\"priority\":true}", "options.priority");
    refuse("{\"priority\":null}", "options.priority");
}

// Below the least it is too small, above the greatest too large.
static void
test_which_end(void **state)
{
    struct job_options_fault fault;
    struct job_options options;

    (void)state;
    assert_false(job_options_parse(SPAN("{\"priority\":-11}"), &options, &fault));
    assert_string_equal(fault.fault.reason, "too small");
    assert_false(job_options_parse(SPAN("{\"priority\":11}"), &options, &fault));
    assert_string_equal(fault.fault.reason, "too large");
}

static void
test_delay_and_max_wait(void **state)
{
    static const char *const wrong[] = {"-1",   "-0", "31536000.5", "1e400", "\"1\"",
                                        "true", "[]", "{}",         "null"};
    struct job_options options;

    (void)state;
    options = parse("{\"delay\":2.5,\"max_wait\":0}");
    assert_int_equal(options.delay_us, 2500000);
    assert_int_equal(options.max_wait_us, 0);
    options = parse("{\"delay\":0,\"max_wait\":31536000}");
    assert_int_equal(options.delay_us, 0);
    assert_in_range(options.max_wait_us, 31536000000000, 31536000000001);
    assert_int_equal(parse("{\"delay\":1e-9}").delay_us, 1);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[64];

        snprintf(text, sizeof(text), "{\"delay\":%s}", wrong[i]);
        refuse(text, "options.delay");
        snprintf(text, sizeof(text), "{\"max_wait\":%s}", wrong[i]);
        refuse(text, "options.max_wait");
    }
}

static void
test_progress(void **state)
{
    struct job_options options;

    (void)state;
    options = parse("{\"progress\":true}");
    assert_true(options.progress);
    assert_false(span_present(options.token));
    options = parse("{\"progress\":false}");
    assert_false(options.progress);
    options = parse("{\"progress\":\"a \\u0041\"}");
    assert_true(options.progress);
    assert_true(span_is(options.token, "\"a \\u0041\"")); // byte for byte
    options = parse("{\"progress\": 1.0e0 }");
    assert_true(options.progress);
    assert_true(span_is(options.token, "1.0e0"));
    options = parse("{\"progress\":0}"); // a token like any other
    assert_true(options.progress);
    assert_true(span_is(options.token, "0"));
    options = parse("{\"progress\":\"a\",\"progress\":true}");
    assert_true(options.progress);
    assert_false(span_present(options.token));
    refuse("{\"progress\":null}", "options.progress");
    refuse("{\"progress\":[]}", "options.progress");
    refuse("{\"progress\":{}}", "options.progress");
}

static void
test_what_is_no_object(void **state)
{
    (void)state;
    refuse("[]", "options");
    refuse("null", "options");
    refuse("\"retries\"", "options");
    refuse("1", "options");
}

static void
test_unknown(void **state)
{
    (void)state;
    refuse("{\"retry\":1}", "options.retry");
    refuse("{\"Retries\":1}", "options.Retries");
    refuse("{\"retries\":1,\"\":1}", "options.");
    refuse("{\"pri\\\"ority\":1}", "options.pri\\\"ority");
    refuse("{\"max-wait\":1}", "options.max-wait");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_wrong_timeouts),
        cmocka_unit_test(test_retries),
        cmocka_unit_test(test_priority),
        cmocka_unit_test(test_which_end),
        cmocka_unit_test(test_delay_and_max_wait),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_what_is_no_object),
        cmocka_unit_test(test_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
