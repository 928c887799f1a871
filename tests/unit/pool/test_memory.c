// Out of memory in pool/: nothing is made by halves, no process and no descriptor is left behind,
// and every job still has its one outcome.
#include "common/log.h"
#include "common/message.h"
#include "pool/certificate.h"
#include "pool/cgroups.h"
#include "pool/chatter.h"
#include "pool/environment.h"
#include "pool/pool.h"
#include "pool/slots.h"
#include "tests/unit/failing_malloc.h"
#include "tests/unit/loop.h"
#include "tests/unit/pool/fake_cgroups.h"
#include "tests/unit/pool/script_worker.h"
#include "tests/unit/temporary.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

static size_t
count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;

    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static void
test_plain_data(void **state)
{
    struct death death = {.cause = DEATH_EXIT, .pool = "test", .stderr_tail = SPAN("x")};

    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        struct slots *slots = slots_new(3, 2);

        assert_int_equal(slots == NULL, allocation_failed());
        slots_free(slots);
    }
    FAIL_EACH_ALLOCATION(run)
    {
        char **environment = environment_new("test", 0, NULL, true);

        assert_int_equal(environment == NULL, allocation_failed());
        environment_free(environment);
    }
    // Without memory for the stderr it says the rest, or nothing.
    FAIL_EACH_ALLOCATION(run)
    {
        size_t length = 77;
        char *text = certificate_error(&death, &length);

        assert_true(text != NULL || (allocation_failed() && length == 77));
        free(text);
    }
}

static void
test_chatter(void **state)
{
    struct loop loop;

    (void)state;
    loop_open(&loop);
    FAIL_EACH_ALLOCATION(run)
    {
        struct chatter *chatter;
        int ends[2];

        assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
        chatter = chatter_new(loop.base, ends[0], "test");
        assert_int_equal(chatter == NULL, allocation_failed());
        if (chatter == NULL)
            assert_int_equal(close(ends[0]), 0);
        chatter_free(chatter);
        close(ends[1]);
    }
    loop_close(&loop);
}

static void
ready_cb(void *context, struct worker *worker)
{
    (void)context;
    (void)worker;
}

static void
gone_cb(void *context, struct worker *worker, const struct death *death)
{
    (void)worker;
    (void)death;
    ++*(int *)context;
}

static void
test_new_worker(void **state)
{
    static const struct worker_callbacks callbacks = {.ready = ready_cb, .gone = gone_cb};
    static char *argv[] = {(char *)"/bin/cat", NULL};
    static const struct spawn_attributes attributes;
    struct worker_settings settings = {
        .attributes = &attributes, .pool = "test", .argv = argv, .slots = 1, .line_max = 100};
    struct worker_list workers = LIST_HEAD_INITIALIZER(workers);
    struct messages messages;
    struct loop loop;

    (void)state;
    loop_open(&loop);
    messages_init(&messages);
    settings.all = &workers;
    settings.base = loop.base;
    settings.turn = loop.turn;
    settings.reaper = reaper_new(loop.base);
    settings.messages = &messages;
    loop_settle(&loop);
    FAIL_EACH_ALLOCATION(run)
    {
        size_t before = count_descriptors();
        int error = 0;
        int gone = 0;
        struct worker *worker = worker_new(&settings, 0, &callbacks, &gone, &error);

        assert_int_equal(worker == NULL, allocation_failed());
        assert_int_equal(error, worker == NULL ? -ENOMEM : 0);
        if (worker != NULL) {
            worker_kill(worker);
            LOOP_UNTIL(&loop, gone == 1);
        }
        // What was forked already is killed and reaped.
        LOOP_UNTIL(&loop, waitpid(-1, NULL, WNOHANG) == -1);
        loop_settle(&loop);
        assert_int_equal(count_descriptors(), before);
    }
    reaper_free(settings.reaper);
    messages_done(&messages);
    loop_close(&loop);
}

