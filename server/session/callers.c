// See callers.h.
#include "session/callers.h"

#include "model/job.h"

#include <stdlib.h>

void
callers_init(struct callers *callers)
{
    *callers = (struct callers){.count = 0};
    TAILQ_INIT(&callers->all);
}

static struct caller *
callers_find(const struct callers *callers, const struct identity *who)
{
    struct caller *caller;

    TAILQ_FOREACH (caller, &callers->all, link)
        if (identity_equals(&caller->who, who))
            return caller;
    return NULL;
}

static struct caller *
callers_add(struct callers *callers, const struct config *config, const struct identity *who)
{
    struct caller *caller = malloc(sizeof(*caller));

    if (caller == NULL)
        return NULL;
    *caller = (struct caller){
        .who = *who,
        .key = ++callers->last_key,
        .weight = who->kind == IDENTITY_UID ? config_weight(config, who->uid) : JOB_WEIGHT_DEFAULT,
    };
    TAILQ_INSERT_TAIL(&callers->all, caller, link);
    callers->count++;
    return caller;
}

struct caller *
callers_enter(struct callers *callers, const struct config *config, const struct identity *who)
{
    struct caller *caller = callers_find(callers, who);

    if (caller == NULL)
        caller = callers_add(callers, config, who);
    if (caller != NULL)
        caller->sessions++;
    return caller;
}

void
callers_leave(struct callers *callers, struct caller *caller)
{
    if (--caller->sessions > 0)
        return;
    TAILQ_REMOVE(&callers->all, caller, link);
    callers->count--;
    free(caller);
}
