// Out of memory in model/: every allocation fails in turn; no job and no configuration then, an
// error that can be printed, and nothing leaks.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "model/config.h"
#include "model/job.h"
#include "model/queue.h"
#include "tests/unit/failing_malloc.h"
#include "tests/unit/temporary.h"

static void
test_job(void **state)
{
    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        struct job *job = job_new(SPAN("[1]"), NULL, NULL);

        assert_int_equal(job == NULL, allocation_failed());
        job_free(job);
    }
}

// No job is lost for want of memory: it waits in a line that is shared, and comes back into it.
static void
test_queue(void **state)
{
    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        struct job jobs[24];
        struct queue queue;
        struct job *job;

        memset(jobs, 0, sizeof(jobs));
        queue_init(&queue);
        for (unsigned i = 0; i < 24; i++) {
            jobs[i] = (struct job){
                .caller = i % 3, .session = i % 4, .priority = (int)(i / 12), .cost_us = 1000};
            queue_add(&queue, &jobs[i], false, 0);
        }
        queue_remove(&queue, &jobs[0]);
        job = queue_take(&queue, 0);
        queue_add(&queue, job, true, 0);
        assert_ptr_equal(queue_any(&queue), job);
        for (size_t left = 23; left > 0; left--) {
            assert_int_equal(queue.count, left);
            job = queue_take(&queue, 0);
            assert_int_equal(job->priority, left >= 12 ? 1 : 0);
            job->state = JOB_RUNNING; // seen
        }
        assert_null(queue_take(&queue, 0));
        for (unsigned i = 1; i < 24; i++)
            assert_int_equal(jobs[i].state, JOB_RUNNING);
        queue_done(&queue);
    }
}

// With no memory at all everybody stands in one line, and is served in order.
static void
test_queue_without_memory(void **state)
{
    struct job jobs[24];
    struct queue queue;

    (void)state;
    memset(jobs, 0, sizeof(jobs));
    queue_init(&queue);
    for (unsigned i = 0; i < 24; i++) {
        jobs[i].caller = i % 3;
        jobs[i].session = i % 4;
        failing_begin(1);
        queue_add(&queue, &jobs[i], false, 0);
        assert_true(allocation_failed());
    }
    assert_int_equal(queue_callers_at(&queue, 0), 1);
    queue_remove(&queue, &jobs[5]);
    assert_ptr_equal(queue_take(&queue, 0), &jobs[0]);
    queue_add(&queue, &jobs[0], true, 0); // has one of its own now
    for (unsigned i = 0; i < 24; i++)
        if (i != 5)
            assert_ptr_equal(queue_take(&queue, 0), &jobs[i]);
    assert_null(queue_take(&queue, 0));
    queue_done(&queue);
}

// Sessions that come and go need no memory after the first time; those beyond what is kept do, and
// it is given back.
static void
test_queue_keeps_lines(void **state)
{
    struct job jobs[3 * LEVEL_KEPT_MAX];
    struct queue queue;
    struct job *job;

    (void)state;
    memset(jobs, 0, sizeof(jobs));
    queue_init(&queue);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 3 * LEVEL_KEPT_MAX; i++) {
            jobs[i] = (struct job){.caller = i, .session = i};
            queue_add(&queue, &jobs[i], false, 0);
        }
        while ((job = queue_take(&queue, 0)) != NULL)
            job->state = JOB_RUNNING; // seen
        for (unsigned i = 0; i < 3 * LEVEL_KEPT_MAX; i++)
            assert_int_equal(jobs[i].state, JOB_RUNNING);
        failing_begin(1);
        for (unsigned i = 0; i < LEVEL_KEPT_MAX; i++)
            queue_add(&queue, &jobs[i], false, 0);
        assert_false(allocation_failed());
        assert_int_equal(queue_callers_at(&queue, 0), LEVEL_KEPT_MAX);
        failing_begin(1);
        queue_add(&queue, &jobs[LEVEL_KEPT_MAX], false, 0);
        assert_true(allocation_failed());
        while (queue_take(&queue, 0) != NULL)
            ;
    }
    queue_done(&queue);
}

static void
check_load(const struct config_source *source)
{
    FAIL_EACH_ALLOCATION(run)
    {
        struct config_error error = {.text = ""};
        struct config *config = config_load(source, &error);

        if (allocation_failed() && config == NULL)
            assert_true(error.text[0] != '\0');
        else if (config == NULL)
            fail_msg("%s", error.text);
        else // whatever failed can be done without: then nothing is missing
            assert_true(config->pool_count > 0 && config->listen_count > 0);
        config_free(config);
    }
}

static void
test_defaults(void **state)
{
    const struct config_source source = {.path = NULL};

    (void)state;
    check_load(&source);
}

static void
test_everything_said(void **state)
{
    static const char *const sets[] = {"pool.b.threads=3", "server.batch-max=7"};
    static const char *const listen[] = {"tcp:127.0.0.1:0", "unix:/tmp/x"};
    struct temporary temporary;
    char folder[160];
    char path[128];
    struct config_source source = {.path = path, .sets = sets, .set_count = 2};

    (void)state;
    temporary_open(&temporary);
    strcpy(path, temporary_write(&temporary, "a.conf",
                                 "[server]\nlisten = tcp:127.0.0.1:1\nlisten = unix:/tmp/y\n"
                                 "[pool a]\nbuiltin = yes\nprocesses = 2\n"
                                 "[pool b]\nprogram = /bin/cat -u x\nmethods = cat dog\n",
                                 0600));
    snprintf(folder, sizeof(folder), "%s.d", path);
    assert_int_equal(mkdir(folder, 0700), 0);
    temporary_write(&temporary, "a.conf.d/1.conf", "[pool a]\nthreads = 2\n", 0600);
    temporary_write(&temporary, "a.conf.d/2.conf", "[pool c]\nbuiltin = yes\n", 0600);
    check_load(&source);
    source.listen = listen;
    source.listen_count = 2;
    check_load(&source);
    unlink(temporary_path(&temporary, "a.conf.d/1.conf"));
    unlink(temporary_path(&temporary, "a.conf.d/2.conf"));
    rmdir(folder);
    temporary_close(&temporary);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_job),
        cmocka_unit_test(test_queue),
        cmocka_unit_test(test_queue_without_memory),
        cmocka_unit_test(test_queue_keeps_lines),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_everything_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
