// One process's cgroup on a fake tree: what is written when it is made, what is believed when it is
// asked, and every way in which the kernel may refuse.
#include "tests/unit/pool/fake_cgroups.h"

#define NAME "worker-test-0.1"

static const struct cgroup_limits limits = {.memory_max = 64 << 20, .cpu_weight = 250, .nice = 5};
static const struct cgroup_limits no_limits;

static struct cgroup
make(const struct cgroup_controllers *controllers, const struct cgroup_limits *what)
{
    struct cgroup cgroup;

    assert_int_equal(cgroup_make(&cgroup, fake.fd, NAME, controllers, what), 0);
    return cgroup;
}

static void
remove_it(const struct cgroup *cgroup)
{
    assert_int_equal(cgroup_remove(cgroup), 0);
    fake_close();
}

// ---- the beginning --------------------------------------------------------------------------

static void
test_limits(void **state)
{
    struct cgroup cgroup;

    (void)state;
    fake_open();
    cgroup = make(&both, &limits);
    assert_string_equal(fake_read(NAME, "memory.max"), "67108864");
    assert_string_equal(fake_read(NAME, "memory.swap.max"), "0");
    assert_string_equal(fake_read(NAME, "memory.oom.group"), "1");
    assert_string_equal(fake_read(NAME, "cpu.weight"), "250");
    assert_string_equal(fake_read(NAME, "cpu.weight.nice"), "0");
    assert_int_equal(cgroup.memory_max, 64 << 20);
    remove_it(&cgroup);
}

static void
test_no_limits(void **state)
{
    struct cgroup cgroup;

    (void)state;
    fake_open();
    cgroup = make(&both, &no_limits);
    assert_string_equal(fake_read(NAME, "memory.max"), "max");
    assert_string_equal(fake_read(NAME, "memory.swap.max"), "max");
    assert_string_equal(fake_read(NAME, "memory.oom.group"), "1");
    assert_string_equal(fake_read(NAME, "cpu.weight"), "100");
    assert_string_equal(fake_read(NAME, "cpu.weight.nice"), "0");
    assert_int_equal(cgroup.memory_max, 0);
    remove_it(&cgroup);
}

// Niceness is the cgroup's where no weight is said.
static void
test_nice(void **state)
{
    const struct cgroup_limits nice = {.nice = -7};
    struct cgroup cgroup;

    (void)state;
    fake_open();
    cgroup = make(&both, &nice);
    assert_string_equal(fake_read(NAME, "cpu.weight.nice"), "-7");
    assert_string_equal(fake_read(NAME, "cpu.weight"), "100");
    remove_it(&cgroup);
}

static void
test_without_controllers(void **state)
{
    struct cgroup cgroup;

    (void)state;
    fake_open();
    fake.refused = "memory.max"; // it is not even tried
    fake.refusal = EACCES;
    cgroup = make(&none, &limits);
    assert_string_equal(fake_read(NAME, "memory.oom.group"), "0");
    assert_string_equal(fake_read(NAME, "cpu.weight"), "100");
    assert_int_equal(cgroup.memory_max, 0);
    assert_int_equal(cgroup_memory(&cgroup), 0);
    assert_int_equal(cgroup_memory_peak(&cgroup), 0);
    remove_it(&cgroup);
}

// A kernel without swap has no such file.
static void
test_without_swap(void **state)
{
    struct cgroup cgroup;

    (void)state;
    fake_open();
    fake.absent = "memory.swap.max";
    cgroup = make(&both, &limits);
    assert_int_equal(cgroup.memory_max, 64 << 20);
    remove_it(&cgroup);
}

// A limit that cannot be set is no cgroup at all, and nothing is left of it.
static void
test_refusals(void **state)
{
    static const struct {
        const char *file;
        int error;
    } cases[] = {{"memory.max", EACCES},
                 {"memory.max", ENOENT},
                 {"memory.oom.group", EROFS},
                 {"memory.swap.max", EACCES},
                 {"cpu.weight", EINVAL}};
    struct cgroup cgroup = {.parent = 77};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake_open();
        fake.refused = cases[i].file;
        fake.refusal = cases[i].error;
        assert_int_equal(cgroup_make(&cgroup, fake.fd, NAME, &both, &limits), -cases[i].error);
        assert_int_equal(cgroup.parent, 77); // outputs untouched
        fake_close();
    }
    fake_open();
    fake.mkdir_error = ENOSPC; // cgroup.max.descendants
    assert_int_equal(cgroup_make(&cgroup, fake.fd, NAME, &both, &limits), -ENOSPC);
    fake_close();
}

static void
test_enter(void **state)
{
    struct cgroup cgroup;

    (void)state;
    fake_open();
    cgroup = make(&both, &limits);
    assert_int_equal(cgroup_enter(&cgroup), 0);
    assert_string_equal(fake_read(NAME, "cgroup.procs"), "0"); // whoever writes it
    fake.refused = "cgroup.procs";
    fake.refusal = EACCES;
    assert_int_equal(cgroup_enter(&cgroup), EACCES);
    remove_it(&cgroup);
}

// ---- the end --------------------------------------------------------------------------------

static void
test_kill(void **state)
{
    struct cgroup cgroup;

    (void)state;
    fake_open();
    cgroup = make(&none, &no_limits);
    cgroup_kill(&cgroup);
    assert_string_equal(fake_read(NAME, "cgroup.kill"), "1");
    fake.refused = "cgroup.kill"; // an old kernel
    fake.refusal = ENOENT;
    cgroup_kill(&cgroup);
    remove_it(&cgroup);
}

