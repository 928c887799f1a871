// Worker: every way to die and to break the protocol, and what its jobs are told then.
#include "pool/ending.h"
#include "tests/unit/pool/worker_fixture.h"

// ---- deaths ----------------------------------------------------------------------------------

static void
test_killed(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 2);
    run(&fixture, 0, "silent");
    run(&fixture, 1, "kill");
    await(&fixture, 0, JOB_LOST, "\"signal\":\"SIGKILL\"");
    await(&fixture, 1, JOB_LOST, "\"code\":-32010");
    expect_end(&fixture, "killed by SIGKILL");
    assert_int_equal(fixture.death.jobs_done, 0);
    assert_true(fixture.death.usage_known);
    fixture_close(&fixture);
}

static void
test_exited(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 1);
    run(&fixture, 0, "answer");
    await(&fixture, 0, JOB_SUCCEEDED, "");
    run(&fixture, 1, "exit");
    await(&fixture, 1, JOB_LOST, "\"exit_code\":3");
    assert_non_null(strstr(fixture.results[1].body, "\"stderr\":\"last words\\n\""));
    assert_non_null(strstr(fixture.results[1].body, "\"jobs_done\":1"));
    expect_end(&fixture, "exited with status 3");
    assert_string_equal(fixture.tail, "last words\n");
    fixture_close(&fixture);
}

// The answer, the end of stdout and SIGCHLD are all there when the loop looks.
static void
test_answer_and_death_in_one_turn(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 2);
    run(&fixture, 0, "silent");
    run(&fixture, 1, "last");
    wait_for_exit(&fixture);
    await(&fixture, 1, JOB_SUCCEEDED, "[5,");
    await(&fixture, 0, JOB_LOST, "\"signal\":\"SIGKILL\"");
    expect_end(&fixture, "killed by SIGKILL");
    assert_int_equal(fixture.death.jobs_done, 1);
    fixture_close(&fixture);
}

// Even if the reaper is the first to know.
static void
test_answer_after_reaping(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 1);
    run(&fixture, 0, "last");
    wait_for_exit(&fixture);
    reaper_collect(fixture.reaper);
    assert_int_equal(fixture.gone, 0);
    await(&fixture, 0, JOB_SUCCEEDED, "[5,");
    expect_end(&fixture, "killed by SIGKILL");
    fixture_close(&fixture);
}

// Half a line of a worker that was killed is no breach of its.
static void
test_partial_line(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 1);
    run(&fixture, 0, "partial");
    await(&fixture, 0, JOB_LOST, "\"code\":-32010");
    expect_end(&fixture, "killed by SIGKILL");
    fixture_close(&fixture);
}

// Far more than a pipe holds, to a worker that will not read it.
static void
test_large_request_to_a_dying_worker(void **state)
{
    enum { SIZE = 4 << 20 };
    struct fixture fixture;
    char *params = malloc(SIZE);

    (void)state;
    memset(params, ' ', SIZE);
    params[0] = '[';
    params[SIZE - 1] = ']';
    fixture_open(&fixture, 2);
    run(&fixture, 0, "exit");
    run_with(&fixture, 1, "answer", (struct span){params, SIZE});
    await(&fixture, 0, JOB_LOST, "\"exit_code\":3");
    await(&fixture, 1, JOB_LOST, "\"exit_code\":3");
    expect_end(&fixture, "exited with status 3");
    fixture_close(&fixture);
    free(params);
}

static void
test_kill_at_once(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_prepare(&fixture, 1);
    fixture_start(&fixture);
    worker_kill(fixture.worker);
    worker_kill(fixture.worker);
    expect_end(&fixture, "killed by SIGKILL");
    assert_int_equal(fixture.ready, 0);
    fixture_close(&fixture);
}

// What it used is known until it is reaped: then its number may be another's.
static void
check_usage_of_the_reaped(struct fixture *fixture)
{
    struct worker_report report;

    worker_look_at_usage(fixture->worker);
    worker_report(fixture->worker, &report);
    assert_true(report.usage_known);
    LOOP_UNTIL(&fixture->loop,
               (worker_report(fixture->worker, &report), report.state == WORKER_ENDING));
    worker_look_at_usage(fixture->worker);
    worker_report(fixture->worker, &report);
    assert_false(report.usage_known);
}

// A descendant that has left the process group holds the pipe: it is not waited for.
static void
check_held(bool kill_inside_gone)
{
    struct fixture fixture;
    int64_t began_us;

    fixture_open(&fixture, 1);
    run(&fixture, 0, "held");
    wait_for_exit(&fixture);
    began_us = clock_us();
    fixture.kill_holder = kill_inside_gone;
    check_usage_of_the_reaped(&fixture);
    await(&fixture, 0, JOB_LOST, "\"signal\":\"SIGKILL\"");
    expect_end(&fixture, "killed by SIGKILL");
    assert_in_range(clock_us() - began_us, 150000, 5000000);
    if (!kill_inside_gone)
        kill_holder(&fixture);
    fixture_close(&fixture);
}

