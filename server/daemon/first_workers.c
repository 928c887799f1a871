// See first_workers.h.
#include "daemon/first_workers.h"

#include <stdbool.h>
#include <stdlib.h>

struct first {
    size_t pool;
    unsigned place;
    pid_t pid; // of the first process that was seen; 0: none yet
    bool settled;
};

struct first_workers {
    const struct dispatcher *dispatcher;
    size_t wanted;
    struct first list[];
};

// A command's processes come with its jobs.
static size_t
wanted_of(const struct pool_config *pool)
{
    return pool->kind == POOL_COMMAND ? 0 : pool->processes_min;
}

struct first_workers *
first_workers_new(const struct config *config, const struct dispatcher *dispatcher)
{
    struct first_workers *first;
    size_t count = 0;
    size_t at = 0;

    for (size_t i = 0; i < config->pool_count; i++)
        count += wanted_of(&config->pools[i]);
    first = calloc(1, sizeof(*first) + count * sizeof(first->list[0]));
    if (first == NULL)
        return NULL;
    first->dispatcher = dispatcher;
    first->wanted = count;
    for (size_t i = 0; i < config->pool_count; i++)
        for (unsigned place = 0; place < wanted_of(&config->pools[i]); place++)
            first->list[at++] = (struct first){.pool = i, .place = place};
    return first;
}

void
first_workers_free(struct first_workers *first)
{
    free(first);
}

// A place without a worker has lost its first one, for they are started in the first turn; so has a
// place with another worker than before.
static bool
is_settled(const struct first_workers *first, struct first *one)
{
    const struct worker *worker =
        pool_worker(dispatcher_pool(first->dispatcher, one->pool), one->place);
    struct worker_report report;

    if (worker == NULL)
        return true;
    worker_report(worker, &report);
    if (one->pid == 0)
        one->pid = report.pid;
    return report.was_ready || report.pid != one->pid;
}

size_t
first_workers_look(struct first_workers *first, size_t *ret_wanted)
{
    size_t settled = 0;

    for (size_t i = 0; i < first->wanted; i++) {
        struct first *one = &first->list[i];

        one->settled = one->settled || is_settled(first, one);
        settled += one->settled;
    }
    *ret_wanted = first->wanted;
    return settled;
}
