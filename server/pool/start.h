// Whether a spawned program really runs: watches the status pipe of spawn.h.
#ifndef OFFLOAD_POOL_START_H
#define OFFLOAD_POOL_START_H

struct event;
struct event_base;

struct start {
    int fd; // -1 once it is known
    struct event *event;
    // Once: 0 when exec has worked, an errno value when it has not.
    void (*known)(void *context, int error);
    void *context;
};

// Takes the descriptor in any case. 0 or -ENOMEM.
int start_watch(struct start *start, struct event_base *base, int fd,
                void (*known)(void *context, int error), void *context);

// Looks at once instead of waiting for the loop: `known` may be called from here.
void start_look(struct start *start);

void start_done(struct start *start);

#endif
