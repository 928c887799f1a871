// See batch.h.
#include "client/lib/batch.h"

#include <stdlib.h>

bool
batch_add(struct batch *batch, const struct iovec *pieces, int count)
{
    if (batch->out == NULL)
        batch->out = open_memstream(&batch->text, &batch->length);
    if (batch->out == NULL)
        return false;
    putc(batch->count == 0 ? '[' : ',', batch->out);
    for (int i = 0; i < count; i++)
        fwrite(pieces[i].iov_base, 1, pieces[i].iov_len, batch->out);
    batch->count++;
    return ferror(batch->out) == 0;
}

char *
batch_finish(struct batch *batch, size_t *ret_length)
{
    char *text;
    bool good;

    putc(']', batch->out);
    good = ferror(batch->out) == 0;
    if (fclose(batch->out) != 0)
        good = false;
    batch->out = NULL;
    text = batch->text;
    if (good)
        *ret_length = batch->length;
    else
        free(text);
    *batch = (struct batch){0};
    return good ? text : NULL;
}

void
batch_done(struct batch *batch)
{
    if (batch->out != NULL)
        fclose(batch->out);
    free(batch->text);
    *batch = (struct batch){0};
}
