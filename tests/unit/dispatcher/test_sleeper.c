// Sleeper: jobs that wait on the loop: never too short, all at once, and none that was cancelled.
#include "common/errors.h"
#include "dispatcher/sleeper.h"
#include "tests/unit/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 2000

struct result {
    bool there;
    int order;
    enum job_state state;
    int64_t at_us;
    char body[512];
};

struct fixture {
    struct loop loop;
    struct sleeper *sleeper;
    int finished;
    struct result results[8];
};

static void
finished_cb(void *context, struct job *job, const struct outcome *outcome)
{
    struct fixture *fixture = context;
    struct result *result = job->sink_context;

    assert_null(job->place);
    if (result != NULL) {
        assert_false(result->there);
        result->there = true;
        result->order = fixture->finished;
        result->state = outcome->state;
        result->at_us = clock_us();
        snprintf(result->body, sizeof(result->body), "%.*s", (int)outcome->body.length,
                 outcome->body.at);
    }
    fixture->finished++;
    job_free(job);
}

static const struct sleeper_callbacks callbacks = {.finished = finished_cb};

static void
fixture_open(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    loop_open(&fixture->loop);
    fixture->sleeper = sleeper_new(fixture->loop.base, &callbacks, fixture);
    assert_non_null(fixture->sleeper);
}

static void
fixture_close(struct fixture *fixture)
{
    struct job *job;

    while ((job = sleeper_any(fixture->sleeper)) != NULL) {
        sleeper_cancel(fixture->sleeper, job);
        job_free(job);
    }
    assert_int_equal(sleeper_running(fixture->sleeper), 0);
    sleeper_free(fixture->sleeper);
    loop_close(&fixture->loop);
}

static struct job *
submit(struct fixture *fixture, struct result *result, const char *params)
{
    struct job *job = job_new(span_of(params), NULL, result);

    sleeper_submit(fixture->sleeper, job);
    return job;
}

static void
check_sleep(const char *params, int64_t delay_us, const char *body)
{
    struct fixture fixture;
    int64_t began_us = clock_us();

    fixture_open(&fixture);
    submit(&fixture, &fixture.results[0], params);
    assert_false(fixture.results[0].there); // never from inside, not even 0
    assert_int_equal(sleeper_running(fixture.sleeper), 1);
    LOOP_UNTIL(&fixture.loop, fixture.results[0].there);
    assert_int_equal(fixture.results[0].state, JOB_SUCCEEDED);
    assert_true(fixture.results[0].at_us - began_us >= delay_us);
    assert_string_equal(fixture.results[0].body, body);
    fixture_close(&fixture);
}

static void
test_sleeps(void **state)
{
    (void)state;
    check_sleep("{\"delay\":0}", 0, "\"Operation completed after 0 seconds\"");
    check_sleep("[0.0]", 0, "\"Operation completed after 0.0 seconds\"");
    check_sleep("{\"delay\":1e-7}", 1, "\"Operation completed after 1e-7 seconds\"");
    check_sleep("{\"delay\":0.050}", 50000, "\"Operation completed after 0.050 seconds\"");
    check_sleep("[5E-2]", 50000, "\"Operation completed after 5E-2 seconds\"");
    check_sleep("{\"delay\":9,\"delay\":0.01}", 10000,
                "\"Operation completed after 0.01 seconds\"");
}

// The clock of timers is a coarse one: each of many odd delays must still be slept in full.
static void
test_never_too_short(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    for (int i = 1; i <= 60; i++) {
        struct result *result = &fixture.results[0];
        char params[32];
        int64_t began_us;

        memset(result, 0, sizeof(*result));
        snprintf(params, sizeof(params), "[0.%06d]", i * 137);
        began_us = clock_us();
        submit(&fixture, result, params);
        LOOP_UNTIL(&fixture.loop, result->there);
        if (result->at_us - began_us < i * 137)
            fail_msg("%s took %lld us", params, (long long)(result->at_us - began_us));
    }
    fixture_close(&fixture);
}

