// See cgroups.h.
#include "pool/cgroups.h"

#include "common/log.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SUBJECT       "cgroups"
#define PREFIX        "worker-"
#define RETRY_US      2000 // after the first try, doubling
#define RETRY_MAX_US  1000000
#define RETRIES_MAX   64   // in one turn of the loop
#define LAST_PAUSE_US 2000 // at the end of the daemon there is no loop any more:
#define LAST_PAUSES   100  // it waits so often

TAILQ_HEAD(cgroup_list, cgroup);

struct cgroups {
    int directory;
    struct cgroup_controllers controllers;
    uint64_t count;             // of those that were made
    bool failing;               // the last one could not be made
    struct cgroup_list waiting; // to be removed, the one that was tried last at the end
    size_t waiting_count;
    struct event *retry;
    int64_t retry_us; // the last pause
};

// ---- the end of a cgroup --------------------------------------------------------------------

static void
cgroups_schedule(struct cgroups *cgroups, int64_t after_us)
{
    struct timeval after = {after_us / 1000000, after_us % 1000000};

    cgroups->retry_us = after_us;
    event_add(cgroups->retry, &after);
}

static void
cgroups_drop(struct cgroups *cgroups, struct cgroup *cgroup)
{
    TAILQ_REMOVE(&cgroups->waiting, cgroup, link);
    cgroups->waiting_count--;
    free(cgroup);
}

// A bounded number of those that wait, the one that was looked at longest ago first.
static void
cgroups_try(struct cgroups *cgroups)
{
    size_t count = cgroups->waiting_count < RETRIES_MAX ? cgroups->waiting_count : RETRIES_MAX;

    while (count-- > 0) {
        struct cgroup *cgroup = TAILQ_FIRST(&cgroups->waiting);

        if (cgroup_remove(cgroup) == 0) {
            cgroups_drop(cgroups, cgroup);
            continue;
        }
        TAILQ_REMOVE(&cgroups->waiting, cgroup, link);
        TAILQ_INSERT_TAIL(&cgroups->waiting, cgroup, link);
    }
}

static void
cgroups_retry_cb(evutil_socket_t fd, short what, void *context)
{
    struct cgroups *cgroups = context;
    int64_t next_us = cgroups->retry_us * 2 < RETRY_MAX_US ? cgroups->retry_us * 2 : RETRY_MAX_US;

    (void)fd;
    (void)what;
    cgroups_try(cgroups);
    if (cgroups->waiting_count > 0)
        cgroups_schedule(cgroups, next_us);
}

void
cgroups_return(struct cgroups *cgroups, struct cgroup *cgroup)
{
    if (cgroup == NULL)
        return;
    cgroup_kill(cgroup);
    if (cgroup_remove(cgroup) == 0) {
        free(cgroup);
        return;
    }
    TAILQ_INSERT_TAIL(&cgroups->waiting, cgroup, link);
    cgroups->waiting_count++;
    // A try that is near is not put off, or those that come one after the other would have none.
    if (cgroups->waiting_count == 1 || cgroups->retry_us > RETRY_US)
        cgroups_schedule(cgroups, RETRY_US);
}

// ---- the beginning of one -------------------------------------------------------------------

static void
cgroups_tell(struct cgroups *cgroups, int error)
{
    bool failing = error != 0;

    if (failing && !cgroups->failing)
        log_warning(SUBJECT, "a worker has no cgroup of its own, its rlimits have to do: %s",
                    strerror(-error));
    else if (!failing && cgroups->failing)
        log_notice(SUBJECT, "workers have cgroups of their own again");
    cgroups->failing = failing;
}

struct cgroup *
cgroups_take(struct cgroups *cgroups, const char *pool, unsigned slot,
             const struct cgroup_limits *limits)
{
    char name[CGROUP_NAME_MAX];
    struct cgroup *cgroup;
    int error = -ENOMEM;

    if (cgroups == NULL)
        return NULL;
    snprintf(name, sizeof(name), PREFIX "%s-%u.%llu", pool, slot,
             (unsigned long long)++cgroups->count);
    cgroup = calloc(1, sizeof(*cgroup));
    if (cgroup != NULL)
        error = cgroup_make(cgroup, cgroups->directory, name, &cgroups->controllers, limits);
    cgroups_tell(cgroups, error);
    if (error == 0)
        return cgroup;
    free(cgroup);
    return NULL;
}

// ---- all of them ----------------------------------------------------------------------------

// One that an earlier daemon has left. It may be there for a while, so its number is not for
// others.
static void
cgroups_adopt(struct cgroups *cgroups, const char *name)
{
    struct cgroup *cgroup = calloc(1, sizeof(*cgroup));
    const char *dot = strrchr(name, '.');
    uint64_t number = dot != NULL ? strtoull(dot + 1, NULL, 10) : 0;

    if (number > cgroups->count)
        cgroups->count = number;
    if (cgroup == NULL || strlen(name) >= sizeof(cgroup->name)) {
        free(cgroup); // it stays
        return;
    }
    cgroup->parent = cgroups->directory;
    strcpy(cgroup->name, name);
    cgroups_return(cgroups, cgroup);
}

static void
cgroups_sweep(struct cgroups *cgroups)
{
    int fd = openat(cgroups->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    size_t count = 0;

    if (directory == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_type != DT_DIR || strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
            continue;
        cgroups_adopt(cgroups, entry->d_name);
        count++;
    }
    closedir(directory);
    if (count > 0)
        log_notice(SUBJECT, "an earlier daemon has left %zu cgroups, which are removed", count);
}

struct cgroups *
cgroups_new(struct event_base *base, int directory, const struct cgroup_controllers *controllers)
{
    struct cgroups *cgroups = calloc(1, sizeof(*cgroups));

    if (cgroups == NULL)
        return NULL;
    cgroups->directory = directory;
    cgroups->controllers = *controllers;
    TAILQ_INIT(&cgroups->waiting);
    cgroups->retry = evtimer_new(base, cgroups_retry_cb, cgroups);
    if (cgroups->retry == NULL) {
        free(cgroups);
        return NULL;
    }
    cgroups_sweep(cgroups);
    return cgroups;
}

void
cgroups_free(struct cgroups *cgroups)
{
    static const struct timespec pause = {.tv_nsec = LAST_PAUSE_US * 1000};

    if (cgroups == NULL)
        return;
    event_free(cgroups->retry);
    for (int i = 0; i < LAST_PAUSES && cgroups->waiting_count > 0; i++) {
        cgroups_try(cgroups);
        if (cgroups->waiting_count > 0)
            nanosleep(&pause, NULL);
    }
    if (cgroups->waiting_count > 0)
        log_warning(SUBJECT, "%zu cgroups could not be removed", cgroups->waiting_count);
    while (!TAILQ_EMPTY(&cgroups->waiting))
        cgroups_drop(cgroups, TAILQ_FIRST(&cgroups->waiting));
    free(cgroups);
}

struct cgroup_controllers
cgroups_controllers(const struct cgroups *cgroups)
{
    return cgroups != NULL ? cgroups->controllers : (struct cgroup_controllers){false, false};
}
