// Whose cgroup it is, and what is done before it is used: on a fake tree, with every way in which
// there is none.
#include "daemon/delegation.h"
#include "tests/unit/capture.h"
#include "tests/unit/temporary.h"

#include <errno.h>

// DELEGATED is in the tree below the mount.
#define DELEGATED "slice/our.service"

struct tree {
    struct temporary temporary;
    char cgroup[128]; // as /proc/self/cgroup
    char mounts[128];
    char mount[128];
};

static bool marked;

static bool
marked_cb(int directory)
{
    assert_true(directory >= 0);
    return marked;
}

static char *
path_in(const struct tree *tree, const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", tree->mount, name);
    return path;
}

static void
put(const struct tree *tree, const char *name, const char *text)
{
    FILE *file = fopen(path_in(tree, name), "we");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static const char *
get(const struct tree *tree, const char *name)
{
    static char text[256];
    FILE *file = fopen(path_in(tree, name), "re");
    size_t n = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;

    if (file != NULL)
        fclose(file);
    text[n] = '\0';
    return text;
}

// "%s" in both texts is where the tree is mounted.
static void
tell(struct tree *tree, const char *cgroup, const char *mounts)
{
    char text[1024];

    strcpy(tree->cgroup, temporary_write(&tree->temporary, "cgroup", cgroup, 0644));
    snprintf(text, sizeof(text), "20 1 0:5 / /proc rw - proc proc rw\n%s\n", mounts);
    while (strstr(text, "%s") != NULL) {
        char *at = strstr(text, "%s");
        char rest[1024];

        strcpy(rest, at + 2);
        strcpy(at, tree->mount);
        strcat(text, rest);
    }
    strcpy(tree->mounts, temporary_write(&tree->temporary, "mounts", text, 0644));
}

#define USUAL_CGROUP "1:name=systemd:/else\n0::/slice/our.service\n"
#define USUAL_MOUNT  "30 20 0:26 / %s rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"

static void
tree_open(struct tree *tree)
{
    static const char *const folders[] = {"", "slice", DELEGATED, DELEGATED "/daemon"};
    char own[32];

    snprintf(own, sizeof(own), "%d\n", (int)getpid());
    marked = true;
    memset(tree, 0, sizeof(*tree));
    temporary_open(&tree->temporary);
    snprintf(tree->mount, sizeof(tree->mount), "%s/mount", tree->temporary.folder);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        assert_int_equal(mkdir(path_in(tree, folders[i]), 0755), 0);
    put(tree, DELEGATED "/cgroup.procs", own);
    put(tree, DELEGATED "/cgroup.subtree_control", "");
    put(tree, DELEGATED "/cgroup.controllers", "cpuset cpu io memory pids\n");
    put(tree, DELEGATED "/daemon/cgroup.procs", "");
    put(tree, DELEGATED "/daemon/cpu.weight", "100\n");
    tell(tree, USUAL_CGROUP, USUAL_MOUNT);
}

static void
tree_close(struct tree *tree)
{
    char *command;

    assert_true(asprintf(&command, "rm -r %s", tree->mount) > 0);
    assert_int_equal(system(command), 0);
    free(command);
    temporary_close(&tree->temporary);
}

static struct delegation
take(const struct tree *tree)
{
    const struct delegation_source source = {
        .cgroup = tree->cgroup, .mounts = tree->mounts, .marked = marked_cb};
    struct delegation delegation;

    delegation_take(&delegation, &source);
    return delegation;
}

static void
expect_taken(const struct tree *tree)
{
    struct delegation delegation = take(tree);

    assert_string_equal(delegation.reason, "");
    assert_true(delegation.directory >= 0);
    assert_true(delegation.controllers.memory);
    assert_true(delegation.controllers.cpu);
    assert_string_equal(get(tree, DELEGATED "/daemon/cgroup.procs"), "0");
    delegation_close(&delegation);
    assert_int_equal(delegation.directory, -1);
}

// Nothing has been written anywhere.
static void
expect_none(const struct tree *tree, const char *reason)
{
    struct delegation delegation = take(tree);

    assert_int_equal(delegation.directory, -1);
    assert_string_equal(delegation.reason, reason);
    assert_string_equal(get(tree, DELEGATED "/cgroup.subtree_control"), "");
    assert_string_equal(get(tree, DELEGATED "/daemon/cpu.weight"), "100\n");
    delegation_close(&delegation);
}

// ---- where it is ----------------------------------------------------------------------------

static void
test_usual(void **state)
{
    struct tree tree;
    struct delegation delegation;

    (void)state;
    tree_open(&tree);
    delegation = take(&tree);
    assert_string_equal(delegation.path, "/" DELEGATED);
    assert_string_equal(get(&tree, DELEGATED "/cgroup.subtree_control"), "+cpuory"); // both, one
    assert_string_equal(get(&tree, DELEGATED "/daemon/cpu.weight"), "10000");        // over another
    delegation_close(&delegation);
    tree_close(&tree);
}

static void
test_mounts(void **state)
{
    static const char *const found[] = {
        "30 20 0:26 / %s rw shared:7 master:1 - cgroup2 none rw\n",
        "30 20 0:26 / /nowhere ro - cgroup2 none ro\n31 20 0:26 / %s rw - cgroup2 none rw\n",
        "30 20 0:26 /slice %s/slice rw - cgroup2 none rw\n",
        "30 20 0:26 /slice/our.service %s/slice/our.service rw - cgroup2 none rw\n",
        "garbage\n\n- - - - - -\n30 20 0:26 / %s rw - cgroup2 none rw\n",
    };
    static const char *const not_there[] = {
        "30 20 0:26 / %s rw - cgroup cgroup rw,memory\n",
        "30 20 0:26 /slic %s/slic rw - cgroup2 none rw\n",
        "30 20 0:26 /slice/our.service/daemon %s rw - cgroup2 none rw\n",
        "30 20 0:26 /../.. %s rw - cgroup2 none rw\n",
        "30 20 0:26 / %s rw cgroup2\n",
        "30 20 0:26 / %s rw -\n",
        "30 20 0:26\n",
        "",
    };
    struct tree tree;

    (void)state;
    for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
        tree_open(&tree);
        tell(&tree, USUAL_CGROUP, found[i]);
        expect_taken(&tree);
        tree_close(&tree);
    }
    tree_open(&tree);
    for (size_t i = 0; i < sizeof(not_there) / sizeof(not_there[0]); i++) {
        tell(&tree, USUAL_CGROUP, not_there[i]);
        expect_none(&tree, "it is not mounted");
    }
    tree_close(&tree);
}

