// One priority level of a queue: callers take turns by the run time that their jobs are expected to
// need, each by its weight; the sessions of a caller take turns likewise below it; in a session it
// is first come, first served. Plain data. It knows no other levels and no clock.
//
//     level ---> share of caller 1 ---> line of session 1 ---> job, job, job
//           |                     '---> line of session 2 ---> job
//           '--> share of caller 2 ---> line of session 7 ---> job, job
//
// So a caller gets no more by opening sessions, nor a session by sending more. Shares and lines are
// there only while jobs are in them; some that are not needed any more are kept for the next, since
// a queue that is empty after almost every job is the usual one. When there is no memory for one,
// the job goes into a line that is always there, common to all such jobs: it takes turns like any
// other.
#ifndef OFFLOAD_MODEL_LEVEL_H
#define OFFLOAD_MODEL_LEVEL_H

#include "model/job.h"
#include "model/turns.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

// How many lines, and how many shares, are kept for the next.
#define LEVEL_KEPT_MAX 64

// What a job is taken to cost at least, for handing it over costs something too, and at most, so
// that nobody has to wait for ever for a job that is expected to be long, nor gains by waiting for
// it (see turns.h).
#define LEVEL_COST_MIN_US INT64_C(100)
#define LEVEL_COST_MAX_US INT64_C(600000000)

// The jobs of a session.
struct line {
    struct taker turn;      // first: a line is found by it
    SLIST_ENTRY(line) link; // among those kept
    struct share *share;
    struct job_list jobs;
    int64_t work_us;
};
SLIST_HEAD(line_list, line);

// The sessions of a caller.
struct share {
    struct taker turn;       // first: a share is found by it
    SLIST_ENTRY(share) link; // among those kept
    struct turns sessions;
    unsigned weight;
    int64_t work_us; // expected run time of its jobs, as below
};
SLIST_HEAD(share_list, share);

struct level {
    struct turns callers;
    size_t count;    // jobs
    uint64_t weight; // of all shares
    int64_t work_us; // expected run time of all jobs
    struct share spare_share;
    struct line spare_line;
    struct line_list kept_lines;
    struct share_list kept_shares;
    unsigned kept_line_count;
    unsigned kept_share_count;
};

void level_init(struct level *level, uint64_t seed);
void level_done(struct level *level); // must be empty

// Adds the job to its session's line; with `front` before all others there, and at no charge if it
// has been taken before.
void level_add(struct level *level, struct job *job, bool front);

// Takes this job out, wherever it stands.
void level_remove(struct level *level, struct job *job);

// The job whose turn it is; NULL if there is none.
struct job *level_next(const struct level *level);

// Takes that one out, and charges it to its session and its caller.
struct job *level_take(struct level *level);

// The caller has had this job elsewhere: its next turn here is so much later.
void level_add_debt(struct level *level, const struct job *job);

// How much work is taken before a job that is like this one in caller, weight, session and cost,
// and comes now, if nobody else comes: an upper estimate.
int64_t level_work_before(const struct level *level, const struct job *job);

// What the job is taken to cost.
int64_t level_cost_us(const struct job *job);

#endif
