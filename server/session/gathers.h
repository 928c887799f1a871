// The gathers of one session: trees whose nodes are the calls of job.gather and job.map and whose
// leaves are jobs. It begins calls, takes in what comes of them, and gives each gather its one
// answer; which call is next and what decides a gather is in gather_tally.h.
//
//     request --> [call of the session]          a gather within a gather has its parent in place
//                     | a held job, so that it    of the session's call, and is otherwise the same
//                  gather cancels, times out
//                  /  |  \  and counts like any
//               leaf leaf gather                  leaf: a job of the dispatcher, or a method of the
//                         |  \                    daemon, which is over as soon as it has begun
//                       leaf leaf
//
// Outcomes are only noted where they come in. What follows from them (answers, cancelled siblings,
// the next calls) is done by one task in the next turn of the loop: so nothing is freed while it is
// calling, nothing recurs but the ending of a tree, which is as deep as gather-depth-max, and no
// turn begins more than GATHERS_STARTS_PER_TURN calls.
//
// As many jobs of a session's gathers are under way as in-flight-max allows, and gathers that could
// begin one take turns. The others wait here, where they cost next to nothing, and not in the
// queue, where they would keep other clients' jobs waiting.
#ifndef OFFLOAD_SESSION_GATHERS_H
#define OFFLOAD_SESSION_GATHERS_H

#include "common/message.h"
#include "model/job_options.h"
#include "transport/turn.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#define GATHERS_STARTS_PER_TURN 64

struct address_of_answer;
struct gather;
struct session;

TAILQ_HEAD(gather_list, gather);

struct gathers {
    struct session *session;
    struct turn_task work;
    struct gather_list roots;
    struct gather_list ready;   // that may begin a call, in turns
    struct gather_list decided; // whose answer is due
    struct gather_list dead;    // to be freed
    size_t under_way;           // jobs
};

void gathers_init(struct gathers *gathers, struct session *session);

// Takes a request of job.gather or job.map. Its answer comes where it is said.
void gathers_take(struct session *session, const struct message *message,
                  const struct address_of_answer *to, const struct job_options *options);

// The session is closed: stops everything, but for the roots' own jobs, which its calls have.
void gathers_close(struct gathers *gathers);

// After gathers_close, when nothing is calling any more: frees what is left.
void gathers_done(struct gathers *gathers);

#endif
