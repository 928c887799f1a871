// Whether a spawned program really runs: watches the status pipe of spawn.h.
#ifndef OFFLOAD_POOL_START_H
#define OFFLOAD_POOL_START_H

#include "pool/spawn.h"

struct event;
struct event_base;

struct start {
    int fd; // -1 once it is known
    struct event *event;
    // Once: no error when exec has worked.
    void (*known)(void *context, struct spawn_failure failure);
    void *context;
};

// Takes the descriptor in any case. 0 or -ENOMEM.
int start_watch(struct start *start, struct event_base *base, int fd,
                void (*known)(void *context, struct spawn_failure failure), void *context);

// Looks at once instead of waiting for the loop: `known` may be called from here.
void start_look(struct start *start);

void start_done(struct start *start);

#endif
