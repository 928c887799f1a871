// See calls.h. Ids are counted up, so their last bits spread them evenly.
#include "client/lib/calls.h"

#include <stdlib.h>

#define BUCKETS_FIRST 64

static struct pending_call **
bucket_of(const struct calls *calls, uint64_t id)
{
    return &calls->buckets[id & (calls->bucket_count - 1)];
}

static void
put(struct calls *calls, struct pending_call *call)
{
    struct pending_call **bucket = bucket_of(calls, call->id);

    call->same_bucket = *bucket;
    *bucket = call;
}

// Keeps a bucket to one call on average. Only the first table must be had: a table that cannot grow
// is slower, not wrong.
static bool
grow(struct calls *calls)
{
    size_t count = calls->bucket_count > 0 ? 2 * calls->bucket_count : BUCKETS_FIRST;
    struct pending_call **buckets;

    if (calls->count < calls->bucket_count)
        return true;
    buckets = calloc(count, sizeof(struct pending_call *));
    if (buckets == NULL)
        return calls->bucket_count > 0;
    free(calls->buckets);
    calls->buckets = buckets;
    calls->bucket_count = count;
    for (struct pending_call *call = calls->first; call != NULL; call = call->after)
        put(calls, call);
    return true;
}

struct pending_call *
calls_add(struct calls *calls, uint64_t id)
{
    struct pending_call *call = calloc(1, sizeof(*call));

    if (call == NULL || !grow(calls)) {
        free(call);
        return NULL;
    }
    call->id = id;
    call->before = calls->last;
    if (calls->last != NULL)
        calls->last->after = call;
    else
        calls->first = call;
    calls->last = call;
    calls->count++;
    put(calls, call);
    return call;
}

struct pending_call *
calls_find(const struct calls *calls, uint64_t id)
{
    struct pending_call *call = calls->count > 0 ? *bucket_of(calls, id) : NULL;

    while (call != NULL && call->id != id)
        call = call->same_bucket;
    return call;
}

void
calls_remove(struct calls *calls, struct pending_call *call)
{
    struct pending_call **at = bucket_of(calls, call->id);

    while (*at != call)
        at = &(*at)->same_bucket;
    *at = call->same_bucket;
    if (call->before != NULL)
        call->before->after = call->after;
    else
        calls->first = call->after;
    if (call->after != NULL)
        call->after->before = call->before;
    else
        calls->last = call->before;
    calls->count--;
    free(call);
}

void
calls_done(struct calls *calls)
{
    while (calls->first != NULL)
        calls_remove(calls, calls->first);
    free(calls->buckets);
    *calls = (struct calls){0};
}
