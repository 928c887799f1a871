// A batch that is being put together: "[call,call". Plain text; knows nothing of the calls.
#ifndef OFFLOAD_CLIENT_BATCH_H
#define OFFLOAD_CLIENT_BATCH_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/uio.h>

struct batch { // all zero: empty
    FILE *out;
    char *text;
    size_t length; // of text, once out is flushed
    size_t count;  // calls
};

// Adds a call. False when out of memory; the batch is then good for batch_done alone.
bool batch_add(struct batch *batch, const struct iovec *pieces, int count);

// The whole batch as text (malloc, caller frees), which must not be empty; it is empty again after.
// NULL when out of memory.
char *batch_finish(struct batch *batch, size_t *ret_length);

void batch_done(struct batch *batch);

#endif
