// See queue.h.
#include "model/queue.h"

#include <sys/random.h>

static int
level_index(int priority)
{
    return priority + JOB_PRIORITY_MAX;
}

static int
highest_of(uint32_t levels)
{
    return 31 - __builtin_clz(levels);
}

// The highest that has jobs; only if there are any.
static int
highest(const struct queue *queue)
{
    return highest_of(queue->occupied);
}

void
queue_init(struct queue *queue)
{
    uint64_t seed = 0;

    // Failing that, any number does: the order of jobs does not depend on it.
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
        seed = (uintptr_t)queue;
    for (int i = 0; i < QUEUE_LEVELS; i++) {
        level_init(&queue->levels[i], seed + (uint64_t)i);
        queue->since_us[i] = 0;
    }
    queue->occupied = 0;
    queue->count = 0;
}

void
queue_done(struct queue *queue)
{
    for (int i = 0; i < QUEUE_LEVELS; i++)
        level_done(&queue->levels[i]);
}

void
queue_add(struct queue *queue, struct job *job, bool front, int64_t now_us)
{
    int index = level_index(job->priority);

    if (queue->levels[index].count == 0)
        queue->since_us[index] = now_us;
    level_add(&queue->levels[index], job, front);
    queue->occupied |= UINT32_C(1) << index;
    queue->count++;
}

// By how much the level has waited too long; negative: it has not.
static int64_t
overdue_us(const struct queue *queue, int index, int top)
{
    int64_t step_us = QUEUE_AGEING_COSTS * level_cost_us(level_next(&queue->levels[index]));

    if (step_us < QUEUE_AGEING_US)
        step_us = QUEUE_AGEING_US;
    return queue->since_us[top] - queue->since_us[index] - (top - index) * step_us;
}

// The level whose turn it is.
static int
choose(const struct queue *queue)
{
    int top = highest(queue);
    uint32_t others = queue->occupied & ~(UINT32_C(1) << top);
    int64_t longest_us = 0;
    int chosen = top;

    while (others != 0) {
        int i = highest_of(others);
        int64_t us = overdue_us(queue, i, top);

        others &= ~(UINT32_C(1) << i);
        if (us < longest_us)
            continue;
        longest_us = us;
        chosen = i;
    }
    return chosen;
}

static void
left(struct queue *queue, int index)
{
    queue->count--;
    if (queue->levels[index].count == 0)
        queue->occupied &= ~(UINT32_C(1) << index);
}

struct job *
queue_next(const struct queue *queue)
{
    return queue->count > 0 ? level_next(&queue->levels[choose(queue)]) : NULL;
}

struct job *
queue_take(struct queue *queue, int64_t now_us)
{
    struct job *job;
    int chosen;
    int top;

    if (queue->count == 0)
        return NULL;
    top = highest(queue);
    chosen = choose(queue);
    job = level_next(&queue->levels[chosen]);
    if (chosen != top && !job->charged)
        level_add_debt(&queue->levels[top], job);
    queue->since_us[chosen] = now_us;
    level_take(&queue->levels[chosen]);
    left(queue, chosen);
    return job;
}

void
queue_remove(struct queue *queue, struct job *job)
{
    int index = level_index(job->priority);

    level_remove(&queue->levels[index], job);
    left(queue, index);
}

struct job *
queue_any(const struct queue *queue)
{
    return queue->count > 0 ? level_next(&queue->levels[highest(queue)]) : NULL;
}

int64_t
queue_work_before(const struct queue *queue, const struct job *job)
{
    int index = level_index(job->priority);
    int64_t before_us = level_work_before(&queue->levels[index], job);

    for (int i = index + 1; i < QUEUE_LEVELS; i++)
        before_us += queue->levels[i].work_us;
    return before_us;
}

size_t
queue_jobs_at(const struct queue *queue, int priority)
{
    return queue->levels[level_index(priority)].count;
}

size_t
queue_callers_at(const struct queue *queue, int priority)
{
    return queue->levels[level_index(priority)].callers.count;
}