static void
test_order_of_completion(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    submit(&fixture, &fixture.results[0], "[0.40]");
    submit(&fixture, &fixture.results[1], "[0.10]");
    submit(&fixture, &fixture.results[2], "[0.25]");
    LOOP_UNTIL(&fixture.loop, fixture.finished == 3);
    assert_int_equal(fixture.results[1].order, 0);
    assert_int_equal(fixture.results[2].order, 1);
    assert_int_equal(fixture.results[0].order, 2);
    fixture_close(&fixture);
}

static void
test_many_at_once(void **state)
{
    struct fixture fixture;
    int64_t began_us;

    (void)state;
    fixture_open(&fixture);
    began_us = clock_us();
    for (int i = 0; i < MANY; i++)
        submit(&fixture, NULL, "[0.3]");
    assert_int_equal(sleeper_running(fixture.sleeper), MANY);
    LOOP_UNTIL(&fixture.loop, fixture.finished == MANY);
    assert_true(clock_us() - began_us < MANY / 10 * 300000); // not one after the other
    fixture_close(&fixture);
}

static void
test_cancel(void **state)
{
    struct fixture fixture;
    struct job *jobs[3];

    (void)state;
    fixture_open(&fixture);
    jobs[0] = submit(&fixture, &fixture.results[0], "[0.02]");
    jobs[1] = submit(&fixture, &fixture.results[1], "[0.03]");
    jobs[2] = submit(&fixture, &fixture.results[2], "[31536000]");
    sleeper_cancel(fixture.sleeper, jobs[0]);
    assert_null(jobs[0]->place);
    job_free(jobs[0]);
    sleeper_cancel(fixture.sleeper, jobs[2]);
    job_free(jobs[2]);
    assert_ptr_equal(sleeper_any(fixture.sleeper), jobs[1]);
    LOOP_UNTIL(&fixture.loop, fixture.results[1].there);
    assert_false(fixture.results[0].there || fixture.results[2].there);
    assert_null(sleeper_any(fixture.sleeper));
    fixture_close(&fixture);
}

static void
check_refused(const char *params, const char *part)
{
    struct fixture fixture;
    struct result *result = &fixture.results[0];

    fixture_open(&fixture);
    submit(&fixture, result, params);
    assert_true(result->there);
    assert_int_equal(result->state, JOB_FAILED);
    assert_non_null(strstr(result->body, "\"code\":-32602"));
    assert_non_null(strstr(result->body, SLEEPER_EXPECTED));
    if (strstr(result->body, part) == NULL)
        fail_msg("%s is not in %s", part, result->body);
    fixture_close(&fixture);
}

static void
test_refused(void **state)
{
    (void)state;
    check_refused("{}", "\"reason\":\"missing\"");
    check_refused("[]", "\"reason\":\"missing\"");
    check_refused("[1,2]", "\"reason\":\"more than one param\"");
    check_refused("{\"delay\":1,\"x\":1}", "\"member\":\"x\"");
    check_refused("{\"delay\":\"1\"}", "\"reason\":\"wrong type\"");
    check_refused("{\"delay\":-1}", "\"reason\":\"negative\"");
    check_refused("{\"delay\":31536000.001}", "\"reason\":\"too large\"");
    check_refused("{\"delay\":1e400}", "\"reason\":\"too large\"");
}

// The longest number that is taken fits into the sentence.
static void
test_many_digits(void **state)
{
    char params[500] = "[0.";
    char digits[500] = "\"Operation completed after 0.";
    struct fixture fixture;

    (void)state;
    for (int i = 0; i < 398; i++) {
        strcat(params, "0");
        strcat(digits, "0");
    }
    strcat(params, "]");
    strcat(digits, " seconds\"");
    fixture_open(&fixture);
    submit(&fixture, &fixture.results[0], params);
    LOOP_UNTIL(&fixture.loop, fixture.results[0].there);
    assert_string_equal(fixture.results[0].body, digits);
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sleeps),
        cmocka_unit_test(test_never_too_short),
        cmocka_unit_test(test_order_of_completion),
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_many_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
