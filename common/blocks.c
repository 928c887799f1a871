// See blocks.h.
#include "common/blocks.h"

#include <stdlib.h>

struct block {
    struct block *next;
};

static size_t
kind_of(size_t size)
{
    return size == 0 ? 0 : (size - 1) / BLOCKS_STEP;
}

static size_t
size_of(size_t kind)
{
    return (kind + 1) * BLOCKS_STEP;
}

void *
blocks_take(struct blocks *blocks, size_t size)
{
    size_t kind = kind_of(size);
    struct block *block;

    if (kind >= BLOCKS_KINDS)
        return malloc(size);
    block = blocks->free[kind];
    if (block == NULL)
        return malloc(blocks->kept_max > 0 ? size_of(kind) : size);
    blocks->free[kind] = block->next;
    blocks->kept -= size_of(kind);
    return block;
}

void
blocks_give(struct blocks *blocks, void *at, size_t size)
{
    size_t kind = kind_of(size);
    struct block *block = at;

    if (block == NULL)
        return;
    if (kind >= BLOCKS_KINDS || blocks->kept + size_of(kind) > blocks->kept_max) {
        free(block);
        return;
    }
    block->next = blocks->free[kind];
    blocks->free[kind] = block;
    blocks->kept += size_of(kind);
}

void
blocks_done(struct blocks *blocks)
{
    for (size_t kind = 0; kind < BLOCKS_KINDS; kind++) {
        struct block *block;

        while ((block = blocks->free[kind]) != NULL) {
            blocks->free[kind] = block->next;
            free(block);
        }
    }
    blocks->kept = 0;
}
