// Memory that comes and goes with every job: what is given back is kept for whoever asks next for
// about as much. malloc(3) keeps only a few at hand, and looks further when thousands are given
// back and asked for in turn. For one thread; a build for tests keeps nothing, so that sanitizers
// see each block as what it is.
#ifndef OFFLOAD_COMMON_BLOCKS_H
#define OFFLOAD_COMMON_BLOCKS_H

#include <stddef.h>

#define BLOCKS_STEP  16 // bytes: those that differ by less may have the same block
#define BLOCKS_KINDS 64 // larger ones are not kept

#ifdef NDEBUG
#define BLOCKS_KEPT_MAX ((size_t)1 << 20) // bytes
#else
#define BLOCKS_KEPT_MAX 0
#endif

struct block;

// All zero but for `kept_max` (bytes): none yet.
struct blocks {
    struct block *free[BLOCKS_KINDS];
    size_t kept; // bytes
    size_t kept_max;
};

// As malloc(3): NULL when out of memory.
void *blocks_take(struct blocks *blocks, size_t size);

// With the size that it was asked for with. NULL is left alone.
void blocks_give(struct blocks *blocks, void *at, size_t size);

// Keeps nothing any more of what it has.
void blocks_done(struct blocks *blocks);

#endif
