// Workers with cgroups, on a fake tree: what their death certificate says of memory, and that
// nothing of the tree is left of them. The processes are real, what the kernel says of them is not.
#include "pool/cgroups.h"
#include "tests/unit/pool/fake_cgroups.h"
#include "tests/unit/pool/worker_fixture.h"

#define NAME  "worker-test-5.1"
#define SHORT "low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\noom_group_kill 1\n"

static const struct spawn_attributes limited = {.data_bytes = 64 << 20};

static void
house_prepare(struct fixture *fixture, const struct cgroup_controllers *controllers,
              size_t memory_max)
{
    fake_open();
    fixture_prepare(fixture, 1);
    fixture->settings.cgroups = cgroups_new(fixture->loop.base, fake.fd, controllers);
    fixture->settings.cgroup_limits.memory_max = memory_max;
    fixture->settings.attributes = &limited;
    assert_non_null(fixture->settings.cgroups);
}

static void
house_open(struct fixture *fixture, const struct cgroup_controllers *controllers, size_t memory_max)
{
    house_prepare(fixture, controllers, memory_max);
    fixture_start(fixture);
    LOOP_UNTIL(&fixture->loop, fixture->ready);
}

static void
house_close(struct fixture *fixture)
{
    struct cgroups *cgroups = fixture->settings.cgroups;

    if (fixture->gone == 0) {
        worker_kill(fixture->worker);
        LOOP_UNTIL(&fixture->loop, fixture->gone);
        loop_settle(&fixture->loop);
    }
    assert_int_equal(temporary_count(&fake.temporary), 0); // gone with the process
    cgroups_free(cgroups);
    fixture->settings.cgroups = NULL;
    fixture_close(fixture);
    fake_close();
}

// The soft limit on data of the running worker.
static void
expect_data_limit(struct fixture *fixture, const char *expected)
{
    struct worker_report report;
    char path[64], line[256] = "", value[64] = "";
    FILE *file;

    worker_report(fixture->worker, &report);
    snprintf(path, sizeof(path), "/proc/%d/limits", (int)report.pid);
    file = fopen(path, "re");
    assert_non_null(file);
    while (sscanf(line, "Max data size %63s", value) != 1)
        assert_non_null(fgets(line, sizeof(line), file));
    fclose(file);
    assert_string_equal(value, expected);
}

// ---- deaths ---------------------------------------------------------------------------------

static void
test_out_of_memory(void **state)
{
    struct fixture fixture;

    (void)state;
    house_open(&fixture, &both, 64 << 20);
    assert_string_equal(fake_read(NAME, "cgroup.procs"), "0"); // it has entered
    fake_write(NAME, "memory.events.local", SHORT);
    fake_write(NAME, "memory.peak", "67108864\n");
    run(&fixture, 0, "kill");
    await(&fixture, 0, JOB_LOST, "\"cause\":\"oom\",\"signal\":\"SIGKILL\"");
    await(&fixture, 0, JOB_LOST, "\"memory_max_bytes\":67108864");
    await(&fixture, 0, JOB_LOST, "\"peak_memory_bytes\":67108864");
    await(&fixture, 0, JOB_LOST, "\"code\":-32010");
    expect_end(&fixture, "killed as it had no memory left within memory-max");
    house_close(&fixture);
}

// Not its own limit, but the machine's.
static void
test_machine_out_of_memory(void **state)
{
    struct fixture fixture;

    (void)state;
    house_open(&fixture, &both, 0);
    fake_write(NAME, "memory.events.local", SHORT);
    run(&fixture, 0, "kill");
    await(&fixture, 0, JOB_LOST, "\"cause\":\"oom\"");
    assert_null(strstr(fixture.results[0].body, "memory_max_bytes"));
    expect_end(&fixture, "killed as it had no memory left within what the machine has");
    house_close(&fixture);
}

// Somebody else killed it, or it did not die of that: nothing is guessed.
static void
check_not_proven(const char *events, const struct cgroup_controllers *controllers,
                 const char *method, const char *cause)
{
    struct fixture fixture;

    house_open(&fixture, controllers, 64 << 20);
    fake_write(NAME, "memory.events.local", events);
    run(&fixture, 0, method);
    await(&fixture, 0, JOB_LOST, cause);
    house_close(&fixture);
}

