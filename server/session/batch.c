// See batch.h. The answers stand one behind the other in chunks, as they come, each with the comma
// before it: small ones that come in order are one piece in the end.
#include "session/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_MAX    16384 // bytes
#define LARGE_ANSWER 4096  // bytes; has a chunk of its own
#define SMALL_ANSWER 64    // bytes; what the first chunk has room for, times the elements

struct chunk {
    struct chunk *next;
    size_t capacity;
    size_t used;
    char text[];
};

struct answer {
    char *text; // NULL: a notification, or not there yet
    size_t length;
};

struct batch {
    size_t count;
    size_t expected; // answers to come
    size_t size;
    struct chunk *chunks; // the newest first; only that has room
    struct answer answers[];
};

struct batch *
batch_new(size_t count)
{
    struct batch *batch = calloc(1, sizeof(*batch) + count * sizeof(struct answer));

    if (batch == NULL)
        return NULL;
    batch->count = count;
    batch->expected = 1;
    return batch;
}

void
batch_free(struct batch *batch)
{
    struct chunk *chunk;

    if (batch == NULL)
        return;
    while ((chunk = batch->chunks) != NULL) {
        batch->chunks = chunk->next;
        free(chunk);
    }
    free(batch);
}

void
batch_expect(struct batch *batch)
{
    batch->expected++;
}

static size_t
chunk_room(const struct chunk *chunk)
{
    return chunk == NULL ? 0 : chunk->capacity - chunk->used;
}

// A chunk for so many bytes and what may follow; a large answer has one of its own, which does not
// take the place of the one that has room.
static struct chunk *
batch_grow(struct batch *batch, size_t length)
{
    size_t usual = batch->count * SMALL_ANSWER;
    size_t capacity = usual < CHUNK_MAX ? usual : CHUNK_MAX;
    bool own = length > LARGE_ANSWER;
    struct chunk **place = own && batch->chunks != NULL ? &batch->chunks->next : &batch->chunks;
    struct chunk *chunk;

    if (own || capacity < length)
        capacity = length;
    chunk = malloc(sizeof(*chunk) + capacity);
    if (chunk == NULL)
        return NULL;
    *chunk = (struct chunk){.next = *place, .capacity = capacity};
    *place = chunk;
    return chunk;
}

int
batch_put(struct batch *batch, size_t index, const struct iovec *iov, int count)
{
    size_t length = 1;
    struct chunk *chunk = batch->chunks;
    char *text;
    char *out;

    for (int i = 0; i < count; i++)
        length += iov[i].iov_len;
    if (chunk_room(chunk) < length)
        chunk = batch_grow(batch, length);
    if (chunk == NULL)
        return -ENOMEM;
    text = out = chunk->text + chunk->used;
    chunk->used += length;
    *out++ = ',';
    for (int i = 0; i < count; i++)
        if (iov[i].iov_len > 0)
            out = mempcpy(out, iov[i].iov_base, iov[i].iov_len);
    batch->answers[index] = (struct answer){.text = text, .length = length};
    batch->size += length;
    batch->expected--;
    return 0;
}

void
batch_unexpect(struct batch *batch)
{
    batch->expected--;
}

bool
batch_is_complete(const struct batch *batch)
{
    return batch->expected == 0;
}

size_t
batch_size(const struct batch *batch)
{
    return batch->size;
}

int
batch_pieces_max(const struct batch *batch)
{
    return (int)batch->count + 1;
}

int
batch_pieces(struct batch *batch, struct iovec *iov)
{
    const char *end = NULL; // of the piece before
    int used = 0;

    for (size_t i = 0; i < batch->count; i++) {
        const struct answer *answer = &batch->answers[i];

        if (answer->text == NULL)
            continue;
        if (answer->text == end)
            iov[used - 1].iov_len += answer->length;
        else
            iov[used++] = (struct iovec){.iov_base = answer->text, .iov_len = answer->length};
        end = answer->text + answer->length;
    }
    if (used == 0)
        return 0;
    *(char *)iov[0].iov_base = '[';
    iov[used] = (struct iovec){.iov_base = (char *)"]\n", .iov_len = 2};
    return used + 1;
}
