// A text that several jobs read at once, kept as long as one of them holds it: what a gather's
// calls were sent in, so that a hundred thousand of them need no copies. Plain data, counted by
// hand; nobody but its maker writes to it.
#ifndef OFFLOAD_MODEL_SHARED_TEXT_H
#define OFFLOAD_MODEL_SHARED_TEXT_H

#include "common/span.h"

struct shared_text;

// A copy of the text, held once by the caller. NULL when out of memory.
struct shared_text *shared_text_new(struct span text);

// One holder more; returns the text.
struct shared_text *shared_text_hold(struct shared_text *text);

// One holder less; the last one frees it. NULL is allowed.
void shared_text_release(struct shared_text *text);

// All of it; writable, by its maker.
char *shared_text_at(struct shared_text *text);
size_t shared_text_length(const struct shared_text *text);

#endif
