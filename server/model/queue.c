// See queue.h.
#include "model/queue.h"

void
queue_init(struct queue *queue)
{
    TAILQ_INIT(&queue->jobs);
    queue->count = 0;
}

void
queue_add(struct queue *queue, struct job *job, bool front)
{
    if (front)
        TAILQ_INSERT_HEAD(&queue->jobs, job, link);
    else
        TAILQ_INSERT_TAIL(&queue->jobs, job, link);
    queue->count++;
}

struct job *
queue_take(struct queue *queue)
{
    struct job *job = TAILQ_FIRST(&queue->jobs);

    if (job != NULL)
        queue_remove(queue, job);
    return job;
}

void
queue_remove(struct queue *queue, struct job *job)
{
    TAILQ_REMOVE(&queue->jobs, job, link);
    queue->count--;
}
