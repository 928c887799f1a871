// See batch.h.
#include "session/batch.h"

#include "common/message.h"

#include <errno.h>
#include <stdlib.h>

struct answer {
    char *text; // NULL: a notification, or not there yet
    size_t length;
};

struct batch {
    size_t count;
    size_t expected; // answers to come
    size_t size;
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
    if (batch == NULL)
        return;
    for (size_t i = 0; i < batch->count; i++)
        free(batch->answers[i].text);
    free(batch);
}

void
batch_expect(struct batch *batch)
{
    batch->expected++;
}

int
batch_put(struct batch *batch, size_t index, const struct iovec *iov, int count)
{
    struct answer *answer = &batch->answers[index];
    size_t length;
    char *text = message_join(iov, count, &length);

    if (text == NULL)
        return -ENOMEM;
    *answer = (struct answer){.text = text, .length = length};
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
    return (int)(2 * batch->count + 1);
}

static struct iovec
piece(const char *text, size_t length)
{
    return (struct iovec){.iov_base = (char *)text, .iov_len = length};
}

int
batch_pieces(const struct batch *batch, struct iovec *iov)
{
    int used = 0;

    for (size_t i = 0; i < batch->count; i++) {
        const struct answer *answer = &batch->answers[i];

        if (answer->text == NULL)
            continue;
        iov[used] = piece(used == 0 ? "[" : ",", 1);
        iov[used + 1] = piece(answer->text, answer->length);
        used += 2;
    }
    if (used > 0)
        iov[used++] = piece("]\n", 2);
    return used;
}
