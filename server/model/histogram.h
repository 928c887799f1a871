// Lengths of time, counted: how long the turns of the loop took, how long jobs were under way.
// Plain data; whoever measures says when and how long.
//
// Lengths are counted in fixed buckets, eight to a power of two of a microsecond, once for ever and
// once for the last minute, which is made of six pieces. A note costs some nanoseconds, and a
// report is as exact as its bucket, to an eighth; only the longest is kept as it is.
#ifndef OFFLOAD_MODEL_HISTOGRAM_H
#define OFFLOAD_MODEL_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEPS    8                      // buckets to a power of two
#define HISTOGRAM_BUCKETS  (34 * HISTOGRAM_STEPS) // the last one takes all above 17 hours
#define HISTOGRAM_PIECES   6
#define HISTOGRAM_PIECE_US 10000000

struct histogram_counts {
    uint64_t buckets[HISTOGRAM_BUCKETS];
    int64_t max_us;
};

struct histogram_piece {
    int64_t begin_us; // of the time that it stands for; a multiple of HISTOGRAM_PIECE_US
    struct histogram_counts counts;
};

// All zero to begin with.
struct histogram {
    struct histogram_counts ever;
    struct histogram_piece pieces[HISTOGRAM_PIECES];
    unsigned present; // the piece that was noted in last
};

struct histogram_report {
    uint64_t count;
    // No more than half of them took longer, or a tenth, or a hundredth: the bound of a bucket, or
    // the longest.
    int64_t p50_us;
    int64_t p90_us;
    int64_t p99_us;
    int64_t max_us;
};

// Something that ended at now_us and took length_us.
void histogram_note(struct histogram *histogram, int64_t now_us, int64_t length_us);

// One that was not measured exactly: it counts only if it is the longest.
void histogram_note_long(struct histogram *histogram, int64_t now_us, int64_t length_us);

void histogram_report_ever(const struct histogram *histogram, struct histogram_report *ret);
void histogram_report_minute(const struct histogram *histogram, int64_t now_us,
                             struct histogram_report *ret);

#endif
