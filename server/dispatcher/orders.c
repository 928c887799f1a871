// What whoever looks after the daemon says to a pool, by its name. A name may stand for more than
// one pool while the configuration changes: the one that is served, the one that will be, and those
// that are to end. An order is for all of them, so that what was paused stays so whatever becomes
// of the configuration. See dispatcher.h.
#include "common/scanner.h"
#include "dispatcher/dispatcher_internal.h"

static const char *
name_of(const struct member *member)
{
    struct pool_report report;

    pool_report(member->pool, &report);
    return report.config->name;
}

static bool
has_name(const struct member *member, const char *name)
{
    return !member->stopped && strcmp(name_of(member), name) == 0;
}

const struct pool *
dispatcher_pool_named(const struct dispatcher *dispatcher, struct span raw_name)
{
    const struct member *member;

    TAILQ_FOREACH (member, &dispatcher->members, link)
        if (!member->stopped && scanner_name_is(raw_name, name_of(member)))
            return member->pool;
    return NULL;
}

bool
dispatcher_is_paused(const struct dispatcher *dispatcher, const char *name)
{
    const struct member *member;

    TAILQ_FOREACH (member, &dispatcher->members, link)
        if (has_name(member, name) && pool_is_paused(member->pool))
            return true;
    return false;
}

void
dispatcher_pause(struct dispatcher *dispatcher, const char *name, bool paused)
{
    const struct member *member;

    TAILQ_FOREACH (member, &dispatcher->members, link)
        if (has_name(member, name))
            (paused ? pool_pause : pool_resume)(member->pool);
}

bool
dispatcher_kill_worker(struct dispatcher *dispatcher, const char *name, unsigned slot, pid_t pid)
{
    const struct member *member;

    TAILQ_FOREACH (member, &dispatcher->members, link)
        if (has_name(member, name) && pool_kill_worker(member->pool, slot, pid))
            return true;
    return false;
}
