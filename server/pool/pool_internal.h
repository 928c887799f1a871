// What the files of a pool share: pool.c (its jobs), feed.c (who gets the next one), crowding.c
// (and when not to wake anybody for it), places.c (its workers) and supervision.c (how many, and
// for how long). For nobody else.
#ifndef OFFLOAD_POOL_POOL_INTERNAL_H
#define OFFLOAD_POOL_POOL_INTERNAL_H

#include "common/message.h"
#include "model/queue.h"
#include "model/run_time.h"
#include "pool/attributes.h"
#include "pool/pool.h"
#include "pool/runner.h"
#include "pool/supervision.h"

struct event;

// What its worker could do with a job that comes now.
enum place_room {
    PLACE_AWAY,  // nothing: there is no worker, or it is on its way
    PLACE_ROOMY, // begin with it
    PLACE_BUSY,  // keep it in its pipe, perhaps
};

struct place {
    TAILQ_ENTRY(place) link; // in `roomy` or `busy`
    enum place_room room;
    struct pool *pool;
    unsigned index;
    struct worker *worker;
    struct worker *successor; // starting; takes the place when it is ready
    struct event *restart;
    bool dormant;           // above the minimum: no worker until jobs wait
    bool settled;           // its first worker has been ready, or has failed
    int64_t busy_us;        // when it last had a job
    unsigned jobs_allowed;  // by max-jobs, with this worker's share of jitter; 0: any number
    int64_t next_swap_us;   // no successor is tried before, as the last ones failed
    int64_t expires_us;     // by max-age, likewise; 0: never
    unsigned failures;      // in a row: workers that were of no use
    unsigned failed_starts; // in a row: workers that were never ready
};
TAILQ_HEAD(place_list, place);

struct pool {
    struct worker_settings worker_settings;
    const struct pool_config *config;
    const struct pool_callbacks *callbacks;
    void *context;
    struct messages messages;
    char *builtin_argv[13];
    char *methods_text; // of a plug-in
    char threads_text[16];
    char line_max_text[32];
    char depth_max_text[16];
    char subject[80];
    struct queue queue;
    struct job_list ahead; // in a worker's pipe, which has not begun with them
    size_t ahead_count;
    int64_t ahead_us; // how long they may run
    struct job_list running;
    size_t running_count;
    struct place_list roomy;
    struct place_list busy; // those that have been longest come first
    unsigned busy_count;
    unsigned cores;
    unsigned next_ahead;        // the place that is asked first to take a job ahead
    bool ahead_full;            // none could take one, and no worker has answered since
    struct worker_list workers; // all of them, those that are leaving too
    unsigned alive;             // workers that are not gone
    unsigned leaving;           // of those: without a place any more
    unsigned settled;           // places that are
    bool paused;
    struct turn_task feed_later;
    bool winding_down;
    bool stopping;
    bool stopped;
    struct supervision supervision;
    struct runner *runner; // POOL_COMMAND: its places have no workers; else NULL
    struct spawn_attributes attributes;
    uint64_t restarts;
    struct job_counts counts;
    struct run_time run_time;      // of all its jobs
    struct run_time *method_times; // by job->method_index
    char *start_error;
    size_t start_error_length;
    struct place places[];
};

// pool.c
void pool_finish(struct pool *pool, struct job *job, const struct outcome *outcome);
void pool_refuse(struct pool *pool, struct job *job, const char *error, size_t length);
void pool_clear_start_error(struct pool *pool);
void pool_handed_over(struct pool *pool, struct job *job); // it is in a worker's pipe
void pool_leave_ahead(struct pool *pool, struct job *job); // and has left it, one way or another
void pool_started(struct pool *pool, struct job *job);     // a worker has begun with it
void pool_returned(struct pool *pool, struct job *job);    // a worker will not begin with it

void pool_progress(struct pool *pool, struct job *job, struct span value);
void pool_command_started(struct pool *pool, struct job *job);
void pool_command_ended(struct pool *pool);
unsigned pool_first_workers(const struct pool *pool); // how many there always are
void pool_end_if_done(struct pool *pool);             // nothing is left: it has stopped

// feed.c
void pool_feed(struct pool *pool); // hands what waits to whoever has room
void pool_feed_cb(void *context);
void pool_enqueue(struct pool *pool, struct job *job, bool front); // or runs it at once

// crowding.c
// A busy place in whose worker's pipe the job does better than with an idle one; NULL if there is
// none.
struct place *crowding_place(struct pool *pool, int64_t cost_us, int64_t now_us);

// places.c
bool place_init(struct place *place, struct pool *pool, unsigned index, struct event_base *base);
void place_done(struct place *place);
void place_stop(struct place *place);
void place_set_room(struct place *place, enum place_room room);
void place_schedule(struct place *place); // starts its next worker when its delay is over
void place_let_go(struct place *place);   // its worker is on its way out because we want it
void place_wake(struct place *place);     // a dormant one gets a worker
bool place_succeed(struct place *place);  // starts a successor; false if that cannot be now
void place_rest(struct place *place);     // its worker ends, with its last job, and no other comes

#endif
