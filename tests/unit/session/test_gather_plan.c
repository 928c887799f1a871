// The params of job.gather and job.map: what they ask for, and each thing that can be wrong.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "session/gather_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX 4

struct attempt {
    char params[512];
    struct gather_plan plan;
    struct job_options_fault fault;
    enum gather_plan_status status;
};

static void
attempt(struct attempt *attempt, const char *method, const char *params)
{
    memset(attempt, 0, sizeof(*attempt));
    snprintf(attempt->params, sizeof(attempt->params), "%s", params);
    attempt->status = gather_plan_parse(&attempt->plan, span_of(method), span_of(attempt->params),
                                        MAX, &attempt->fault);
}

static void
expect(struct attempt *made, const char *method, const char *params, enum gather_mode mode,
       size_t count)
{
    attempt(made, method, params);
    if (made->status != GATHER_PLAN_OK)
        fail_msg("refused: %s", params);
    assert_int_equal(made->plan.mode, mode);
    assert_int_equal(made->plan.count, count);
    assert_int_equal(gather_plan_size(&made->plan), count * 8);
}

static void
expect_element(const struct attempt *made, size_t index, const char *text)
{
    assert_true(span_is(gather_plan_element(&made->plan, index), text));
}

static void
refuse(const char *method, const char *params, const char *part)
{
    struct attempt made;
    char *error;
    size_t length;

    attempt(&made, method, params);
    if (made.status != GATHER_PLAN_FAULT)
        fail_msg("not refused: %s", params);
    assert_null(made.plan.elements);
    error = argument_error(&made.fault.argument, &made.fault.fault, &length);
    if (strstr(error, part) == NULL)
        fail_msg("%s: %s has no %s", params, error, part);
    free(error);
}

static void
test_methods(void **state)
{
    (void)state;
    assert_true(gather_plan_is_for(SPAN("job.gather")));
    assert_true(gather_plan_is_for(SPAN("job.map")));
    assert_false(gather_plan_is_for(SPAN("job.run")));
    assert_false(gather_plan_is_for(SPAN("job.gathers")));
}

static void
test_gather(void **state)
{
    struct attempt made;

    (void)state;
    expect(&made, "job.gather", "{\"calls\":[]}", GATHER_ALL, 0);
    assert_true(made.plan.limit == SIZE_MAX);
    assert_false(made.plan.map);
    gather_plan_done(&made.plan);
    expect(&made, "job.gather", " {\"calls\" : [ {\"method\":\"a\"} ,5,\t\"x,y]\" , [[]]] } ",
           GATHER_ALL, 4);
    expect_element(&made, 0, "{\"method\":\"a\"}");
    expect_element(&made, 1, "5"); // wrong, but not the plan's affair
    expect_element(&made, 2, "\"x,y]\"");
    expect_element(&made, 3, "[[]]");
    gather_plan_done(&made.plan);
    expect(&made, "job.gather", "{\"mode\":\"s\\u0065ttled\",\"l\\u0069mit\":7,\"calls\":[1]}",
           GATHER_SETTLED, 1);
    assert_int_equal(made.plan.limit, 7);
    gather_plan_done(&made.plan);
    expect(&made, "job.gather", "{\"mode\":\"any\",\"calls\":[1]}", GATHER_ANY, 1);
    gather_plan_done(&made.plan);
    expect(&made, "job.gather", "{\"mode\":\"first\",\"calls\":[1]}", GATHER_FIRST, 1);
    gather_plan_done(&made.plan);
}

static void
test_the_last_of_a_name_counts(void **state)
{
    struct attempt made;

    (void)state;
    expect(&made, "job.gather",
           "{\"calls\":5,\"mode\":1,\"limit\":0,\"calls\":[1,2],\"mode\":\"all\",\"limit\":1}",
           GATHER_ALL, 2);
    assert_int_equal(made.plan.limit, 1);
    gather_plan_done(&made.plan);
}

// The elements of an earlier one are forgotten, however many they were, and their memory too.
static void
test_the_last_elements_count(void **state)
{
    struct attempt made;

    (void)state;
    expect(&made, "job.gather", "{\"calls\":[1,2,3],\"calls\":[\"a\"]}", GATHER_ALL, 1);
    expect_element(&made, 0, "\"a\"");
    gather_plan_done(&made.plan);
    expect(&made, "job.gather", "{\"calls\":[1,2,3,4,5,6],\"calls\":[]}", GATHER_ALL, 0);
    assert_null(made.plan.elements);
    gather_plan_done(&made.plan);
    attempt(&made, "job.gather", "{\"calls\":[1],\"calls\":[1,2,3,4,5]}");
    assert_int_equal(made.status, GATHER_PLAN_TOO_MANY);
    attempt(&made, "job.gather", "{\"calls\":[1],\"calls\":{\"a\":[1]}}");
    assert_int_equal(made.status, GATHER_PLAN_FAULT);
    assert_string_equal(made.fault.fault.reason, "wrong type");
    // What is wrong besides comes before the number.
    attempt(&made, "job.gather", "{\"calls\":[1,2,3,4,5],\"mode\":\"none\"}");
    assert_int_equal(made.status, GATHER_PLAN_FAULT);
}

