// See processes.h.
#include "processes.h"

#include "assertions.h"
#include "deadline.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

// The text of /proc/PID/NAME (NUL added, caller frees), or NULL.
static char *
read_file(pid_t pid, const char *name, size_t *ret_length)
{
    char path[128];
    size_t capacity = 1 << 16, length = 0;
    char *text = malloc(capacity + 1);
    ssize_t got = 0;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && length < capacity && (got = read(fd, text + length, capacity - length)) > 0)
        length += (size_t)got;
    if (fd >= 0)
        close(fd);
    if (fd < 0 || got < 0) {
        free(text);
        return NULL;
    }
    text[length] = '\0';
    if (ret_length != NULL)
        *ret_length = length;
    return text;
}

// The fields of a stat file after the command's name, which may hold anything.
static bool
read_stat(pid_t pid, const char *name, char *ret_state, int *ret_parent, unsigned long *ret_ticks)
{
    char *text = read_file(pid, name, NULL);
    char *rest = text == NULL ? NULL : strrchr(text, ')');
    unsigned long user = 0, system = 0;
    bool ok = rest != NULL && sscanf(rest + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                                     ret_state, ret_parent, &user, &system) == 4;

    if (ok)
        *ret_ticks = user + system;
    free(text);
    return ok;
}

size_t
processes_children(pid_t parent, pid_t ret[PROCESSES_MAX])
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    size_t count = 0;
    unsigned long ticks;
    int its_parent;
    char state;

    while (proc != NULL && (entry = readdir(proc)) != NULL) {
        pid_t pid = (pid_t)atoi(entry->d_name);

        if (pid > 0 && read_stat(pid, "stat", &state, &its_parent, &ticks) &&
            its_parent == parent && count < PROCESSES_MAX)
            ret[count++] = pid;
    }
    if (proc != NULL)
        closedir(proc);
    return count;
}

bool
processes_alive(pid_t pid)
{
    unsigned long ticks;
    int parent;
    char state;

    return read_stat(pid, "stat", &state, &parent, &ticks) && state != 'Z' && state != 'X';
}

void
processes_await_end(pid_t pid)
{
    int64_t deadline = deadline_in(PATIENCE);

    while (processes_alive(pid)) {
        if (deadline_passed(deadline))
            fail_msg("pid %d does not end", (int)pid);
        deadline_pause();
    }
}

// Valgrind keeps its own descriptors just above what it lets the program use, and its log once more
// at the number it was opened with.
static bool
is_wrappers_own(const char *folder, const char *name)
{
    const char *logs = getenv("OFFLOAD_VALGRIND_LOGS");
    char path[128], target[256];
    struct rlimit limit;
    ssize_t length;

    if (getenv("OFFLOAD_TEST_WRAP") == NULL)
        return false;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && atoi(name) >= (int)limit.rlim_cur - 16)
        return true;
    snprintf(path, sizeof(path), "%s/%.16s", folder, name);
    length = readlink(path, target, sizeof(target) - 1);
    target[length < 0 ? 0 : length] = '\0';
    return logs != NULL && strncmp(target, logs, strlen(logs)) == 0;
}

// Counts the entries of /proc/PID/fd, and those above 2.
static int
count_descriptors(pid_t pid, int *ret_above_standard)
{
    char path[64];
    struct dirent *entry;
    int count = 0, above = 0;
    DIR *folder;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    folder = opendir(path);
    if (folder == NULL)
        return -1;
    while ((entry = readdir(folder)) != NULL) {
        int fd = atoi(entry->d_name);

        if (entry->d_name[0] == '.' || is_wrappers_own(path, entry->d_name))
            continue;
        count++;
        above += fd > 2;
    }
    closedir(folder);
    *ret_above_standard = above;
    return count;
}

int
processes_descriptors(pid_t pid)
{
    int above;

    return count_descriptors(pid, &above);
}

bool
processes_descriptors_are_standard(pid_t pid)
{
    int above;

    return count_descriptors(pid, &above) == 3 && above == 0;
}

int
processes_busy_threads(pid_t pid, unsigned long ticks)
{
    char path[64], name[300];
    struct dirent *entry;
    unsigned long used;
    int parent, count = 0;
    char state;
    DIR *folder;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    folder = opendir(path);
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        snprintf(name, sizeof(name), "task/%s/stat", entry->d_name);
        if (entry->d_name[0] != '.' && read_stat(pid, name, &state, &parent, &used) &&
            used >= ticks)
            count++;
    }
    if (folder != NULL)
        closedir(folder);
    return count;
}

int
processes_threads(pid_t pid)
{
    return processes_busy_threads(pid, 0);
}

// The value of a line of /proc/PID/status, read in `base`.
static uint64_t
read_status(pid_t pid, const char *name, int base)
{
    char *text = read_file(pid, "status", NULL);
    char *line = text;
    uint64_t value = 0;

    while (line != NULL && (strncmp(line, name, strlen(name)) != 0 || line[strlen(name)] != ':')) {
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    if (line != NULL)
        value = strtoull(line + strlen(name) + 1, NULL, base);
    free(text);
    return value;
}

size_t
processes_memory(pid_t pid)
{
    return (size_t)read_status(pid, "VmRSS", 10) * 1024;
}

uint64_t
processes_signal_set(pid_t pid, const char *name)
{
    return read_status(pid, name, 16);
}

bool
processes_has_variable(pid_t pid, const char *name)
{
    size_t length = 0;
    char *text = read_file(pid, "environ", &length);
    bool found = false;

    for (size_t at = 0; text != NULL && at < length; at += strlen(text + at) + 1)
        found |= strncmp(text + at, name, strlen(name)) == 0 && text[at + strlen(name)] == '=';
    free(text);
    return found;
}
