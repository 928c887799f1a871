// Where the worker writes: whole lines, never mixed, from any thread. Knows no job.
//
// A worker of one thread may hold lines back, to write those of many short jobs at once. It never
// holds one for longer than OUTPUT_HOLD_US plus the time to its next look (output_look).
#ifndef OFFLOAD_BUILTIN_OUTPUT_H
#define OFFLOAD_BUILTIN_OUTPUT_H

#include "common/span.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define OUTPUT_HOLD_US 500

struct output {
    int fd;
    pthread_mutex_t lock;
    char *held; // NULL: every line is written at once
    size_t held_length;
    int64_t held_since_us; // monotonic
};

void output_init(struct output *output, int fd);
void output_done(struct output *output);

// From now on it holds lines back; the caller looks after them. Without memory it does not.
void output_hold(struct output *output);

// Writes the pieces and a newline; `iov` has room for one more entry and is used up. If nobody
// reads any more the process ends with EXIT_STATUS_UNAVAILABLE: there is nobody to work for.
void output_line(struct output *output, struct iovec *iov, int count);

// The response with a result, or with an error object.
void output_answer(struct output *output, struct span id, bool failed, struct span body);

// Writes what is held.
void output_flush(struct output *output);

// The same if it is held for long enough.
void output_look(struct output *output, int64_t now_us);

#endif
