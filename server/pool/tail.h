// The last of what a process wrote: the newest bytes of a stream, up to TAIL_MAX of them.
#ifndef OFFLOAD_POOL_TAIL_H
#define OFFLOAD_POOL_TAIL_H

#include "common/span.h"

#include <stddef.h>

#define TAIL_MAX 4096

// All zero: empty.
struct tail {
    size_t length;
    char bytes[TAIL_MAX];
};

void tail_add(struct tail *tail, struct span bytes);

// Good until the next tail_add.
struct span tail_text(const struct tail *tail);

#endif