static void
test_escaped_mount(void **state)
{
    struct tree tree;
    char before[128];

    (void)state;
    tree_open(&tree);
    strcpy(before, tree.mount);
    strcat(tree.mount, " \\x");
    assert_int_equal(rename(before, tree.mount), 0);
    snprintf(before, sizeof(before), "30 20 0:26 / %s/mount\\040\\134x rw - cgroup2 none rw\n",
             tree.temporary.folder);
    tell(&tree, USUAL_CGROUP, before);
    expect_taken(&tree);
    assert_int_equal(rename(tree.mount, path_in(&tree, "../mount")), 0);
    snprintf(tree.mount, sizeof(tree.mount), "%s/mount", tree.temporary.folder);
    tree_close(&tree);
}

static void
test_cgroups(void **state)
{
    static const char *const none[] = {"",
                                       "0::\n",
                                       "0::slice/our.service\n",
                                       "1:memory:/slice/our.service\n",
                                       "0::/../slice/our.service\n",
                                       "10::/slice/our.service\n"};
    struct tree tree;

    (void)state;
    tree_open(&tree);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        tell(&tree, none[i], USUAL_MOUNT);
        expect_none(&tree, "the daemon is in none of version 2");
    }
    tell(&tree, "0::/slice/their.service\n", USUAL_MOUNT);
    expect_none(&tree, "No such file or directory");
    strcpy(tree.cgroup, "/nowhere");
    expect_none(&tree, "the daemon is in none of version 2");
    tree_close(&tree);
}

// ---- whose it is ----------------------------------------------------------------------------

static void
test_not_marked(void **state)
{
    struct tree tree;

    (void)state;
    tree_open(&tree);
    marked = false;
    expect_none(&tree, "it is not marked as delegated");
    assert_string_equal(get(&tree, DELEGATED "/daemon/cgroup.procs"), "");
    tree_close(&tree);
}

static void
test_not_writable(void **state)
{
    struct tree tree;

    (void)state;
    tree_open(&tree);
    assert_int_equal(unlink(path_in(&tree, DELEGATED "/cgroup.subtree_control")), 0);
    {
        struct delegation delegation = take(&tree);

        assert_int_equal(delegation.directory, -1);
        assert_string_equal(delegation.reason,
                            "cgroup.subtree_control in it: No such file or directory");
    }
    assert_string_equal(get(&tree, DELEGATED "/daemon/cgroup.procs"), "");
    tree_close(&tree);
}

