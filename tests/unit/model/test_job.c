// Job: its memory, and the steps of its life; a forbidden one must abort, in a child process.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "common/clock.h"
#include "model/job.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void
finished(void *context, const struct outcome *outcome)
{
    (void)context;
    (void)outcome;
}

static const struct job_sink sink = {.finished = finished};

static void
test_new(void **state)
{
    char params[] = "[1,2]";
    int64_t before_us = clock_us();
    struct job *job = job_new(SPAN("[1,2]"), &sink, params);

    (void)state;
    assert_int_equal(job->state, JOB_QUEUED);
    assert_ptr_equal(job->sink, &sink);
    assert_ptr_equal(job->sink_context, params);
    assert_null(job->place);
    assert_null(job->pool);
    assert_true(job->created_us >= before_us && job->created_us <= clock_us());
    assert_int_equal(job->started_us, 0);
    job_free(job);
}

static void
test_params_are_copied(void **state)
{
    char params[] = "[1,2]";
    struct job *job = job_new(span_of(params), &sink, NULL);

    (void)state;
    memset(params, 'x', sizeof(params));
    assert_true(span_is(job->params, "[1,2]"));
    assert_int_equal(job_size(job), sizeof(*job) + 5);
    job_free(job);
}

static void
test_absent_params(void **state)
{
    struct job *job = job_new((struct span){0}, &sink, NULL);

    (void)state;
    assert_false(span_present(job->params));
    assert_int_equal(job_size(job), sizeof(*job));
    job_free(job);
    job_free(NULL);
}

// Two jobs read one text, which goes with the last that holds it (a sanitizer sees to that).
static void
test_shared_params(void **state)
{
    char params[] = "[[1],[2]]";
    struct shared_text *text = shared_text_new(span_of(params));
    struct span whole = {.at = shared_text_at(text), .length = shared_text_length(text)};
    struct job *one = job_new_shared(text, (struct span){whole.at + 1, 3}, &sink, NULL);
    struct job *other = job_new_shared(text, (struct span){whole.at + 5, 3}, &sink, params);

    (void)state;
    memset(params, 'x', sizeof(params));
    assert_true(span_is(whole, "[[1],[2]]"));
    shared_text_release(text);
    assert_int_equal(one->state, JOB_QUEUED);
    assert_ptr_equal(other->sink_context, params);
    assert_int_equal(job_size(one), sizeof(*one) + 3);
    assert_true(span_is(one->params, "[1]"));
    job_free(one);
    assert_true(span_is(other->params, "[2]"));
    job_free(other);
    shared_text_release(NULL);
}

static void
test_mute(void **state)
{
    struct job *job = job_new(SPAN("{}"), &sink, NULL);

    (void)state;
    job_mute(job);
    assert_null(job->sink);
    job_free(job);
}

static void
test_running_sets_the_time(void **state)
{
    struct job *job = job_new(SPAN("{}"), &sink, NULL);
    int64_t before_us = clock_us();

    (void)state;
    job_set_state(job, JOB_RUNNING);
    assert_true(job->started_us >= before_us && job->started_us <= clock_us());
    job_free(job);
}

// Its worker died and it waits again: nothing that counts from its start may count on.
static void
test_running_again(void **state)
{
    struct job *job = job_new(SPAN("{}"), &sink, NULL);
    int64_t created_us = job->created_us;

    (void)state;
    job_set_state(job, JOB_RUNNING);
    job->heard_us = clock_us();
    job_set_state(job, JOB_QUEUED);
    assert_int_equal(job->started_us, 0);
    assert_int_equal(job->heard_us, 0);
    assert_int_equal(job->created_us, created_us);
    job_set_state(job, JOB_RUNNING);
    assert_true(job->started_us >= created_us);
    job_free(job);
}

// Overdue is what has a timeout that is over and is watched; a delay puts off `queue` alone.
static void
test_overdue(void **state)
{
    struct job job = {.created_us = 1000, .timeouts.us = {[TIMEOUT_QUEUE] = 50}};
    enum timeout_kind kind = TIMEOUT_COUNT;
    int64_t due_us;

    (void)state;
    assert_false(job_is_overdue(&job, 2000, &kind)); // nobody watches it
    job.deadline = (struct deadline *)&job;
    assert_false(job_is_overdue(&job, 1049, &kind));
    assert_int_equal(kind, TIMEOUT_COUNT);
    assert_true(job_is_overdue(&job, 1050, &kind));
    assert_int_equal(kind, TIMEOUT_QUEUE);
    job.delay_us = 500;
    assert_false(job_is_overdue(&job, 1549, &kind));
    assert_true(job_is_overdue(&job, 1550, &kind));
    job.timeouts.us[TIMEOUT_TOTAL] = 300;
    assert_true(job_next_timeout(&job, &due_us, &kind));
    assert_int_equal(due_us, 1300);
    assert_int_equal(kind, TIMEOUT_TOTAL);
    job.started_us = 1200;
    assert_false(job_is_overdue(&job, 1299, &kind));
    assert_true(job_is_overdue(&job, 1300, &kind));
    assert_int_equal(kind, TIMEOUT_TOTAL);
}

static void
test_names(void **state)
{
    static const char *const names[] = {"queued", "delayed",   "running",   "succeeded",
                                        "failed", "cancelled", "timed_out", "lost"};

    (void)state;
    for (int i = 0; i < JOB_STATE_COUNT; i++)
        assert_string_equal(job_state_name((enum job_state)i), names[i]);
}

// True if the step from one state to the other aborts.
static bool
step_aborts(enum job_state from, enum job_state to)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit none = {0, 0};
        struct job job = {.state = from};

        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL);
        job_set_state(&job, to);
        _exit(job.state == to ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGABRT);
        return true;
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

// What the drawing in job.h says, in full. A job that waits may also be lost or time out there.
static bool
step_is_drawn(enum job_state from, enum job_state to)
{
    if (from == JOB_QUEUED)
        return to != JOB_QUEUED && to != JOB_SUCCEEDED;
    if (from == JOB_DELAYED)
        return to == JOB_QUEUED || to == JOB_FAILED || to == JOB_CANCELLED || to == JOB_TIMED_OUT;
    return from == JOB_RUNNING && to != JOB_RUNNING && to != JOB_DELAYED;
}

static void
test_every_step(void **state)
{
    (void)state;
    for (int from = 0; from < JOB_STATE_COUNT; from++)
        for (int to = 0; to < JOB_STATE_COUNT; to++) {
            bool aborts = step_aborts((enum job_state)from, (enum job_state)to);

            if (aborts == step_is_drawn((enum job_state)from, (enum job_state)to))
                fail_msg("%s -> %s %s", job_state_name((enum job_state)from),
                         job_state_name((enum job_state)to), aborts ? "aborts" : "passes");
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new),           cmocka_unit_test(test_params_are_copied),
        cmocka_unit_test(test_absent_params), cmocka_unit_test(test_shared_params),
        cmocka_unit_test(test_mute),          cmocka_unit_test(test_running_sets_the_time),
        cmocka_unit_test(test_running_again), cmocka_unit_test(test_overdue),
        cmocka_unit_test(test_names),         cmocka_unit_test(test_every_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