static void
test_held_pipe(void **state)
{
    (void)state;
    check_held(false);
    check_held(true); // the end of the pipe comes when all is over: nothing ends twice
}

// ---- breaches --------------------------------------------------------------------------------

static void
check_breach(const char *method, const char *reason, const char *text)
{
    struct fixture fixture;
    char summary[DEATH_SUMMARY_MAX];

    fixture_open(&fixture, 2);
    run(&fixture, 0, "silent");
    run(&fixture, 1, method);
    snprintf(summary, sizeof(summary), "broke the protocol: %s", reason);
    expect_end(&fixture, summary);
    await(&fixture, 0, JOB_LOST, "\"code\":-32012");
    await(&fixture, 0, JOB_LOST, reason);
    await(&fixture, 0, JOB_LOST, text);
    if (strcmp(method, "twice") == 0)
        await(&fixture, 1, JOB_SUCCEEDED, "[5,");
    else
        await(&fixture, 1, JOB_LOST, "\"code\":-32012");
    fixture_close(&fixture);
}

#define NO_ANSWER "a line that is no answer: "
#define NO_JSON   "a line that is no JSON: "

static void
test_breaches(void **state)
{
    (void)state;
    check_breach("garbage", NO_JSON "expected a value at offset 0", "\"text\":\"hello, world\"");
    check_breach("nan", NO_JSON "expected a value at offset 33", "NaN}\"");
    check_breach("latin", NO_JSON "a string is not UTF-8 at offset 34", "\"text\":\"{");
    check_breach("empty", NO_ANSWER "neither result nor error", "resutl");
    check_breach("both", NO_ANSWER "a response must not have both result and error", "\"text\":");
    check_breach("batch", NO_ANSWER "an array", "\"text\":\"[{");
    check_breach("request", NO_ANSWER "a request", "\\\"method\\\":\\\"x\\\"");
    check_breach("other", "an answer to no request that it has", "\"cause\":\"protocol\"");
    check_breach("twice", "an answer to no request that it has", "\"cause\":\"protocol\"");
    check_breach("null", "an answer to no request that it has", "\\\"id\\\":null");
    check_breach("text", "an answer to no request that it has", "\\\"id\\\":\\\"");
    check_breach("long", "a line longer than line-max", "\\\"result\\\":\\\"   ");
    check_breach("babble", NO_JSON "expected a value at offset 0", "\"text\":\"hello, world\"");
    check_breach("mute", "it closed its stdout and ran on", "\"text\":\"\"");
}

// Without its stdin it can be given nothing more. It says that it has closed it, so that the next
// request cannot get into the pipe before.
static void
test_closed_stdin(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 2);
    run(&fixture, 0, "deaf");
    await(&fixture, 0, JOB_SUCCEEDED, "[5,");
    run(&fixture, 1, "answer");
    await(&fixture, 1, JOB_LOST, "it closed its stdin and ran on");
    expect_end(&fixture, "broke the protocol: it closed its stdin and ran on");
    fixture_close(&fixture);
}

static enum worker_state
state_of(const struct fixture *fixture)
{
    struct worker_report report;

    worker_report(fixture->worker, &report);
    return report.state;
}

// Killed for one reason, it is not to blame for another if the news of its end comes late.
static void
test_slow_to_be_gone(void **state)
{
    struct fixture fixture;
    sigset_t late;
    int64_t late_us;

    (void)state;
    sigemptyset(&late);
    sigaddset(&late, SIGCHLD);
    fixture_prepare(&fixture, 1);
    fixture.settings.wait_ready = true; // which the script never is
    fixture.settings.start_timeout_us = 20000;
    sigprocmask(SIG_BLOCK, &late, NULL);
    fixture_start(&fixture);
    LOOP_UNTIL(&fixture.loop, state_of(&fixture) == WORKER_ENDING);
    late_us = clock_us() + 2 * ENDING_GRACE_US;
    LOOP_UNTIL(&fixture.loop, clock_us() >= late_us);
    assert_int_equal(fixture.gone, 0);
    sigprocmask(SIG_UNBLOCK, &late, NULL);
    expect_end(&fixture, "could not be started: it did not send worker.ready within timeout-start");
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_exited),
        cmocka_unit_test(test_answer_and_death_in_one_turn),
        cmocka_unit_test(test_answer_after_reaping),
        cmocka_unit_test(test_partial_line),
        cmocka_unit_test(test_large_request_to_a_dying_worker),
        cmocka_unit_test(test_kill_at_once),
        cmocka_unit_test(test_held_pipe),
        cmocka_unit_test(test_breaches),
        cmocka_unit_test(test_closed_stdin),
        cmocka_unit_test(test_slow_to_be_gone),
    };

    signal(SIGPIPE, SIG_IGN);
    alarm(60); // a bound for what waits outside the loop
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
