// Which pool serves a method. Plain data, made once from the configuration.
//
// A method is called by its bare name, which belongs to the first pool in the configuration that
// serves it, or as POOL.METHOD, which always works.
#ifndef OFFLOAD_DISPATCHER_ROUTES_H
#define OFFLOAD_DISPATCHER_ROUTES_H

#include "common/span.h"
#include "model/config.h"

#include <stdbool.h>
#include <stddef.h>

struct route {
    char *name;         // what callers say
    const char *method; // what the worker is told; inside the configuration
    size_t pool;        // index in the configuration
    unsigned index;     // of the method in its pool
    bool bare;          // the name has no pool in front
    bool primary;       // a bare name, or a qualified one whose bare name is another pool's
};

struct routes;

// NULL when out of memory. The configuration must outlive the routes.
struct routes *routes_new(const struct config *config);
void routes_free(struct routes *routes);

// NULL if no pool serves that name.
const struct route *routes_find(struct routes *routes, struct span name);

// All of them, sorted by name.
const struct route *routes_all(const struct routes *routes, size_t *ret_count);

#endif
