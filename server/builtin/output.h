// Where the worker writes: whole lines, never mixed, from any thread. Knows no job.
#ifndef OFFLOAD_BUILTIN_OUTPUT_H
#define OFFLOAD_BUILTIN_OUTPUT_H

#include "common/span.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/uio.h>

struct output {
    int fd;
    pthread_mutex_t lock;
};

void output_init(struct output *output, int fd);
void output_done(struct output *output);

// Writes the pieces and a newline; `iov` has room for one more entry and is used up. If nobody
// reads any more the process ends with EXIT_STATUS_UNAVAILABLE: there is nobody to work for.
void output_line(struct output *output, struct iovec *iov, int count);

// The response with a result, or with an error object.
void output_answer(struct output *output, struct span id, bool failed, struct span body);

#endif
