// One configuration as it is served: its pools, and which of them serves a method. Plain ownership;
// when a generation takes the place of another is decided elsewhere (reload.c).
//
// A pool belongs to every generation that means the same by it, and so lives on as it is when the
// configuration is read again. The members are all the pools that there are, those that belong to
// no generation any more included: they end when they have no jobs.
#ifndef OFFLOAD_DISPATCHER_GENERATION_H
#define OFFLOAD_DISPATCHER_GENERATION_H

#include "dispatcher/routes.h"
#include "model/config.h"
#include "pool/pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

struct member {
    TAILQ_ENTRY(member) link;
    struct pool *pool;
    const struct config *config; // held: what the pool was made from lies in it
    unsigned generations;        // that it belongs to
    bool stopped;                // and only waits to be freed
};
TAILQ_HEAD(member_list, member);

struct generation {
    const struct config *config; // held
    struct routes *routes;
    struct member *members[]; // in the order of the configuration
};

// How a new pool is made; NULL if that cannot be.
struct generation_maker {
    struct pool *(*make)(void *context, const struct config *config,
                         const struct pool_config *pool);
    void *context;
};

// Takes the pools that are the same from the members, makes the others and adds them there. NULL
// when out of memory or if a pool cannot be made; the pools that were made by then belong to no
// generation.
struct generation *generation_new(const struct config *config, struct member_list *members,
                                  const struct generation_maker *maker);

// Its pools stay among the members.
void generation_free(struct generation *generation);

// True if all first workers of its pools have been ready, or have failed.
bool generation_is_settled(const struct generation *generation);

// Puts its pools in front of all others, in their order.
void generation_sort(const struct generation *generation, struct member_list *members);

// Only if the pool has never run, or has stopped.
void member_free(struct member *member, struct member_list *members);

#endif
