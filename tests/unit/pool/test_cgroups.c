// The cgroups of all processes, on a fake tree: their names, that they go and are tried again
// without anybody waiting, and what becomes of those that an earlier daemon has left.
#include "common/log.h"
#include "pool/cgroups.h"
#include "tests/unit/capture.h"
#include "tests/unit/loop.h"
#include "tests/unit/pool/fake_cgroups.h"

static const struct cgroup_limits no_limits;

struct fixture {
    struct loop loop;
    struct cgroups *cgroups;
};

static void
fixture_open(struct fixture *fixture)
{
    fake_open();
    loop_open(&fixture->loop);
    fixture->cgroups = cgroups_new(fixture->loop.base, fake.fd, &both);
    assert_non_null(fixture->cgroups);
}

static void
fixture_close(struct fixture *fixture)
{
    cgroups_free(fixture->cgroups);
    loop_close(&fixture->loop);
    fake_close();
}

static size_t
count(void)
{
    return temporary_count(&fake.temporary);
}

static struct cgroup *
take(struct fixture *fixture, const char *pool, unsigned slot)
{
    struct cgroup *cgroup = cgroups_take(fixture->cgroups, pool, slot, &no_limits);

    assert_non_null(cgroup);
    return cgroup;
}

static void
test_names(void **state)
{
    struct fixture fixture;
    struct cgroup *one, *two, *three;

    (void)state;
    fixture_open(&fixture);
    one = take(&fixture, "cpu", 0);
    two = take(&fixture, "cpu", 0); // its successor
    three =
        take(&fixture, "a-pool-with-a-name-as-long-as-any-can-be-that-is-63-letters-long", 1023);
    assert_string_equal(one->name, "worker-cpu-0.1");
    assert_string_equal(two->name, "worker-cpu-0.2");
    assert_non_null(strstr(three->name, "letters-long-1023.3"));
    cgroups_return(fixture.cgroups, two);
    assert_int_equal(count(), 2);
    assert_string_equal(fake_read("worker-cpu-0.1", "cgroup.kill"), ""); // the other was meant
    cgroups_return(fixture.cgroups, one);
    cgroups_return(fixture.cgroups, three);
    cgroups_return(fixture.cgroups, NULL);
    assert_int_equal(count(), 0);
    fixture_close(&fixture);
}

static void
test_nobody_delegates(void **state)
{
    (void)state;
    assert_null(cgroups_take(NULL, "cpu", 0, &no_limits));
    cgroups_return(NULL, NULL);
    cgroups_free(NULL);
    assert_false(cgroups_controllers(NULL).memory);
    assert_false(cgroups_controllers(NULL).cpu);
}

// What was killed takes a moment to be gone.
static void
test_busy(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fake.busy = 5;
    cgroups_return(fixture.cgroups, take(&fixture, "cpu", 0));
    assert_string_equal(fake_read("worker-cpu-0.1", "cgroup.kill"), "1");
    assert_int_equal(fake.removals, 1); // it does not wait
    cgroups_return(fixture.cgroups, take(&fixture, "cpu", 1));
    assert_int_equal(count(), 2);
    LOOP_UNTIL(&fixture.loop, count() == 0);
    fixture_close(&fixture);
}

// One that will not go does not keep the others, and the loop not busy: 64 in one turn, and ever
// more seldom.
static void
test_busy_for_long(void **state)
{
    enum { MANY = 100 };
    struct fixture fixture;
    int64_t began_us;

    (void)state;
    fixture_open(&fixture);
    fake.busy = -1;
    for (unsigned i = 0; i < MANY; i++)
        cgroups_return(fixture.cgroups, take(&fixture, "cpu", i));
    fake.removals = 0;
    LOOP_UNTIL(&fixture.loop, fake.removals > 0);
    assert_int_equal(fake.removals, 64);
    LOOP_UNTIL(&fixture.loop, fake.removals > 64);
    assert_int_equal(fake.removals, 128); // the others, and some of the first again
    began_us = clock_us();
    fake.removals = 0;
    while (clock_us() - began_us < 500000)
        event_base_loop(fixture.loop.base, EVLOOP_ONCE);
    assert_true(fake.removals <= 9 * 64); // 2 ms, 4, 8, ..., 512
    assert_true(count() == MANY);
    fake.busy = 0;
    LOOP_UNTIL(&fixture.loop, count() == 0);
    fixture_close(&fixture);
}

// However quickly more of them come, those that wait are tried again.
static void
test_busy_in_a_row(void **state)
{
    struct fixture fixture;
    int returned = 0;

    (void)state;
    fixture_open(&fixture);
    fake.busy = -1;
    while (fake.removals == returned) {
        cgroups_return(fixture.cgroups, take(&fixture, "cpu", 0));
        returned++;
        event_base_loop(fixture.loop.base, EVLOOP_NONBLOCK);
        assert_in_range(returned, 0, 1000);
    }
    fake.busy = 0;
    LOOP_UNTIL(&fixture.loop, count() == 0);
    fixture_close(&fixture);
}

