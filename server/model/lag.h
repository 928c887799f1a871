// How long the turns of a loop took: for so long everybody else had to wait. Plain data; whoever
// measures says when and how long.
//
// Lengths are counted in fixed buckets, powers of two of a microsecond, once for ever and once for
// the last minute, which is made of six pieces. A note costs some nanoseconds, and a report is as
// exact as its bucket; only the longest turn is kept as it is.
#ifndef OFFLOAD_MODEL_LAG_H
#define OFFLOAD_MODEL_LAG_H

#include <stdint.h>

#define LAG_BUCKETS  32 // the last one takes all above half an hour
#define LAG_PIECES   6
#define LAG_PIECE_US 10000000

struct lag_counts {
    uint64_t buckets[LAG_BUCKETS]; // [0]: below 1 us; [i]: below 2^i us
    int64_t max_us;
};

struct lag_piece {
    int64_t number; // which piece of time it is
    struct lag_counts counts;
};

// All zero to begin with.
struct lag {
    struct lag_counts ever;
    struct lag_piece pieces[LAG_PIECES];
};

struct lag_report {
    uint64_t count;
    int64_t p50_us; // no more than half of them took longer; a power of two, or the longest
    int64_t p99_us;
    int64_t max_us;
};

// A turn that ended at now_us and took length_us.
void lag_note(struct lag *lag, int64_t now_us, int64_t length_us);

// One that was not measured exactly: it counts only if it is the longest.
void lag_note_long(struct lag *lag, int64_t now_us, int64_t length_us);

void lag_report_ever(const struct lag *lag, struct lag_report *ret);
void lag_report_minute(const struct lag *lag, int64_t now_us, struct lag_report *ret);

#endif
