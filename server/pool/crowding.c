// Tiny jobs stay together: when as many workers are busy as there are cores, one more that is woken
// for a tiny job would not make it any faster, but cost more than the job. The job waits in the
// pipe of a busy worker instead, and no longer than jobs that go ahead may wait anyway. It is never
// put behind one that takes longer than others do: such a worker is not counted. See
// pool_internal.h.
#include "model/crowding.h"

#include "pool/pool_internal.h"

// With several slots workers have room of their own.
static bool
crowding_is_possible(const struct pool *pool, int64_t cost_us)
{
    return pool->worker_settings.slots == 1 && pool->config->processes > pool->cores &&
           crowding_pays(cost_us, pool->busy_count, pool->cores);
}

// As many workers as there are cores share the jobs evenly. The others get some only when these
// have their pipes full, so that they come to rest.
struct place *
crowding_place(struct pool *pool, int64_t cost_us, int64_t now_us)
{
    struct place *best = NULL;
    struct place *place;
    unsigned brisk = 0;

    if (!crowding_is_possible(pool, cost_us))
        return NULL;
    TAILQ_FOREACH (place, &pool->busy, link) {
        if (!worker_is_brisk(place->worker, now_us))
            continue;
        brisk++;
        if (worker_can_prefetch(place->worker, cost_us) &&
            (best == NULL || worker_waiting(place->worker) < worker_waiting(best->worker)))
            best = place;
        if (brisk >= pool->cores && best != NULL)
            break;
    }
    return brisk >= pool->cores ? best : NULL;
}