static void
test_not_proven(void **state)
{
    (void)state;
    check_not_proven("max 3\noom 1\noom_kill 0\n", &both, "kill", "\"cause\":\"signal\"");
    check_not_proven("garbage", &both, "kill", "\"cause\":\"signal\"");
    check_not_proven("", &both, "kill", "\"cause\":\"signal\"");
    check_not_proven(SHORT, &none, "kill", "\"cause\":\"signal\"");
    check_not_proven(SHORT, &both, "exit", "\"cause\":\"exit\",\"exit_code\":3");
    check_not_proven(SHORT, &both, "garbage", "\"cause\":\"protocol\"");
}

static size_t
memory_of(struct worker *worker)
{
    struct worker_report report;

    worker_look_at_usage(worker);
    worker_report(worker, &report);
    assert_true(report.usage_known);
    return report.usage.memory;
}

// It is asked before the tree forgets.
static void
test_unwatched_peak(void **state)
{
    struct fixture fixture;
    struct death death;

    (void)state;
    house_open(&fixture, &both, 0);
    fake_write(NAME, "memory.peak", "123456789\n");
    worker_describe(fixture.worker, &death);
    assert_int_equal(death.peak_bytes, 123456789);
    assert_int_equal(memory_of(fixture.worker), 4096);
    fake.absent = "memory.peak";
    run(&fixture, 0, "kill");
    await(&fixture, 0, JOB_LOST, "\"peak_memory_bytes\":123456789");
    house_close(&fixture);
}

// ---- limits ---------------------------------------------------------------------------------

// The cgroup's limit is in place of RLIMIT_DATA, not beside it; where there is none, rlimits serve.
static void
test_one_limit_or_the_other(void **state)
{
    struct fixture fixture;

    (void)state;
    house_open(&fixture, &both, 64 << 20);
    expect_data_limit(&fixture, "unlimited");
    house_close(&fixture);
    house_open(&fixture, &none, 64 << 20);
    expect_data_limit(&fixture, "67108864");
    house_close(&fixture);
    house_prepare(&fixture, &both, 64 << 20);
    fake.refused = "memory.max";
    fake.refusal = EACCES;
    fixture_start(&fixture);
    LOOP_UNTIL(&fixture.loop, fixture.ready);
    expect_data_limit(&fixture, "67108864");
    run(&fixture, 0, "kill");
    await(&fixture, 0, JOB_LOST, "\"cause\":\"signal\"");
    house_close(&fixture);
}

// ---- trouble --------------------------------------------------------------------------------

static void
test_cannot_enter(void **state)
{
    struct fixture fixture;

    (void)state;
    house_prepare(&fixture, &both, 0);
    fake.refused = "cgroup.procs";
    fake.refusal = EACCES;
    fixture_start(&fixture);
    expect_end(&fixture, "could not be started: its cgroup: Permission denied");
    house_close(&fixture);
}

static void
test_cannot_spawn(void **state)
{
    struct fixture fixture;
    int error = 0;

    (void)state;
    house_prepare(&fixture, &both, 0);
    fixture.settings.line_max = SCRIPT_LINE_MAX;
    fixture.argv[0] = (char *)"/nowhere/at/all";
    fixture.worker = worker_new(&fixture.settings, 5, &callbacks, &fixture, &error);
    assert_non_null(fixture.worker); // that it cannot be executed is told later
    expect_end(&fixture, "could not be started: /nowhere/at/all: No such file or directory");
    house_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_machine_out_of_memory),
        cmocka_unit_test(test_not_proven),
        cmocka_unit_test(test_unwatched_peak),
        cmocka_unit_test(test_one_limit_or_the_other),
        cmocka_unit_test(test_cannot_enter),
        cmocka_unit_test(test_cannot_spawn),
    };

    signal(SIGPIPE, SIG_IGN);
    alarm(60);                        // a bound for what waits outside the loop
    log_set_level((enum log_level)0); // failures are the rule here
    return cmocka_run_group_tests(tests, NULL, NULL);
}
