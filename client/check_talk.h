// A conversation with the worker that is being checked: requests out, answers in. It starts the
// worker when there is none, judges every line that comes, and keeps what is wrong beside the
// answers that a case waits for. Functions with a verdict return false when it is decided: WRONG.
#ifndef OFFLOAD_CLIENT_CHECK_TALK_H
#define OFFLOAD_CLIENT_CHECK_TALK_H

#include "client/check_line.h"
#include "client/check_notes.h"
#include "client/check_plan.h"
#include "client/check_process.h"
#include "client/check_verdict.h"

#include <stdint.h>

// Requests of one method, with ids from `first` on.
struct check_asked {
    uint64_t first;
    unsigned count; // at most CHECK_PLAN_IN_FLIGHT_MAX
    struct span method;
    struct span params; // may be absent
};

struct check_talk {
    const struct check_plan *plan;
    struct check_process *process; // NULL: none runs
    struct messages messages;
    struct check_notes notes;
    uint64_t next_id;  // all below were used
    uint64_t large_id; // used as well; 0: none
    bool answers;      // it was seen to
    bool progressed;   // there was progress during the last wait
    // The last answer that check_talk_await got; good until the next.
    struct check_line answer;
};

void check_talk_init(struct check_talk *talk, const struct check_plan *plan);
void check_talk_done(struct check_talk *talk);

// Starts the worker if none runs.
bool check_talk_open(struct check_talk *talk, struct check_verdict *verdict);
// Kills it if one runs.
void check_talk_close(struct check_talk *talk);

// From now.
int64_t check_talk_deadline(const struct check_talk *talk);

// The text of a request with its newline (malloc, caller frees; NULL when out of memory). `params`
// may be absent. check_talk_notification is the same without an id.
char *check_talk_request(uint64_t id, struct span method, struct span params, size_t *ret_length);
char *check_talk_notification(struct span method, struct span params, size_t *ret_length);

bool check_talk_write(struct check_talk *talk, struct span text, struct check_verdict *verdict);

// Waits until each request was answered once. What the worker gives back is asked again, as the
// daemon does.
bool check_talk_await(struct check_talk *talk, const struct check_asked *asked,
                      struct check_verdict *verdict);

// Reads until its stdout ends or the deadline; whatever comes is a finding.
void check_talk_drain(struct check_talk *talk, int64_t deadline_us);

// Adds how it ended, if it has, and what it said on stderr.
void check_talk_add_circumstances(struct check_talk *talk, struct check_verdict *verdict);

#endif
