// Finds those of whom nothing was heard for one length of time, the same for all. It knows nothing
// of who they are.
//
// They stand in the order of their last sign of life, which is also that of their ends: each step
// costs the same however many they are, and there is one timer for all.
#ifndef OFFLOAD_TRANSPORT_QUIET_H
#define OFFLOAD_TRANSPORT_QUIET_H

#include <stdint.h>
#include <sys/queue.h>

#define QUIET_ENDS_PER_TURN 64

struct event_base;
struct quiet;

// Embedded in whoever is watched; initialise with quiet_watch_init.
struct quiet_watch {
    TAILQ_ENTRY(quiet_watch) link;
    struct quiet *quiet; // NULL: it is not watched
    int64_t due_us;
    void (*end)(void *context);
    void *context;
};

// A length of 0 is for ever. NULL when out of memory.
struct quiet *quiet_new(struct event_base *base, int64_t length_us);
void quiet_free(struct quiet *quiet); // nobody is watched any more

// `end` is called once, from the loop, when it was watched for the whole length; then it is not
// watched any more. It may free whoever is watched.
void quiet_watch_init(struct quiet_watch *watch, void (*end)(void *context), void *context);

// Watches it from now on; if it was watched already, by this one or another, then anew. NULL: not
// any more.
void quiet_watch(struct quiet *quiet, struct quiet_watch *watch);

#endif