// It is delegated to another, whose child the daemon is.
static void
test_not_alone(void **state)
{
    struct tree tree;
    char text[256];

    (void)state;
    tree_open(&tree);
    snprintf(text, sizeof(text), "%d\n1\n", (int)getpid());
    put(&tree, DELEGATED "/cgroup.procs", text);
    expect_none(&tree, "other processes are in it");
    put(&tree, DELEGATED "/cgroup.procs", "1\n");
    expect_none(&tree, "other processes are in it");
    put(&tree, DELEGATED "/cgroup.procs", "");
    expect_none(&tree, "other processes are in it");
    memset(text, '1', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    put(&tree, DELEGATED "/cgroup.procs", text);
    expect_none(&tree, "other processes are in it");
    assert_string_equal(get(&tree, DELEGATED "/daemon/cgroup.procs"), "");
    tree_close(&tree);
}

// Another daemon lives there: its workers are not ours to kill.
static void
test_somebody_is_there(void **state)
{
    struct tree tree;

    (void)state;
    tree_open(&tree);
    put(&tree, DELEGATED "/daemon/cgroup.procs", "4711\n");
    expect_none(&tree, "another process is in daemon");
    put(&tree, DELEGATED "/daemon/cgroup.procs",
        "4711\n4712\n4713\n4714\n4715\n4716\n4717\n4718\n");
    expect_none(&tree, "another process is in daemon");
    tree_close(&tree);
}

static void
test_cannot_move(void **state)
{
    struct tree tree;

    (void)state;
    tree_open(&tree);
    assert_int_equal(unlink(path_in(&tree, DELEGATED "/daemon/cgroup.procs")), 0);
    assert_int_equal(mkdir(path_in(&tree, DELEGATED "/daemon/cgroup.procs"), 0755), 0);
    expect_none(&tree, "daemon/cgroup.procs: Is a directory");
    tree_close(&tree);
}

// ---- controllers ----------------------------------------------------------------------------

static void
expect_partly(struct tree *tree, const char *controllers, bool memory, bool cpu, const char *reason)
{
    struct delegation delegation;

    put(tree, DELEGATED "/cgroup.controllers", controllers);
    put(tree, DELEGATED "/daemon/cgroup.procs", "");
    delegation = take(tree);
    assert_true(delegation.directory >= 0);
    assert_int_equal(delegation.controllers.memory, memory);
    assert_int_equal(delegation.controllers.cpu, cpu);
    assert_string_equal(delegation.reason, reason);
    delegation_close(&delegation);
}

#define NO_MEMORY "controller memory: it is not delegated"
#define NO_CPU    "controller cpu: it is not delegated"

static void
test_controllers(void **state)
{
    struct tree tree;

    (void)state;
    tree_open(&tree);
    expect_partly(&tree, "cpu\n", false, true, NO_MEMORY);
    expect_partly(&tree, "memory\n", true, false, NO_CPU);
    expect_partly(&tree, "cpuset memory_x xmemory pids\n", false, false, NO_MEMORY "; " NO_CPU);
    expect_partly(&tree, "\n", false, false, NO_MEMORY "; " NO_CPU);
    expect_partly(&tree, "", false, false, NO_MEMORY "; " NO_CPU);
    tree_close(&tree);
}

static void
test_log(void **state)
{
    static const struct {
        struct delegation delegation;
        const char *line;
    } cases[] = {
        {{.directory = -1, .reason = "it is in none"},
         " info cgroups: workers have none of their own, their rlimits have to do: it is in "
         "none\n"},
        {{.directory = -1, .path = "/a", .reason = "no"},
         " info cgroups: workers have none of their own, their rlimits have to do: /a: no\n"},
        {{.directory = 5, .path = "/a"}, " info cgroups: workers have their own below /a\n"},
        {{.directory = 5, .path = "/a", .reason = "x"},
         " warning cgroups: workers have their own below /a, but not all that belongs to it: x\n"},
    };
    struct capture capture;
    char *said;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        capture_begin(&capture);
        delegation_log(&cases[i].delegation);
        said = capture_end(&capture);
        assert_int_equal(count_of(said, cases[i].line), 1);
        free(said);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual),         cmocka_unit_test(test_mounts),
        cmocka_unit_test(test_escaped_mount), cmocka_unit_test(test_cgroups),
        cmocka_unit_test(test_not_marked),    cmocka_unit_test(test_not_writable),
        cmocka_unit_test(test_not_alone),     cmocka_unit_test(test_somebody_is_there),
        cmocka_unit_test(test_cannot_move),   cmocka_unit_test(test_controllers),
        cmocka_unit_test(test_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
