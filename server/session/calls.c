// See calls.h. A chained hash table that doubles when there are more calls than buckets.
#include "session/calls.h"

#include "common/blocks.h"

#include <stdlib.h>

#define BUCKETS_AT_FIRST 8 // whoever was asked once keeps them

static struct blocks blocks = {.kept_max = BLOCKS_KEPT_MAX};

#define DIGITS_MAX   19 // that always fit into 64 bits
#define SIDE_BY_SIDE 20 // bits of a number

// Most clients count their requests. These numbers stand side by side in the table, each in a
// bucket of its own, so that a million of them are looked up in memory that is at hand. Where the
// counter is not in the last bits, the others lead to different buckets.
static bool
hash_of_number(struct span id, uint64_t *ret_hash)
{
    uint64_t number = 0;

    if (id.length > DIGITS_MAX)
        return false;
    for (size_t i = 0; i < id.length; i++) {
        unsigned digit = (unsigned)(id.at[i] - '0');

        if (digit > 9)
            return false;
        number = number * 10 + digit;
    }
    *ret_hash = number + (((number >> SIDE_BY_SIDE) * 11400714819323198485u) >> 32);
    return true;
}

// FNV-1a for all others. Ids are the caller's own: whoever makes them collide slows only the
// session that does so, and not by much, for its requests in flight are limited.
static uint64_t
hash_id(struct span id)
{
    uint64_t hash = 14695981039346656037u;

    if (hash_of_number(id, &hash))
        return hash;
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
    call->back = bucket;
    if (call->next != NULL)
        call->next->back = &call->next;
    *bucket = call;
}

// Without a look at the others in the bucket: among many calls they are far away in memory.
static void
calls_unlink(struct call *call)
{
    *call->back = call->next;
    if (call->next != NULL)
        call->next->back = call->back;
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
    call = blocks_take(&blocks, sizeof(*call) + id.length + token.length);
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
    if (span_present(call->id))
        calls_unlink(call);
    TAILQ_REMOVE(&calls->all, call, link);
    calls->count--;
    calls->size -= call->size;
}

void
call_free(struct call *call)
{
    blocks_give(&blocks, call, sizeof(*call) + call->id.length + call->token.length);
}
