// Which jobs are done: a set of numbers that are nearly in order, kept as ranges, so that a million
// in a row cost no more than one. Plain data.
#ifndef OFFLOAD_CLIENT_DONE_SET_H
#define OFFLOAD_CLIENT_DONE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct done_range {
    uint64_t first;
    uint64_t last;
};

struct done_set {              // all zero: empty
    struct done_range *ranges; // in order, with gaps between them
    size_t count;
    size_t capacity;
};

// False when out of memory.
bool done_set_add(struct done_set *set, uint64_t number);
bool done_set_remove(struct done_set *set, uint64_t number);

bool done_set_has(const struct done_set *set, uint64_t number);
void done_set_done(struct done_set *set);

#endif
