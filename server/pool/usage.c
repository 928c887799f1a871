// See usage.h. Reading /proc touches no disk and does not block.
#include "pool/usage.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX 4096

// The file /proc/PID/NAME as a string. False if it cannot be read.
static bool
read_proc(pid_t pid, const char *name, char text[FILE_MAX])
{
    char path[64];
    ssize_t length;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    length = read(fd, text, FILE_MAX - 1);
    close(fd);
    if (length <= 0)
        return false;
    text[length] = '\0';
    return true;
}

static struct timeval
from_ticks(unsigned long ticks)
{
    long per_second = sysconf(_SC_CLK_TCK);

    return (struct timeval){.tv_sec = (time_t)(ticks / (unsigned long)per_second),
                            .tv_usec = (suseconds_t)(ticks % (unsigned long)per_second * 1000000 /
                                                     (unsigned long)per_second)};
}

// The number behind "NAME:" in /proc/PID/status, in kB.
static long
status_kb(const char *status, const char *name)
{
    const char *line = strstr(status, name);

    return line != NULL ? strtol(line + strlen(name), NULL, 10) : 0;
}

bool
usage_of(pid_t pid, struct rusage *ret_usage)
{
    char text[FILE_MAX];
    unsigned long user;
    unsigned long system;
    const char *after_name;

    if (!read_proc(pid, "stat", text))
        return false;
    // The name in parentheses may hold anything; the fields are counted from its end.
    after_name = strrchr(text, ')');
    if (after_name == NULL ||
        sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
               &system) != 2)
        return false;
    *ret_usage = (struct rusage){.ru_utime = from_ticks(user), .ru_stime = from_ticks(system)};
    if (read_proc(pid, "status", text))
        ret_usage->ru_maxrss = status_kb(text, "VmHWM:");
    return true;
}

// CPU time in ticks, that of the children which it waited for included.
static bool
read_ticks(pid_t pid, int64_t *ret_ticks)
{
    char text[FILE_MAX];
    unsigned long ticks[4]; // user, system, and both of the children
    const char *after_name;

    if (!read_proc(pid, "stat", text))
        return false;
    after_name = strrchr(text, ')');
    if (after_name == NULL ||
        sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu",
               &ticks[0], &ticks[1], &ticks[2], &ticks[3]) != 4)
        return false;
    *ret_ticks = (int64_t)(ticks[0] + ticks[1] + ticks[2] + ticks[3]);
    return true;
}

// What stat says of memory newer kernels only guess.
static bool
read_pages(pid_t pid, unsigned long *ret_pages)
{
    char text[FILE_MAX];

    return read_proc(pid, "statm", text) && sscanf(text, "%*u %lu", ret_pages) == 1;
}

bool
usage_look(pid_t pid, struct usage *ret)
{
    unsigned long pages;
    int64_t ticks;

    if (!read_ticks(pid, &ticks) || !read_pages(pid, &pages))
        return false;
    *ret = (struct usage){.cpu_us = ticks * 1000000 / sysconf(_SC_CLK_TCK),
                          .memory = pages * (size_t)sysconf(_SC_PAGESIZE)};
    return true;
}

size_t
usage_memory(pid_t pid)
{
    char text[FILE_MAX];

    return read_proc(pid, "status", text) ? (size_t)status_kb(text, "VmRSS:") * 1024 : 0;
}
