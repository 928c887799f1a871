// stdout. Either plain (everything is written when asked, and that may block) or on an event loop:
// then what the reader does not take yet is kept, and the loop goes on. Knows bytes, not results.
#ifndef OFFLOAD_CLIENT_OUTPUT_H
#define OFFLOAD_CLIENT_OUTPUT_H

#include "common/span.h"

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct output;

struct output_handlers {
    void (*drained)(void *context); // everything kept was written after a time of waiting
    void (*failed)(void *context);  // stdout is broken or its reader is gone: see output_error
};

// base NULL: plain, without handlers. NULL when out of memory.
struct output *
output_new(struct event_base *base, const struct output_handlers *handlers, void *context);
void output_free(struct output *output);

// Keeps a piece of text. Out of memory is an error of the output as well.
void output_add(struct output *output, struct span text);

// Writes what can be written without waiting; the rest follows when the reader is ready.
void output_push(struct output *output);

// Writes everything, waiting if need be. Returns output_error.
int output_finish(struct output *output);

size_t output_pending(const struct output *output);

// The errno value of the first failure, 0 for none.
int output_error(const struct output *output);

// Writes one text and a newline to stdout. Returns an errno value, 0 for success.
int output_line(struct span text);

#endif
