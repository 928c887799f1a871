// When a flow of jobs is to stop early, as --halt of parallel(1): never, or WHEN,WHY=N or
// WHEN,WHY=N%, where WHEN is now (what runs is cancelled) or soon (it may finish), and WHY is fail,
// success or done. Plain data.
#ifndef OFFLOAD_CLIENT_HALT_H
#define OFFLOAD_CLIENT_HALT_H

#include <stdbool.h>
#include <stdint.h>

enum halt_when {
    HALT_NEVER,
    HALT_SOON,
    HALT_NOW,
};

enum halt_why {
    HALT_FAIL,
    HALT_SUCCESS,
    HALT_DONE,
};

// While nobody knows how many jobs there will be, a share is one of those that have ended, and of
// so many at least.
#define HALT_SHARE_LEAST 10

struct halt { // all zero: never
    enum halt_when when;
    enum halt_why why;
    unsigned count;
    bool percent;
};

struct halt_tally {
    uint64_t succeeded;
    uint64_t failed;
    uint64_t total; // 0: not known yet
};

// False if it is none; *ret is then untouched.
bool halt_parse(const char *text, struct halt *ret);

// Is it time?
enum halt_when halt_check(const struct halt *halt, const struct halt_tally *tally);

#endif
