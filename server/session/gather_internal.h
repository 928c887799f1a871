// What gathers.c (the life of gathers) and gather_start.c (how a call begins) share. For nobody
// else.
#ifndef OFFLOAD_SESSION_GATHER_INTERNAL_H
#define OFFLOAD_SESSION_GATHER_INTERNAL_H

#include "model/job.h"
#include "session/gather_plan.h"
#include "session/gather_tally.h"
#include "session/gathers.h"
#include "session/session_internal.h"

enum gather_state {
    GATHER_WAITING, // for calls that are under way
    GATHER_READY,   // could begin a call
    GATHER_DECIDED, // its answer is due
    GATHER_DEAD,    // answered or not wanted any more; to be freed
};

// A job that is a call of a gather.
struct leaf {
    TAILQ_ENTRY(leaf) link;
    struct gather *gather;
    size_t index;
    struct job *job;
    struct span token; // of its progress; raw JSON in the gather's text
};
TAILQ_HEAD(leaf_list, leaf);

struct gather {
    TAILQ_ENTRY(gather) link;    // in the list of its state
    TAILQ_ENTRY(gather) sibling; // in its parent's children, or the session's roots
    struct gathers *gathers;
    struct gather *parent; // NULL: a root
    size_t index;          // in its parent
    struct call *call;     // of a root
    unsigned depth;        // a root has 1
    enum gather_state state;
    struct job *job;          // stands for it in the dispatcher
    struct shared_text *text; // where the plan and all its calls' params lie
    struct gather_plan plan;
    struct gather_tally tally;
    bool progress;     // somebody wants to hear of each outcome
    struct span token; // of its progress; raw JSON in the text or the call
    struct gather_list children;
    struct leaf_list leaves;
    size_t held; // bytes that it has in the session's account
};

// gathers.c

// What came of a call. NULL in place of the body: there was no memory for it.
void gather_put(struct gather *gather, size_t index, bool failed, struct span body);
// The same with an error of the daemon's own; frees it.
void gather_put_error(struct gather *gather, size_t index, char *error, size_t length);
// True if anybody is there to hear the progress of its calls.
bool gather_is_heard(const struct gather *gather);

// Where the answer of a gather goes.
struct gather_origin {
    struct gather *parent; // NULL: a root, whose answer goes `to`
    size_t index;          // in the parent
    const struct address_of_answer *to;
};

// Makes a gather of a message that calls for one, and hands its job to the dispatcher, which may
// refuse it at once. The params of a root are copied, those of others lie in the text of their
// parent. False if nothing was made; *ret_error is then an error object (malloc; NULL when out of
// memory).
bool gather_open(struct gathers *gathers, const struct gather_origin *origin,
                 const struct message *message, const struct job_options *options, char **ret_error,
                 size_t *ret_length);

// gather_start.c

// Begins the next call.
void gather_start_next(struct gather *gather);

#endif
