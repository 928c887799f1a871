// Jobs whose time is over before anybody has noticed: they do not start, whichever way they come,
// and whatever else ends because of that.
#include "common/log.h"
#include "pool/pool.h"
#include "pool/reap.h"
#include "tests/unit/loop.h"
#include "tests/unit/pool/script_worker.h"
#include "tests/unit/temporary.h"

#include <signal.h>
#include <sys/wait.h>

struct fixture {
    struct loop loop;
    struct temporary temporary;
    struct reaper *reaper;
    char path[128];
    char *argv[2];
    struct pool_config config;
    struct pool *pool;
    struct job *victim; // cancelled when a job is found to be too late
    int started;
    int succeeded;
    int overdue;
    int stopped;
};

static void
finished_cb(void *context, struct job *job, const struct outcome *outcome)
{
    struct fixture *fixture = context;

    assert_int_equal(outcome->state, JOB_SUCCEEDED);
    fixture->succeeded++;
    job_free(job);
}

static void
started_cb(void *context, struct job *job)
{
    struct fixture *fixture = context;

    assert_null(job->deadline);
    fixture->started++;
}

static void
overdue_cb(void *context, struct job *job, enum timeout_kind kind)
{
    struct fixture *fixture = context;
    size_t length;

    assert_int_equal(kind, TIMEOUT_QUEUE);
    job->deadline = NULL;
    free(pool_expire(fixture->pool, job, kind, &length));
    job_free(job);
    fixture->overdue++;
    if (fixture->victim == NULL)
        return;
    pool_cancel(fixture->pool, fixture->victim);
    job_free(fixture->victim);
    fixture->victim = NULL;
}

static void
stopped_cb(void *context, struct pool *pool)
{
    struct fixture *fixture = context;

    assert_ptr_equal(pool, fixture->pool);
    fixture->stopped++;
}

static const struct pool_callbacks callbacks = {
    .finished = finished_cb, .started = started_cb, .overdue = overdue_cb, .stopped = stopped_cb};

static unsigned
running(const struct fixture *fixture)
{
    struct pool_report report;

    pool_report(fixture->pool, &report);
    return (unsigned)report.running;
}

static void
fixture_open(struct fixture *fixture, unsigned threads)
{
    struct pool_settings settings;

    memset(fixture, 0, sizeof(*fixture));
    loop_open(&fixture->loop);
    temporary_open(&fixture->temporary);
    strcpy(fixture->path, temporary_write(&fixture->temporary, "worker", SCRIPT_WORKER, 0755));
    fixture->argv[0] = fixture->path;
    fixture->reaper = reaper_new(fixture->loop.base);
    fixture->config = (struct pool_config){.name = (char *)"test",
                                           .kind = POOL_PROGRAM,
                                           .argv = fixture->argv,
                                           .processes = 1,
                                           .processes_min = 1,
                                           .threads = threads};
    settings = (struct pool_settings){.base = fixture->loop.base,
                                      .turn = fixture->loop.turn,
                                      .reaper = fixture->reaper,
                                      .config = &fixture->config,
                                      .line_max = SCRIPT_LINE_MAX,
                                      .depth_max = 16};
    fixture->pool = pool_new(&settings, &callbacks, fixture);
    assert_non_null(fixture->pool);
    LOOP_UNTIL(&fixture->loop, pool_has_room(fixture->pool));
}

static void
fixture_close(struct fixture *fixture)
{
    pool_stop(fixture->pool);
    LOOP_UNTIL(&fixture->loop, fixture->stopped);
    loop_settle(&fixture->loop);
    turn_free(fixture->loop.turn);
    fixture->loop.turn = turn_new(fixture->loop.base);
    pool_free(fixture->pool);
    reaper_free(fixture->reaper);
    temporary_close(&fixture->temporary);
    loop_close(&fixture->loop);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); // no child is left
}

static struct job *
job_for(const char *method)
{
    struct job *job = job_new((struct span){0}, NULL, NULL);

    job->method = span_of(method);
    return job;
}

static struct job *
submit(struct fixture *fixture, const char *method)
{
    struct job *job = job_for(method);

    pool_submit(fixture->pool, job);
    return job;
}

// Its timer has not fired, but its time is over.
static void
be_late(struct job *job)
{
    static char timer; // nobody looks into it here

    job->created_us -= 1000000;
    job->timeouts.us[TIMEOUT_QUEUE] = 1;
    job->deadline = (struct deadline *)(void *)&timer;
}

// Nobody waits and a worker is idle: it is looked at all the same.
static void
test_late_for_an_idle_worker(void **state)
{
    struct fixture fixture;
    struct job *job;

    (void)state;
    fixture_open(&fixture, 1);
    job = job_for("answer");
    be_late(job);
    pool_submit(fixture.pool, job);
    assert_int_equal(fixture.overdue, 1);
    assert_int_equal(fixture.started, 0);
    submit(&fixture, "answer");
    LOOP_UNTIL(&fixture.loop, fixture.succeeded == 1);
    assert_int_equal(fixture.overdue, 1);
    fixture_close(&fixture);
}

// A slot is free, but as the next job is too late, the worker that has it is condemned.
static void
test_late_and_the_worker_goes(void **state)
{
    struct fixture fixture;
    struct job *late;

    (void)state;
    fixture_open(&fixture, 2);
    fixture.victim = submit(&fixture, "silent");
    submit(&fixture, "gate");
    assert_int_equal(running(&fixture), 2);
    late = submit(&fixture, "answer");
    submit(&fixture, "answer"); // waits behind it
    be_late(late);
    temporary_write(&fixture.temporary, "gate", "", 0644);
    LOOP_UNTIL(&fixture.loop, fixture.succeeded == 2);
    assert_int_equal(fixture.overdue, 1);
    assert_null(fixture.victim);
    assert_int_equal(fixture.started, 3);
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_late_for_an_idle_worker),
        cmocka_unit_test(test_late_and_the_worker_goes),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
