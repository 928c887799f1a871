// See routes.h.
#include "dispatcher/routes.h"

#include <stdio.h>
#include <stdlib.h>

struct routes {
    struct route *items;
    size_t count;
    // The one that was found last: most requests ask for what the one before asked for.
    const struct route *last; // or NULL
    struct span last_name;
};

static int
compare_names(struct span a, struct span b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    int order = memcmp(a.at, b.at, shorter);

    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static int
compare_routes(const void *a, const void *b)
{
    const struct route *left = a;
    const struct route *right = b;

    return compare_names(span_of(left->name), span_of(right->name));
}

static int
compare_key(const void *key, const void *item)
{
    const struct span *name = key;
    const struct route *route = item;

    return compare_names(*name, span_of(route->name));
}

static size_t
count_methods(const struct config *config)
{
    size_t count = 0;

    for (size_t i = 0; i < config->pool_count; i++)
        for (char **method = config->pools[i].methods; *method != NULL; method++)
            count++;
    return count;
}

// Before sorting: a bare name that an earlier pool took.
static bool
is_taken(const struct routes *routes, const char *name)
{
    for (size_t i = 0; i < routes->count; i++)
        if (routes->items[i].bare && strcmp(routes->items[i].name, name) == 0)
            return true;
    return false;
}

static bool
routes_add(struct routes *routes, const struct pool_config *pool, size_t index,
           unsigned method_index)
{
    const char *method = pool->methods[method_index];
    struct route bare = {
        .method = method, .pool = index, .index = method_index, .bare = true, .primary = true};
    struct route qualified = {.method = method,
                              .pool = index,
                              .index = method_index,
                              .primary = is_taken(routes, method)};

    if (asprintf(&qualified.name, "%s.%s", pool->name, method) < 0)
        return false;
    routes->items[routes->count++] = qualified;
    if (qualified.primary)
        return true;
    bare.name = strdup(method);
    if (bare.name == NULL)
        return false;
    routes->items[routes->count++] = bare;
    return true;
}

struct routes *
routes_new(const struct config *config)
{
    struct routes *routes = calloc(1, sizeof(*routes));

    if (routes == NULL)
        return NULL;
    routes->items = calloc(2 * count_methods(config) + 1, sizeof(*routes->items));
    if (routes->items == NULL)
        goto fail;
    for (size_t i = 0; i < config->pool_count; i++)
        for (unsigned j = 0; config->pools[i].methods[j] != NULL; j++)
            if (!routes_add(routes, &config->pools[i], i, j))
                goto fail;
    qsort(routes->items, routes->count, sizeof(*routes->items), compare_routes);
    return routes;
fail:
    routes_free(routes);
    return NULL;
}

void
routes_free(struct routes *routes)
{
    if (routes == NULL)
        return;
    for (size_t i = 0; i < routes->count; i++)
        free(routes->items[i].name);
    free(routes->items);
    free(routes);
}

const struct route *
routes_find(struct routes *routes, struct span name)
{
    const struct route *route;

    if (routes->last != NULL && span_equal(name, routes->last_name))
        return routes->last;
    route = bsearch(&name, routes->items, routes->count, sizeof(*routes->items), compare_key);
    if (route != NULL) {
        routes->last = route;
        routes->last_name = span_of(route->name);
    }
    return route;
}

const struct route *
routes_all(const struct routes *routes, size_t *ret_count)
{
    *ret_count = routes->count;
    return routes->items;
}
