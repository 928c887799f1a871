// Who has sessions: jobs of one caller, through however many sessions, take turns with those of the
// others (see level.h). Plain data; it knows no sessions but their number.
//
// A caller is there as long as it has a session. Nothing need be remembered of one that has none,
// for its jobs ended with the sessions.
#ifndef OFFLOAD_SESSION_CALLERS_H
#define OFFLOAD_SESSION_CALLERS_H

#include "model/config.h"
#include "transport/identity.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct caller {
    TAILQ_ENTRY(caller) link;
    struct identity who;
    uint64_t key;    // no other ever has it
    unsigned weight; // as configured
    size_t sessions; // never 0
};
TAILQ_HEAD(caller_list, caller);

struct callers {
    struct caller_list all; // in the order in which they came
    size_t count;
    uint64_t last_key;
};

void callers_init(struct callers *callers);

// A session begins: its caller. NULL when out of memory. Looks at all callers; there are no more
// than sessions, and mostly a handful.
struct caller *
callers_enter(struct callers *callers, const struct config *config, const struct identity *who);

// A session ends.
void callers_leave(struct callers *callers, struct caller *caller);

#endif
