// A real cgroup of version 2 that a test makes for its daemon and delegates to it, as systemd
// would. It takes root, and a kernel that lets it be mounted: the mount is in a namespace of the
// test's own.
#ifndef OFFLOAD_TESTS_CGROUP_TREE_H
#define OFFLOAD_TESTS_CGROUP_TREE_H

#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CGROUP_NAME "offload-test-" // and the test's pid

struct cgroup_tree {
    char mount[64];
    char directory[128]; // of the cgroup
    char path[64];       // of the same as /proc/PID/cgroup has it
};

static inline bool
cgroup_tree_mount(struct cgroup_tree *tree)
{
    strcpy(tree->mount, "/tmp/offload-cgroup-XXXXXX");
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mkdtemp(tree->mount) == NULL)
        return false;
    if (mount("cgroup2", tree->mount, "cgroup2", 0, NULL) == 0)
        return true;
    rmdir(tree->mount);
    return false;
}

// What a test that failed has left. Whatever is alive there cannot be removed.
static inline void
cgroup_tree_sweep(const char *path, int depth)
{
    DIR *folder = opendir(path);
    struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char *below;

        if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
            (depth == 0 && strncmp(entry->d_name, CGROUP_NAME, strlen(CGROUP_NAME)) != 0))
            continue;
        assert_true(asprintf(&below, "%s/%s", path, entry->d_name) > 0);
        cgroup_tree_sweep(below, depth + 1);
        rmdir(below);
        free(below);
    }
    if (folder != NULL)
        closedir(folder);
}

static inline char *
cgroup_tree_file(const struct cgroup_tree *tree, const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", tree->directory, name);
    return path;
}

// False if there can be none here, which is said.
static inline bool
cgroup_tree_open(struct cgroup_tree *tree, bool delegated)
{
    if (!cgroup_tree_mount(tree)) {
        print_message("SKIP: functional.cgroups: no cgroup of version 2 can be mounted here: %s\n",
                      geteuid() == 0 ? strerror(errno) : "it takes root");
        return false;
    }
    cgroup_tree_sweep(tree->mount, 0);
    snprintf(tree->path, sizeof(tree->path), "/" CGROUP_NAME "%d", (int)getpid());
    snprintf(tree->directory, sizeof(tree->directory), "%s%s", tree->mount, tree->path);
    assert_int_equal(mkdir(tree->directory, 0755), 0);
    if (delegated)
        assert_int_equal(setxattr(tree->directory, "user.delegate", "1", 1, 0), 0);
    return true;
}

static inline bool
cgroup_tree_has(const struct cgroup_tree *tree, const char *controller)
{
    char *text = read_text(cgroup_tree_file(tree, "cgroup.controllers"));
    bool has = text != NULL && strstr(text, controller) != NULL;

    free(text);
    return has;
}

// How many cgroups there are in it; the name of one of those that begin with `prefix` goes to
// `name`.
static inline size_t
cgroup_tree_find(const struct cgroup_tree *tree, const char *prefix, char name[128])
{
    DIR *folder = opendir(tree->directory);
    struct dirent *entry;
    size_t count = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
            strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
            snprintf(name, 128, "%.120s", entry->d_name);
            count++;
        }
    closedir(folder);
    return count;
}

static inline void
cgroup_tree_await(const struct cgroup_tree *tree, const char *prefix, size_t count)
{
    int64_t deadline = deadline_in(PATIENCE);
    char name[128];
    size_t seen;

    while ((seen = cgroup_tree_find(tree, prefix, name)) != count) {
        if (deadline_passed(deadline))
            fail_msg("there are %zu cgroups %s*, expected %zu", seen, prefix, count);
        deadline_pause();
    }
}

// The process must be in the cgroup NAME of the tree, a pattern of fnmatch(3); "": in the tree
// itself.
static inline void
cgroup_tree_expect(const struct cgroup_tree *tree, pid_t pid, const char *name)
{
    char path[64], expected[256];
    char *text, *line;

    snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
    text = read_text(path);
    assert_non_null(text);
    line = strstr(text, "0::");
    assert_non_null(line);
    line[strcspn(line, "\n")] = '\0';
    snprintf(expected, sizeof(expected), "0::%s%s%s", tree->path, name[0] != '\0' ? "/" : "", name);
    if (fnmatch(expected, line, 0) != 0)
        fail_msg("the process is in %s, expected %s", line, expected);
    free(text);
}

// The daemon has stopped: nothing but its own leaf is left, and all of it goes.
static inline void
cgroup_tree_close(struct cgroup_tree *tree)
{
    char name[128];

    rmdir(cgroup_tree_file(tree, "daemon"));
    if (cgroup_tree_find(tree, "", name) > 0)
        fail_msg("%s is left", name);
    assert_int_equal(rmdir(tree->directory), 0);
    assert_int_equal(umount(tree->mount), 0);
    assert_int_equal(rmdir(tree->mount), 0);
}

#endif
