// What waits for one pool, and what runs next: decided from plain data. First come, first served.
#ifndef OFFLOAD_MODEL_QUEUE_H
#define OFFLOAD_MODEL_QUEUE_H

#include "model/job.h"

#include <stddef.h>

struct queue {
    struct job_list jobs;
    size_t count;
};

void queue_init(struct queue *queue);

// Adds at the end, or in front of all.
void queue_add(struct queue *queue, struct job *job, bool front);

// Takes the next job out; NULL when empty.
struct job *queue_take(struct queue *queue);

// Takes this job out, wherever it stands.
void queue_remove(struct queue *queue, struct job *job);

#endif
