// How many workers a pool has, and when one has served its time: grows while jobs wait, shrinks
// after idle-timeout, and replaces workers by max-jobs, max-age and memory-max with a warm swap:
// the successor is ready before the old one retires, one at a time, with some jitter.
#ifndef OFFLOAD_POOL_SUPERVISION_H
#define OFFLOAD_POOL_SUPERVISION_H

#include <stdbool.h>

struct event;
struct event_base;
struct place;
struct pool;

struct supervision {
    struct event *tick; // NULL: nothing in the configuration needs it
};

bool supervision_init(struct supervision *supervision, struct pool *pool, struct event_base *base);
void supervision_done(struct supervision *supervision);

// Jobs may wait: wakes one place more if none is on its way up already.
void supervision_grow(struct pool *pool);

// Nothing waits any more in a pool that is being wound down: its workers may go.
void supervision_rest(struct pool *pool);

// A worker began to serve in this place: fixes how long it may.
void supervision_begin(struct place *place);

// Its worker has answered a job: it may be due.
void supervision_answered(struct place *place);

#endif