// Without memory for its cgroup a process has none; what an earlier daemon has left may stay.
static void
test_cgroups(void **state)
{
    static const struct cgroup_limits limits = {.memory_max = 1 << 20};
    struct loop loop;

    (void)state;
    fake_open();
    loop_open(&loop);
    FAIL_EACH_ALLOCATION(run)
    {
        struct cgroups *cgroups;
        struct cgroup *cgroup;
        bool failed;

        assert_int_equal(mkdirat(fake.fd, "worker-old-0.1", 0755), 0);
        cgroups = cgroups_new(loop.base, fake.fd, &both);
        cgroup = cgroups_take(cgroups, "test", 0, &limits);
        failed = allocation_failed();
        cgroups_return(cgroups, cgroup);
        cgroups_free(cgroups);
        assert_true(cgroup != NULL || failed);
        unlinkat(fake.fd, "worker-old-0.1", AT_REMOVEDIR);
        assert_int_equal(temporary_count(&fake.temporary), 0);
    }
    loop_close(&loop);
    fake_close();
}

struct counts {
    int finished;
    int stopped;
};

static void
finished_cb(void *context, struct job *job, const struct outcome *outcome)
{
    (void)outcome;
    ((struct counts *)context)->finished++;
    job_free(job);
}

static void
started_cb(void *context, struct job *job)
{
    (void)context;
    assert_int_equal(job->state, JOB_RUNNING);
}

static void
stopped_cb(void *context, struct pool *pool)
{
    (void)pool;
    ((struct counts *)context)->stopped++;
}

static const struct pool_callbacks pool_callbacks = {
    .finished = finished_cb, .started = started_cb, .stopped = stopped_cb};

static void
submit(struct pool *pool, const char *method)
{
    size_t budget = allocations_until_failure;
    struct job *job;

    allocations_until_failure = 0; // this one is not the pool's
    job = job_new(SPAN("[]"), NULL, NULL);
    job->method = span_of(method);
    allocations_until_failure = budget;
    pool_submit(pool, job);
}

// A whole life: start, answers, a death, a breach, the end.
static void
test_life_of_a_pool(void **state)
{
    static const char *const methods[] = {"answer", "exit", "garbage", "answer"};
    struct temporary temporary;
    char *argv[2] = {NULL, NULL};
    struct pool_config config = {.name = (char *)"test",
                                 .kind = POOL_PROGRAM,
                                 .argv = argv,
                                 .processes = 1,
                                 .processes_min = 1,
                                 .threads = 1};
    struct pool_settings settings = {
        .config = &config, .line_max = SCRIPT_LINE_MAX, .depth_max = 16};
    struct loop loop;
    char path[128];

    (void)state;
    temporary_open(&temporary);
    strcpy(path, temporary_write(&temporary, "worker", SCRIPT_WORKER, 0755));
    argv[0] = path;
    FAIL_EACH_ALLOCATION(run)
    {
        struct counts counts = {0};
        size_t budget = allocations_until_failure;
        struct pool *pool;

        allocations_until_failure = 0;
        loop_open(&loop);
        settings.base = loop.base;
        settings.turn = loop.turn;
        settings.reaper = reaper_new(loop.base);
        allocations_until_failure = budget;
        pool = pool_new(&settings, &pool_callbacks, &counts);
        if (pool != NULL) {
            for (size_t i = 0; i < 4; i++)
                submit(pool, methods[i]);
            LOOP_UNTIL(&loop, counts.finished == 4);
            pool_stop(pool);
            LOOP_UNTIL(&loop, counts.stopped == 1);
        }
        assert_true(allocation_failed() || pool != NULL);
        turn_free(loop.turn);
        loop.turn = turn_new(loop.base);
        pool_free(pool);
        reaper_free(settings.reaper);
        loop_close(&loop);
        while (waitpid(-1, NULL, 0) > 0)
            ;
    }
    temporary_close(&temporary);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_data),     cmocka_unit_test(test_chatter),
        cmocka_unit_test(test_new_worker),     cmocka_unit_test(test_cgroups),
        cmocka_unit_test(test_life_of_a_pool),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level((enum log_level)0); // nothing at all: failures are the rule here
    return cmocka_run_group_tests(tests, NULL, NULL);
}