// At the end of the daemon they have a moment.
static void
test_end(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fake.busy = 20;
    cgroups_return(fixture.cgroups, take(&fixture, "cpu", 0));
    assert_int_equal(count(), 1);
    fixture_close(&fixture); // looks that it is gone
}

// But no more than that.
static void
test_end_of_patience(void **state)
{
    struct capture capture;
    struct fixture fixture;
    char *said;

    (void)state;
    fixture_open(&fixture);
    fake.busy = -1;
    cgroups_return(fixture.cgroups, take(&fixture, "cpu", 0));
    capture_begin(&capture);
    cgroups_free(fixture.cgroups);
    said = capture_end(&capture);
    assert_int_equal(count_of(said, "1 cgroups could not be removed"), 1);
    free(said);
    fake.busy = 0;
    assert_int_equal(unlinkat(fake.fd, "worker-cpu-0.1", AT_REMOVEDIR), 0);
    loop_close(&fixture.loop);
    fake_close();
}

// What is there at the start is of an earlier daemon, but for what has no name of ours.
static void
test_leftovers(void **state)
{
    static const char *const names[] = {"worker-cpu-0.7", "worker-cpu-1.41", "worker-old",
                                        "worker-cpu-0.7/below"};
    struct capture capture;
    struct fixture fixture;
    struct cgroup *cgroup;
    char *said;

    (void)state;
    fake_open();
    loop_open(&fixture.loop);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(mkdirat(fake.fd, names[i], 0755), 0);
    assert_int_equal(mkdirat(fake.fd, "daemon", 0755), 0);
    assert_int_equal(mkdirat(fake.fd, "my-worker-cpu-0.1", 0755), 0);
    temporary_write(&fake.temporary, "worker-file", "", 0644);
    fake.busy = 2; // some go at once
    capture_begin(&capture);
    fixture.cgroups = cgroups_new(fixture.loop.base, fake.fd, &both);
    said = capture_end(&capture);
    assert_int_equal(count_of(said, "an earlier daemon has left 3 cgroups"), 1);
    free(said);
    cgroup = take(&fixture, "cpu", 1); // its name is not one of those that are still there
    assert_string_equal(cgroup->name, "worker-cpu-1.42");
    cgroups_return(fixture.cgroups, cgroup);
    LOOP_UNTIL(&fixture.loop, count() == 3);
    assert_string_equal(fake_read("daemon", "cgroup.kill"), "");
    assert_string_equal(fake_read("my-worker-cpu-0.1", "cgroup.kill"), "");
    assert_int_equal(unlinkat(fake.fd, "daemon", AT_REMOVEDIR), 0);
    assert_int_equal(unlinkat(fake.fd, "my-worker-cpu-0.1", AT_REMOVEDIR), 0);
    assert_int_equal(unlinkat(fake.fd, "worker-file", 0), 0);
    fixture_close(&fixture);
}

// They are killed, not only removed.
static void
test_leftovers_are_killed(void **state)
{
    struct fixture fixture;

    (void)state;
    fake_open();
    loop_open(&fixture.loop);
    assert_int_equal(mkdirat(fake.fd, "worker-cpu-0.7", 0755), 0);
    fake.busy = 1;
    fixture.cgroups = cgroups_new(fixture.loop.base, fake.fd, &none);
    assert_string_equal(fake_read("worker-cpu-0.7", "cgroup.kill"), "1");
    LOOP_UNTIL(&fixture.loop, count() == 0);
    fixture_close(&fixture);
}

// Without a cgroup a worker is still a worker. It is said when that begins and when it is over.
static void
test_trouble(void **state)
{
    struct capture capture;
    struct fixture fixture;
    struct cgroup *cgroup;
    char *said;

    (void)state;
    fixture_open(&fixture);
    fake.mkdir_error = ENOSPC;
    capture_begin(&capture);
    for (int i = 0; i < 3; i++)
        assert_null(cgroups_take(fixture.cgroups, "cpu", 0, &no_limits));
    fake.mkdir_error = 0;
    cgroup = cgroups_take(fixture.cgroups, "cpu", 0, &no_limits);
    cgroups_return(fixture.cgroups, cgroup);
    said = capture_end(&capture);
    assert_non_null(cgroup);
    assert_int_equal(count_of(said, "its rlimits have to do: No space left on device"), 1);
    assert_int_equal(count_of(said, "of their own again"), 1);
    assert_int_equal(count_of(said, "\n"), 2);
    free(said);
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_nobody_delegates),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_busy_for_long),
        cmocka_unit_test(test_busy_in_a_row),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_end_of_patience),
        cmocka_unit_test(test_leftovers),
        cmocka_unit_test(test_leftovers_are_killed),
        cmocka_unit_test(test_trouble),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