static void
test_map(void **state)
{
    struct attempt made;

    (void)state;
    expect(&made, "job.map",
           "{\"items\":[[1],{\"a\":2}],\"method\":\"e\\u0063ho\",\"options\":{\"retries\":1}}",
           GATHER_ALL, 2);
    assert_true(made.plan.map);
    assert_true(span_is(made.plan.method, "echo"));
    assert_true(span_is(made.plan.options, "{\"retries\":1}"));
    // The name was unescaped in place, and nothing else has changed.
    expect_element(&made, 0, "[1]");
    expect_element(&made, 1, "{\"a\":2}");
    gather_plan_done(&made.plan);
    expect(&made, "job.map", "{\"method\":\"\",\"items\":[]}", GATHER_ALL, 0);
    assert_false(span_present(made.plan.options));
    gather_plan_done(&made.plan);
}

static void
test_too_many(void **state)
{
    struct attempt made;

    (void)state;
    expect(&made, "job.gather", "{\"calls\":[1,2,3,4]}", GATHER_ALL, MAX);
    gather_plan_done(&made.plan);
    attempt(&made, "job.gather", "{\"calls\":[1,2,3,4,5]}");
    assert_int_equal(made.status, GATHER_PLAN_TOO_MANY);
    assert_null(made.plan.elements);
    attempt(&made, "job.map", "{\"method\":\"x\",\"items\":[1,2,3,4,5]}");
    assert_int_equal(made.status, GATHER_PLAN_TOO_MANY);
}

static void
test_what_is_wrong(void **state)
{
    struct attempt made;

    (void)state;
    refuse("job.gather", "[]", "\"member\":\"calls\",\"reason\":\"missing\"");
    refuse("job.gather", "{}", "\"member\":\"calls\",\"reason\":\"missing\"");
    refuse("job.gather", "{\"calls\":{}}", "\"member\":\"calls\",\"reason\":\"wrong type\"");
    refuse("job.gather", "{\"calls\":[],\"items\":[]}", "\"member\":\"items\"");
    refuse("job.gather", "{\"calls\":[],\"method\":\"x\"}", "only calls, mode and limit");
    refuse("job.gather", "{\"calls\":[],\"mode\":1}", "\"member\":\"mode\"");
    refuse("job.gather", "{\"calls\":[],\"mode\":\"ALL\"}", "unknown mode");
    refuse("job.gather", "{\"calls\":[],\"mode\":\"any\"}", "empty");
    refuse("job.gather", "{\"calls\":[],\"mode\":\"first\"}", "empty");
    refuse("job.gather", "{\"calls\":[],\"limit\":0}", "\"member\":\"limit\",\"reason\":\"zero\"");
    refuse("job.gather", "{\"calls\":[],\"limit\":-1}", "negative");
    refuse("job.gather", "{\"calls\":[],\"limit\":1.0}", "not a whole number");
    refuse("job.gather", "{\"calls\":[],\"limit\":99999999999999999999}", "too large");
    refuse("job.gather", "{\"calls\":[],\"limit\":\"1\"}", "wrong type");
    refuse("job.map", "[]", "\"member\":\"method\",\"reason\":\"missing\"");
    refuse("job.map", "{\"items\":[]}", "\"member\":\"method\",\"reason\":\"missing\"");
    refuse("job.map", "{\"method\":\"x\"}", "\"member\":\"items\",\"reason\":\"missing\"");
    refuse("job.map", "{\"method\":1,\"items\":[]}", "\"member\":\"method\"");
    refuse("job.map", "{\"method\":\"x\",\"items\":\"[]\"}", "\"member\":\"items\"");
    refuse("job.map", "{\"method\":\"x\",\"items\":[],\"calls\":[]}", "\"member\":\"calls\"");
    refuse("job.map", "{\"method\":\"x\",\"items\":[],\"options\":[]}", "options");
    refuse("job.map", "{\"method\":\"x\",\"items\":[],\"options\":{\"retries\":-1}}",
           "\"member\":\"options.retries\"");
    // No params at all.
    memset(&made, 0, sizeof(made));
    assert_int_equal(
        gather_plan_parse(&made.plan, SPAN("job.gather"), (struct span){0}, MAX, &made.fault),
        GATHER_PLAN_FAULT);
    gather_plan_done(&made.plan);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_gather),
        cmocka_unit_test(test_the_last_of_a_name_counts),
        cmocka_unit_test(test_the_last_elements_count),
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
