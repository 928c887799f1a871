// How far a gather is: which of its calls have not begun, which are under way, what came of the
// others, and whether that decides it. Plain data; it starts and stops nothing.
//
//     waiting --start--> under way --put--> over          and the whole: open --> decided
#ifndef OFFLOAD_SESSION_GATHER_TALLY_H
#define OFFLOAD_SESSION_GATHER_TALLY_H

#include "common/span.h"
#include "session/gather_plan.h"

#include <stdbool.h>
#include <stddef.h>

struct gather_tally {
    enum gather_mode mode;
    size_t count;
    size_t limit;
    size_t next; // the first that waits: they begin in order
    size_t under_way;
    size_t over;
    size_t size;                 // bytes of the places
    struct gather_place *places; // of modes that answer a list; else NULL
    bool decided;
    bool failed;   // the answer is an error
    char *verdict; // the answer if it is one outcome
    size_t verdict_length;
};

// 0 or -ENOMEM. Without any call it is decided at once.
int
gather_tally_init(struct gather_tally *tally, enum gather_mode mode, size_t count, size_t limit);
void gather_tally_done(struct gather_tally *tally);

// True if one more may begin now; then gather_tally_start says which.
bool gather_tally_may_start(const struct gather_tally *tally);
size_t gather_tally_start(struct gather_tally *tally);

// What came of one that was under way: the raw result or error, copied. 0 or -ENOMEM: then it is
// still under way.
int gather_tally_put(struct gather_tally *tally, size_t index, bool failed, struct span body);

// Decides it by an error of another kind. The text (malloc; NULL: there was no memory for it) is
// taken.
void gather_tally_fail(struct gather_tally *tally, char *error, size_t length);

// Bytes that it holds.
size_t gather_tally_size(const struct gather_tally *tally);

// Once it is decided: the raw result or error (malloc, the caller frees; NULL when out of memory).
// The outcomes are given up for it.
char *gather_tally_answer(struct gather_tally *tally, bool *ret_failed, size_t *ret_length);

#endif
