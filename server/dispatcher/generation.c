// See generation.h.
#include "dispatcher/generation.h"

#include <stdlib.h>

static const struct pool_config *
member_config(const struct member *member)
{
    struct pool_report report;

    pool_report(member->pool, &report);
    return report.config;
}

static struct member *
find_same(const struct member_list *members, const struct pool_config *pool)
{
    struct member *member;

    TAILQ_FOREACH (member, members, link)
        if (member->generations > 0 && config_same_pool(member_config(member), pool))
            return member;
    return NULL;
}

static struct member *
member_new(const struct config *config, const struct pool_config *pool, struct member_list *members,
           const struct generation_maker *maker)
{
    struct member *member = calloc(1, sizeof(*member));

    if (member == NULL)
        return NULL;
    member->pool = maker->make(maker->context, config, pool);
    if (member->pool == NULL) {
        free(member);
        return NULL;
    }
    member->config = config_hold(config);
    TAILQ_INSERT_TAIL(members, member, link);
    return member;
}

void
member_free(struct member *member, struct member_list *members)
{
    TAILQ_REMOVE(members, member, link);
    pool_free(member->pool);
    config_free(member->config);
    free(member);
}

struct generation *
generation_new(const struct config *config, struct member_list *members,
               const struct generation_maker *maker)
{
    struct generation *generation =
        calloc(1, sizeof(*generation) + config->pool_count * sizeof(struct member *));

    if (generation == NULL)
        return NULL;
    generation->config = config_hold(config);
    generation->routes = routes_new(config);
    if (generation->routes == NULL)
        goto fail;
    for (size_t i = 0; i < config->pool_count; i++) {
        struct member *member = find_same(members, &config->pools[i]);

        if (member == NULL)
            member = member_new(config, &config->pools[i], members, maker);
        if (member == NULL)
            goto fail;
        member->generations++;
        generation->members[i] = member;
    }
    return generation;
fail:
    generation_free(generation);
    return NULL;
}

void
generation_free(struct generation *generation)
{
    if (generation == NULL)
        return;
    for (size_t i = 0; i < generation->config->pool_count; i++)
        if (generation->members[i] != NULL)
            generation->members[i]->generations--;
    routes_free(generation->routes);
    config_free(generation->config);
    free(generation);
}

bool
generation_is_settled(const struct generation *generation)
{
    struct pool_report report;

    for (size_t i = 0; i < generation->config->pool_count; i++) {
        pool_report(generation->members[i]->pool, &report);
        if (report.workers_settled < report.workers_wanted)
            return false;
    }
    return true;
}

void
generation_sort(const struct generation *generation, struct member_list *members)
{
    for (size_t i = generation->config->pool_count; i > 0; i--) {
        TAILQ_REMOVE(members, generation->members[i - 1], link);
        TAILQ_INSERT_HEAD(members, generation->members[i - 1], link);
    }
}
