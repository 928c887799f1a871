// See calls.h. A chained hash table that doubles when there are more calls than buckets.
#include "session/calls.h"

#include <stdlib.h>

#define BUCKETS_AT_FIRST 16

// FNV-1a. Ids are the caller's own: whoever makes them collide slows only the session that does so,
// and not by much, for its requests in flight are limited.
static uint64_t
hash_id(struct span id)
{
    uint64_t hash = 14695981039346656037u;

    for (size_t i = 0; i < id.length; i++)
        hash = (hash ^ (unsigned char)id.at[i]) * 1099511628211u;
    return hash;
}

static struct call **
calls_bucket(const struct calls *calls, uint64_t hash)
{
    return &calls->buckets[hash & (calls->bucket_count - 1)];
}

static void
calls_link(struct calls *calls, struct call *call)
{
    struct call **bucket = calls_bucket(calls, call->hash);

    call->next = *bucket;
    *bucket = call;
}

// More buckets. False when out of memory.
static bool
calls_grow(struct calls *calls)
{
    size_t count = calls->buckets == NULL ? BUCKETS_AT_FIRST : calls->bucket_count * 2;
    struct call **buckets = calloc(count, sizeof(*buckets));
    struct call *call;

    if (buckets == NULL)
        return false;
    free(calls->buckets);
    calls->buckets = buckets;
    calls->bucket_count = count;
    TAILQ_FOREACH (call, &calls->all, link)
        if (span_present(call->id))
            calls_link(calls, call);
    return true;
}

void
calls_init(struct calls *calls)
{
    *calls = (struct calls){0};
    TAILQ_INIT(&calls->all);
}

void
calls_done(struct calls *calls)
{
    free(calls->buckets);
}

struct call *
calls_add(struct calls *calls, struct span id, struct span token, size_t params_size)
{
    struct call *call;

    // A table that cannot grow is slower, not wrong; only the first buckets are needed.
    if (calls->count >= calls->bucket_count && !calls_grow(calls) && calls->buckets == NULL)
        return NULL;
    call = malloc(sizeof(*call) + id.length + token.length);
    if (call == NULL)
        return NULL;
    *call = (struct call){.size = sizeof(*call) + id.length + token.length + params_size};
    if (span_present(token)) {
        char *copy = (char *)(call + 1) + id.length;

        memcpy(copy, token.at, token.length);
        call->token = (struct span){.at = copy, .length = token.length};
    }
    if (span_present(id)) {
        char *copy = (char *)(call + 1);

        memcpy(copy, id.at, id.length);
        call->id = (struct span){.at = copy, .length = id.length};
        call->hash = hash_id(id);
        calls_link(calls, call);
    }
    TAILQ_INSERT_TAIL(&calls->all, call, link);
    calls->count++;
    calls->size += call->size;
    return call;
}

struct call *
calls_find(const struct calls *calls, struct span id)
{
    uint64_t hash = hash_id(id);
    struct call *call;

    if (calls->count == 0)
        return NULL;
    for (call = *calls_bucket(calls, hash); call != NULL; call = call->next)
        if (call->hash == hash && span_equal(call->id, id))
            return call;
    return NULL;
}

void
calls_take(struct calls *calls, struct call *call)
{
    if (span_present(call->id)) {
        struct call **at = calls_bucket(calls, call->hash);

        while (*at != call)
            at = &(*at)->next;
        *at = call->next;
    }
    TAILQ_REMOVE(&calls->all, call, link);
    calls->count--;
    calls->size -= call->size;
}

void
call_free(struct call *call)
{
    free(call);
}