static void
test_remove_when_busy(void **state)
{
    struct cgroup cgroup;

    (void)state;
    fake_open();
    cgroup = make(&none, &no_limits);
    fake.busy = 1;
    assert_int_equal(cgroup_remove(&cgroup), -EBUSY);
    assert_int_equal(temporary_count(&fake.temporary), 1);
    assert_int_equal(cgroup_remove(&cgroup), 0);
    assert_int_equal(cgroup_remove(&cgroup), 0); // somebody else was faster
    fake_close();
}

static void
make_below(const char *path)
{
    assert_int_equal(mkdirat(fake.fd, path, 0755), 0);
}

// What a worker has made in its own goes with it.
static void
test_remove_what_is_below(void **state)
{
    struct cgroup cgroup;

    (void)state;
    fake_open();
    cgroup = make(&none, &no_limits);
    make_below(NAME "/a");
    make_below(NAME "/a/b");
    make_below(NAME "/c");
    assert_int_equal(cgroup_remove(&cgroup), 0);
    fake_close();
}

// However much that is: one call looks at a bounded number, and never follows a link.
static void
test_remove_is_bounded(void **state)
{
    char path[64] = NAME, outside[80];
    struct cgroup cgroup;
    int calls = 0;

    (void)state;
    fake_open();
    cgroup = make(&none, &no_limits);
    for (int i = 0; i < 200; i++) {
        snprintf(path, sizeof(path), NAME "/%d", i);
        make_below(path);
    }
    make_below("outside");
    snprintf(outside, sizeof(outside), "%s/outside", fake.temporary.folder);
    assert_int_equal(symlinkat(outside, fake.fd, NAME "/link"), 0);
    while (cgroup_remove(&cgroup) != 0) {
        assert_true(fake.removals <= 70 * ++calls);
        assert_true(calls < 10);
    }
    assert_true(calls >= 3);
    assert_int_equal(temporary_count(&fake.temporary), 1);
    assert_int_equal(unlinkat(fake.fd, "outside", AT_REMOVEDIR), 0);
    fake_close();
}

// ---- what is known of it --------------------------------------------------------------------

static void
test_memory(void **state)
{
    static const char *const wrong[] = {
        "", "\n", "max\n", "-1\n", "12 \n", "1e3\n", "99999999999999999999999\n"};
    struct cgroup cgroup;

    (void)state;
    fake_open();
    cgroup = make(&both, &no_limits);
    assert_int_equal(cgroup_memory(&cgroup), 4096);
    assert_int_equal(cgroup_memory_peak(&cgroup), 8192);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        fake_write(NAME, "memory.current", wrong[i]);
        fake_write(NAME, "memory.peak", wrong[i]);
        assert_int_equal(cgroup_memory(&cgroup), 0);
        assert_int_equal(cgroup_memory_peak(&cgroup), 0);
    }
    remove_it(&cgroup);
}

// A kernel before 5.19.
static void
test_no_peak(void **state)
{
    struct cgroup cgroup;

    (void)state;
    fake_open();
    fake.absent = "memory.peak";
    cgroup = make(&both, &no_limits);
    assert_int_equal(cgroup_memory_peak(&cgroup), 0);
    remove_it(&cgroup);
}

// Only what the kernel says in so many words is a proof.
static void
test_out_of_memory(void **state)
{
    static const struct {
        const char *events;
        bool proven;
    } cases[] = {
        {"low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\noom_group_kill 1\n", true},
        {"oom_kill 3", true},
        {"oom_kill 18446744073709551615\n", true},
        {"low 0\nhigh 0\nmax 9\noom 2\noom_kill 0\noom_group_kill 1\n", false},
        {"max 9\noom 2\n", false}, // it was short, and nobody was killed
        {"", false},
        {"oom_kill", false},
        {"oom_kill \n", false},
        {"oom_kill one\n", false},
        {"oom_kill 1 2\n", false},
        {"oom_kill -1\n", false},
        {"oom_kill 99999999999999999999999\n", false},
        {"xoom_kill 1\n", false},
        {"x oom_kill 1\n", false},
        {"oom_killed 1\n", false},
        {"oom_kill\t1\n", false},
    };
    struct cgroup cgroup;

    (void)state;
    fake_open();
    cgroup = make(&both, &limits);
    assert_false(cgroup_was_out_of_memory(&cgroup));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake_write(NAME, "memory.events.local", cases[i].events);
        if (cgroup_was_out_of_memory(&cgroup) != cases[i].proven)
            fail_msg("wrong: '%s'", cases[i].events);
    }
    remove_it(&cgroup);
}

// More than the kernel would ever write.
static void
test_endless_events(void **state)
{
    char text[6001];
    struct cgroup cgroup;

    (void)state;
    memset(text, '\n', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    memcpy(text, "oom_kill 1", 10);
    fake_open();
    cgroup = make(&both, &limits);
    fake_write(NAME, "memory.events.local", text);
    assert_false(cgroup_was_out_of_memory(&cgroup));
    cgroup.controllers.memory = false; // nobody counts
    fake_write(NAME, "memory.events.local", "oom_kill 1\n");
    assert_false(cgroup_was_out_of_memory(&cgroup));
    remove_it(&cgroup);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_no_limits),
        cmocka_unit_test(test_nice),
        cmocka_unit_test(test_without_controllers),
        cmocka_unit_test(test_without_swap),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_enter),
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_remove_when_busy),
        cmocka_unit_test(test_remove_what_is_below),
        cmocka_unit_test(test_remove_is_bounded),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_no_peak),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_endless_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
