// See cgroup.h.
#include "pool/cgroup.h"

#include "pool/control_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX  16 // of cgroups that processes have made below theirs
#define REMOVE_MAX 64 // of them that one call looks at

// ---- files ----------------------------------------------------------------------------------

static const char *
file_path(const struct cgroup *cgroup, const char *file, char path[CGROUP_NAME_MAX + 64])
{
    snprintf(path, CGROUP_NAME_MAX + 64, "%s/%s", cgroup->name, file);
    return path;
}

static int
set(const struct cgroup *cgroup, const char *file, const char *value)
{
    char path[CGROUP_NAME_MAX + 64];

    return control_write(cgroup->parent, file_path(cgroup, file, path), value);
}

static int
set_number(const struct cgroup *cgroup, const char *file, long long value)
{
    char text[32];

    snprintf(text, sizeof(text), "%lld", value);
    return set(cgroup, file, text);
}

static size_t
number(const struct cgroup *cgroup, const char *file)
{
    char path[CGROUP_NAME_MAX + 64];
    uint64_t value;

    if (!cgroup->controllers.memory ||
        control_read_number(cgroup->parent, file_path(cgroup, file, path), &value) != 0)
        return 0;
    return (size_t)value;
}

// ---- the beginning --------------------------------------------------------------------------

static int
set_memory(struct cgroup *cgroup, size_t max)
{
    // Half a worker is of no use: its helpers die with it, and it with them. That is also what
    // makes the count of the killed a proof for the worker itself.
    int error = set(cgroup, "memory.oom.group", "1");

    if (error != 0 || max == 0)
        return error;
    error = set_number(cgroup, "memory.max", (long long)max);
    if (error != 0)
        return error;
    // At its limit it is to die, and be answered for, rather than to go on from the disk at a
    // thousandth of the speed, and make everybody else's disk slow. A kernel without swap has no
    // such file.
    error = set(cgroup, "memory.swap.max", "0");
    if (error == -ENOENT)
        error = 0;
    if (error == 0)
        cgroup->memory_max = max;
    return error;
}

// Where each worker has a cgroup, niceness weighs within it only: so the cgroup has it as well.
static int
set_cpu(const struct cgroup *cgroup, const struct cgroup_limits *limits)
{
    if (limits->cpu_weight != 0)
        return set_number(cgroup, "cpu.weight", limits->cpu_weight);
    return limits->nice != 0 ? set_number(cgroup, "cpu.weight.nice", limits->nice) : 0;
}

static int
set_limits(struct cgroup *cgroup, const struct cgroup_limits *limits)
{
    int error = 0;

    if (cgroup->controllers.memory)
        error = set_memory(cgroup, limits->memory_max);
    if (error == 0 && cgroup->controllers.cpu)
        error = set_cpu(cgroup, limits);
    return error;
}

int
cgroup_make(struct cgroup *ret, int parent, const char *name,
            const struct cgroup_controllers *controllers, const struct cgroup_limits *limits)
{
    struct cgroup cgroup = {.parent = parent, .controllers = *controllers};
    int error;

    snprintf(cgroup.name, sizeof(cgroup.name), "%s", name);
    snprintf(cgroup.procs, sizeof(cgroup.procs), "%s/cgroup.procs", cgroup.name);
    if (mkdirat(parent, cgroup.name, 0755) != 0)
        return -errno;
    error = set_limits(&cgroup, limits);
    if (error == 0)
        *ret = cgroup;
    else
        unlinkat(parent, cgroup.name, AT_REMOVEDIR);
    return error;
}

// By a write of its own, and not by clone3(2) with CLONE_INTO_CGROUP, although that is faster where
// nothing else starts: systemd's RestrictNamespaces= forbids clone3 as a whole, and the service
// has it. It costs the child some milliseconds at times, the daemon nothing.
int
cgroup_enter(const struct cgroup *cgroup)
{
    int fd = openat(cgroup->parent, cgroup->procs, O_WRONLY | O_CLOEXEC);
    int error = 0;

    if (fd < 0)
        return errno;
    if (write(fd, "0", 1) != 1)
        error = errno;
    close(fd);
    return error;
}

// ---- the end --------------------------------------------------------------------------------

void
cgroup_kill(const struct cgroup *cgroup)
{
    // Without it the process group, which was killed already, is all that is known.
    (void)set(cgroup, "cgroup.kill", "1");
}

static int remove_below(int parent, const char *name, unsigned depth, unsigned *left);

static int
remove_one(int parent, const char *name, unsigned depth, unsigned *left)
{
    int error;

    if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    error = -errno;
    if (error != -EBUSY || depth == 0 || remove_below(parent, name, depth - 1, left) != 0)
        return error;
    return unlinkat(parent, name, AT_REMOVEDIR) == 0 ? 0 : -errno;
}

// 0 if it has none below it any more that could not be removed, and had some.
static int
remove_below(int parent, const char *name, unsigned depth, unsigned *left)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    int error = -EBUSY;
    struct dirent *entry;

    if (directory == NULL) {
        if (fd >= 0)
            close(fd);
        return error;
    }
    while (*left > 0 && (entry = readdir(directory)) != NULL) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        --*left;
        error = remove_one(fd, entry->d_name, depth, left);
        if (error != 0)
            break;
    }
    closedir(directory);
    return error;
}

int
cgroup_remove(const struct cgroup *cgroup)
{
    unsigned left = REMOVE_MAX;

    return remove_one(cgroup->parent, cgroup->name, DEPTH_MAX, &left);
}

// ---- what is known of it --------------------------------------------------------------------

bool
cgroup_was_out_of_memory(const struct cgroup *cgroup)
{
    char path[CGROUP_NAME_MAX + 64];
    uint64_t killed = 0;

    // The local file, for its own processes alone: those that a worker has put into a cgroup with a
    // limit of its own are its own affair.
    return cgroup->controllers.memory &&
           control_read_entry(cgroup->parent, file_path(cgroup, "memory.events.local", path),
                              "oom_kill", &killed) == 0 &&
           killed > 0;
}

size_t
cgroup_memory(const struct cgroup *cgroup)
{
    return number(cgroup, "memory.current");
}

size_t
cgroup_memory_peak(const struct cgroup *cgroup)
{
    return number(cgroup, "memory.peak");
}
