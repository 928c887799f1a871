// The requests of one session that have no answer yet, found by their id. Plain data.
#ifndef OFFLOAD_SESSION_CALLS_H
#define OFFLOAD_SESSION_CALLS_H

#include "common/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct batch;
struct job;
struct session;

// One request or notification in flight.
struct call {
    TAILQ_ENTRY(call) link;
    struct call *next;  // in its bucket
    struct call **back; // what points to it there; NULL without an id
    uint64_t hash;
    struct session *session;
    struct batch *batch; // NULL: a single request
    size_t index;        // in the batch
    size_t size;         // bytes it holds, params included
    struct job *job;
    bool progress;     // the client wants to hear of it
    struct span token; // raw JSON; inside the call's own memory
    struct span id;    // raw JSON, inside the call's own memory; absent in a notification
};
TAILQ_HEAD(call_list, call);

struct calls {
    struct call_list all;
    size_t count;
    size_t size;           // bytes, over all calls
    struct call **buckets; // NULL until the first call: idle sessions are many
    size_t bucket_count;   // a power of two
};

void calls_init(struct calls *calls);
void calls_done(struct calls *calls); // must be empty

// A new call in the table, its id and token (which may be absent) copied; params_size counts
// towards `size`. NULL when out of memory.
struct call *calls_add(struct calls *calls, struct span id, struct span token, size_t params_size);

// The call with this very id, byte for byte; NULL if none is in flight.
struct call *calls_find(const struct calls *calls, struct span id);

// Takes it out; it is the caller's, to be freed with call_free.
void calls_take(struct calls *calls, struct call *call);
void call_free(struct call *call);

#endif
