// The calls of one connection that have no answer yet, found by their ids and kept in the order in
// which they began. Plain data.
#ifndef OFFLOAD_LIB_CALLS_H
#define OFFLOAD_LIB_CALLS_H

#include "client/lib/offload.h"

struct pending_call {
    uint64_t id;
    void (*reply)(void *context, const struct offload_reply *reply);
    void (*progress)(void *context, const char *json, size_t length);
    void *context;
    // of struct calls
    struct pending_call *same_bucket;
    struct pending_call *before;
    struct pending_call *after;
};

struct calls { // all zero: none
    struct pending_call **buckets;
    size_t bucket_count; // a power of two
    size_t count;
    struct pending_call *first;
    struct pending_call *last;
};

// Adds a call; ids grow. NULL when out of memory.
struct pending_call *calls_add(struct calls *calls, uint64_t id);

// NULL if there is none with this id.
struct pending_call *calls_find(const struct calls *calls, uint64_t id);

// Frees the call.
void calls_remove(struct calls *calls, struct pending_call *call);

void calls_done(struct calls *calls);

#endif
