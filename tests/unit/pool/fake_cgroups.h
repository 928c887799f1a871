// A folder that behaves like a delegated cgroup: a new directory in it has the kernel's files, one
// with "processes" in it cannot be removed, and any step can be made to fail. For that the calls of
// the C library by which directories are made and removed, and files opened, are defined here: one
// test program includes it once. Everything else is as on a real tree.
#ifndef OFFLOAD_TESTS_UNIT_POOL_FAKE_CGROUPS_H
#define OFFLOAD_TESTS_UNIT_POOL_FAKE_CGROUPS_H

#include "pool/cgroup.h"
#include "tests/unit/temporary.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/syscall.h>

struct fake {
    struct temporary temporary;
    int fd;
    const char *absent;  // a file that the kernel does not have
    const char *refused; // a file that cannot be opened for writing,
    int refusal;         // with this errno
    int mkdir_error;
    int busy; // so many times a removal fails with EBUSY; < 0: always
    int removals;
};

static struct fake fake;

static const struct cgroup_controllers both = {.memory = true, .cpu = true};
static const struct cgroup_controllers none;

static const struct {
    const char *name;
    const char *text;
} fake_files[] = {
    {"cgroup.procs", ""},
    {"cgroup.kill", ""},
    {"memory.max", "max\n"},
    {"memory.swap.max", "max\n"},
    {"memory.oom.group", "0\n"},
    {"memory.current", "4096\n"},
    {"memory.peak", "8192\n"},
    {"memory.events.local", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n"},
    {"cpu.weight", "100\n"},
    {"cpu.weight.nice", "0\n"},
};
#define FAKE_FILES (sizeof(fake_files) / sizeof(fake_files[0]))

static int
real_open(int folder, const char *path, int flags, mode_t mode)
{
    return (int)syscall(SYS_openat, folder, path, flags, mode);
}

static void
fake_fill(int folder)
{
    for (size_t i = 0; i < FAKE_FILES; i++) {
        const char *text = fake_files[i].text;
        int fd;

        if (fake.absent != NULL && strcmp(fake_files[i].name, fake.absent) == 0)
            continue;
        fd = real_open(folder, fake_files[i].name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        close(fd);
    }
}

int
mkdirat(int folder, const char *path, mode_t mode)
{
    int fd;

    if (fake.mkdir_error != 0) {
        errno = fake.mkdir_error;
        return -1;
    }
    if (syscall(SYS_mkdirat, folder, path, mode) != 0)
        return -1;
    fd = real_open(folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    fake_fill(fd);
    close(fd);
    return 0;
}

// The kernel's files go with their directory; cgroups in it do not.
static bool
fake_empty(int folder, const char *path)
{
    int fd = real_open(folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    DIR *directory;
    bool empty = true;

    if (fd < 0)
        return true; // so that the removal says why
    directory = fdopendir(fd);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        empty &= entry->d_type != DT_DIR || entry->d_name[0] == '.';
    rewinddir(directory);
    for (struct dirent *entry; empty && (entry = readdir(directory)) != NULL;)
        syscall(SYS_unlinkat, fd, entry->d_name, 0);
    closedir(directory);
    return empty;
}

int
unlinkat(int folder, const char *path, int flags)
{
    if (flags == AT_REMOVEDIR) {
        fake.removals++;
        if (fake.busy != 0 || !fake_empty(folder, path)) {
            fake.busy -= fake.busy > 0;
            errno = EBUSY;
            return -1;
        }
    }
    return (int)syscall(SYS_unlinkat, folder, path, flags);
}

int
openat(int folder, const char *path, int flags, ...)
{
    const char *name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;

    if (fake.refused != NULL && strcmp(name, fake.refused) == 0) {
        errno = fake.refusal;
        return -1;
    }
    // What is written takes the place of what was there, as in the kernel.
    return real_open(folder, path, flags | ((flags & O_WRONLY) != 0 ? O_TRUNC : 0), 0);
}

static inline void
fake_open(void)
{
    memset(&fake, 0, sizeof(fake));
    temporary_open(&fake.temporary);
    fake.fd = open(fake.temporary.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fake.fd >= 0);
}

// Nothing may be left in it.
static inline void
fake_close(void)
{
    assert_int_equal(temporary_count(&fake.temporary), 0);
    close(fake.fd);
    temporary_close(&fake.temporary);
}

// What stands in a file of a cgroup; good until the next call.
static inline const char *
fake_read(const char *cgroup, const char *file)
{
    static char text[256];
    char path[256];
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "%s/%s/%s", fake.temporary.folder, cgroup, file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static inline void
fake_write(const char *cgroup, const char *file, const char *text)
{
    char path[256];
    int fd;

    snprintf(path, sizeof(path), "%s/%s/%s", fake.temporary.folder, cgroup, file);
    fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

#endif
