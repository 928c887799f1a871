// Commands with cgroups, on a fake tree: one for each process, gone with it.
#include "common/log.h"
#include "pool/cgroups.h"
#include "tests/unit/pool/command_fixture.h"
#include "tests/unit/pool/fake_cgroups.h"

static void
house_open(struct fixture *fixture, size_t memory_max)
{
    fixture_open(fixture);
    fake_open();
    fixture->settings.cgroups = cgroups_new(fixture->loop.base, fake.fd, &both);
    fixture->settings.cgroup_limits.memory_max = memory_max;
    assert_non_null(fixture->settings.cgroups);
}

static void
house_close(struct fixture *fixture)
{
    cgroups_free(fixture->settings.cgroups);
    fake_close();
    fixture_close(fixture);
}

static void
test_each_has_its_own(void **state)
{
    struct fixture fixture;

    (void)state;
    house_open(&fixture, 0);
    fixture_start_script(&fixture, "cat", SPAN("x"));
    assert_int_equal(temporary_count(&fake.temporary), 1);
    expect_end(&fixture, "exited with status 0");
    assert_int_equal(temporary_count(&fake.temporary), 0);
    assert_int_equal(fixture.result.death.peak_bytes, 8192);
    fixture_reset(&fixture);
    fixture_start_script(&fixture, "cat", SPAN("y"));
    assert_string_equal(fake_read("worker-test-0.2", "memory.oom.group"), "1");
    expect_end(&fixture, "exited with status 0");
    house_close(&fixture);
}

// The script says itself what the kernel would have said of it.
static void
check_death(const char *script, const char *summary, enum death_cause cause)
{
    struct fixture fixture;
    struct death death;
    char *text;

    house_open(&fixture, 32 << 20);
    assert_true(asprintf(&text, "events=%s/worker-test-0.1/memory.events.local; %s",
                         fake.temporary.folder, script) > 0);
    fixture_start_script(&fixture, text, (struct span){0});
    command_describe(fixture.command, &death);
    assert_int_equal(death.peak_bytes, 8192);
    expect_end(&fixture, summary);
    assert_int_equal(fixture.result.death.cause, cause);
    free(text);
    house_close(&fixture);
}

static void
test_deaths(void **state)
{
    (void)state;
    check_death("printf 'oom 1\\noom_kill 1\\n' >$events; kill -KILL $$",
                "killed as it had no memory left within memory-max", DEATH_OOM);
    check_death("printf 'oom 1\\noom_kill 1\\n' >$events; kill -TERM $$", "killed by SIGTERM",
                DEATH_SIGNAL);
    check_death("printf 'oom 1\\noom_kill 1\\n' >$events; exit 1", "exited with status 1",
                DEATH_EXIT);
    check_death("kill -KILL $$", "killed by SIGKILL", DEATH_SIGNAL);
}

static void
test_cannot_enter(void **state)
{
    struct fixture fixture;

    (void)state;
    house_open(&fixture, 0);
    fake.refused = "cgroup.procs";
    fake.refusal = EBUSY;
    fixture_start_script(&fixture, "cat", SPAN("x"));
    expect_end(&fixture, "could not be started: its cgroup: Device or resource busy");
    house_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_has_its_own),
        cmocka_unit_test(test_deaths),
        cmocka_unit_test(test_cannot_enter),
    };

    alarm(60); // a bound for what waits outside the loop
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
