// What the log says of jobs: who is meant, and no more than is good.
#include "dispatcher/job_log.h"
#include "tests/unit/capture.h"
#include "tests/unit/dispatcher/fixture.h"

#include <signal.h>

static void
finished(void *context, const struct outcome *outcome)
{
    (void)outcome;
    ++*(int *)context;
}

static const struct job_sink sink = {.finished = finished};

static struct job *
job_of(const char *params, uint64_t session, int *done)
{
    struct job *job = job_new(span_of(params), &sink, done);

    job->session = session;
    return job;
}

// Each line names the job, its session and its pool, in a form that the journal makes fields of.
static void
test_who_is_meant(void **state)
{
    struct house house;
    struct capture capture;
    struct job *jobs[5];
    int done = 0;
    char *said;

    (void)state;
    house_prepare(&house, 1);
    house.pool.crash_limit = 2;
    house_start(&house);
    jobs[0] = job_of("[]", 12, &done); // 1: dies
    jobs[1] = job_of("[]", 13, &done); // 2: dies twice, and is given up
    jobs[1]->retries = 5;
    jobs[2] = job_of("[]", 14, &done); // 3: takes too long
    jobs[2]->timeouts.us[TIMEOUT_RUN] = 1000;
    jobs[3] = job_of("[1000]", 0, &done); // 4: in no pool, through no session
    jobs[3]->timeouts.us[TIMEOUT_TOTAL] = 1000;
    jobs[4] = job_of("[0]", 15, &done); // 5: all is well, and nothing is said
    jobs[4]->retries = 5;
    capture_begin(&capture);
    dispatcher_submit(house.dispatcher, SPAN("kill"), jobs[0]);
    dispatcher_submit(house.dispatcher, SPAN("kill"), jobs[1]);
    dispatcher_submit(house.dispatcher, SPAN("hang"), jobs[2]);
    dispatcher_submit(house.dispatcher, SPAN("sleep"), jobs[3]);
    dispatcher_submit(house.dispatcher, SPAN("sleep"), jobs[4]);
    LOOP_UNTIL(&house.loop, done == 5);
    said = capture_end(&capture);
    assert_non_null(strstr(said, " info job 1 session 12 pool test: kill: its worker died\n"));
    assert_non_null(
        strstr(said, " info job 2 session 13 pool test: kill: its worker died; it runs again\n"));
    assert_non_null(strstr(said, " warning job 2 session 13 pool test: kill: killed its worker 2 "
                                 "times and is given up\n"));
    assert_non_null(strstr(said, " info job 3 session 14 pool test: hang: timeout-run is over\n"));
    assert_non_null(strstr(said, " info job 4: timeout-total is over\n"));
    assert_int_equal(count_of(said, " info job "), 4);
    assert_int_equal(count_of(said, " warning job "), 1);
    free(said);
    house_close(&house);
}

static void
test_not_too_much(void **state)
{
    struct job job = {.number = 7};
    struct capture capture;
    struct job_log log = {0};
    char *said;

    (void)state;
    capture_begin(&capture);
    for (int i = 0; i < 1000; i++) {
        log.second_us = clock_us(); // it is always the same second
        job_log(&log, LOG_LEVEL_INFO, &job, "line %d", i);
    }
    log.second_us = 0; // it is over
    job_log(&log, LOG_LEVEL_INFO, &job, "the next second");
    said = capture_end(&capture);
    assert_int_equal(count_of(said, " job 7: line "), JOB_LOG_LINES_PER_SECOND);
    assert_non_null(strstr(said, " dispatcher: 950 lines about other jobs were left out\n"));
    assert_non_null(strstr(said, " job 7: the next second\n"));
    free(said);
}

// What the level leaves out does not count.
static void
test_level(void **state)
{
    struct job job = {.number = 7};
    struct capture capture;
    struct job_log log = {0};
    char *said;

    (void)state;
    log_set_level(LOG_LEVEL_WARNING);
    capture_begin(&capture);
    for (int i = 0; i < 1000; i++)
        job_log(&log, LOG_LEVEL_INFO, &job, "no");
    job_log(&log, LOG_LEVEL_WARNING, &job, "yes");
    said = capture_end(&capture);
    log_set_level(LOG_LEVEL_INFO);
    assert_int_equal(count_of(said, "job 7: "), 1);
    assert_int_equal(count_of(said, "left out"), 0);
    free(said);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_meant),
        cmocka_unit_test(test_not_too_much),
        cmocka_unit_test(test_level),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
