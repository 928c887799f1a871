// See backlog.h.
#include "transport/backlog.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN  ((size_t)512)
#define CAPACITY_KEPT ((size_t)4096) // by an empty one

size_t
backlog_size(const struct backlog *backlog)
{
    return backlog->end - backlog->start;
}

const char *
backlog_bytes(const struct backlog *backlog)
{
    return backlog->bytes + backlog->start;
}

// Moving costs no more than was taken before.
static bool
backlog_compact(struct backlog *backlog, size_t size)
{
    size_t pending = backlog_size(backlog);

    if (backlog->start < pending || backlog->capacity - pending < size)
        return false;
    if (pending > 0)
        memcpy(backlog->bytes, backlog->bytes + backlog->start, pending);
    backlog->start = 0;
    backlog->end = pending;
    return true;
}

static bool
backlog_grow(struct backlog *backlog, size_t size)
{
    size_t capacity = backlog->capacity < CAPACITY_MIN ? CAPACITY_MIN : backlog->capacity;
    size_t needed;
    char *bytes;

    if (__builtin_add_overflow(backlog->end, size, &needed))
        return false;
    while (capacity < needed && capacity <= SIZE_MAX / 2)
        capacity *= 2;
    if (capacity < needed)
        return false;
    bytes = realloc(backlog->bytes, capacity);
    if (bytes == NULL)
        return false;
    backlog->bytes = bytes;
    backlog->capacity = capacity;
    return true;
}

char *
backlog_room(struct backlog *backlog, size_t size)
{
    if (backlog->capacity - backlog->end < size && !backlog_compact(backlog, size) &&
        !backlog_grow(backlog, size))
        return NULL;
    return backlog->bytes + backlog->end;
}

void
backlog_filled(struct backlog *backlog, size_t size)
{
    backlog->end += size;
}

void
backlog_drain(struct backlog *backlog, size_t size)
{
    backlog->start += size;
    if (backlog->start < backlog->end)
        return;
    backlog->start = backlog->end = 0;
    if (backlog->capacity > CAPACITY_KEPT)
        backlog_done(backlog);
}

void
backlog_done(struct backlog *backlog)
{
    free(backlog->bytes);
    *backlog = (struct backlog){0};
}
