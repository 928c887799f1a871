// See histogram.h.
#include "model/histogram.h"

#include <stddef.h>

#define STEP_BITS 3

_Static_assert(HISTOGRAM_STEPS == 1 << STEP_BITS, "buckets are found by shifting");

// The three bits behind the highest one say which of the eight; what has no more than three bits
// is its own bucket.
static size_t
bucket_of(int64_t length_us)
{
    uint64_t length = length_us > 0 ? (uint64_t)length_us : 0;
    unsigned shift =
        length < HISTOGRAM_STEPS ? 0 : 63 - STEP_BITS - (unsigned)__builtin_clzll(length);
    size_t bucket = shift * HISTOGRAM_STEPS + (size_t)(length >> shift);

    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

// What its lengths are below.
static int64_t
bound_of(size_t bucket)
{
    size_t shift = bucket < HISTOGRAM_STEPS ? 0 : bucket / HISTOGRAM_STEPS - 1;

    return (int64_t)(bucket - shift * HISTOGRAM_STEPS + 1) << shift;
}

// What a piece held of a minute ago is gone.
static struct histogram_piece *
begin_piece(struct histogram *histogram, int64_t now_us)
{
    int64_t number = now_us / HISTOGRAM_PIECE_US;
    int64_t begin_us = number * HISTOGRAM_PIECE_US;
    struct histogram_piece *piece;

    histogram->present = (unsigned)(number % HISTOGRAM_PIECES);
    piece = &histogram->pieces[histogram->present];
    if (piece->begin_us != begin_us)
        *piece = (struct histogram_piece){.begin_us = begin_us};
    return piece;
}

// The piece of the present: mostly the one of the last time.
static struct histogram_counts *
present(struct histogram *histogram, int64_t now_us)
{
    struct histogram_piece *piece = &histogram->pieces[histogram->present];

    if ((uint64_t)(now_us - piece->begin_us) >= HISTOGRAM_PIECE_US)
        piece = begin_piece(histogram, now_us);
    return &piece->counts;
}

static void
note_max(struct histogram_counts *counts, int64_t length_us)
{
    if (length_us > counts->max_us)
        counts->max_us = length_us;
}

void
histogram_note(struct histogram *histogram, int64_t now_us, int64_t length_us)
{
    struct histogram_counts *counts = present(histogram, now_us);
    size_t bucket = bucket_of(length_us);

    histogram->ever.buckets[bucket]++;
    counts->buckets[bucket]++;
    note_max(&histogram->ever, length_us);
    note_max(counts, length_us);
}

void
histogram_note_long(struct histogram *histogram, int64_t now_us, int64_t length_us)
{
    note_max(&histogram->ever, length_us);
    note_max(present(histogram, now_us), length_us);
}

// The length that all but a share of 1/`rest` did not go over.
static int64_t
percentile(const struct histogram_counts *counts, uint64_t count, uint64_t rest)
{
    uint64_t left = count / rest; // may be longer
    uint64_t above = 0;
    size_t bucket = HISTOGRAM_BUCKETS;
    int64_t bound;

    while (bucket > 1 && above + counts->buckets[bucket - 1] <= left)
        above += counts->buckets[--bucket];
    bound = bound_of(bucket - 1);
    return bucket < HISTOGRAM_BUCKETS && bound < counts->max_us ? bound : counts->max_us;
}

static void
report(const struct histogram_counts *counts, struct histogram_report *ret)
{
    *ret = (struct histogram_report){.max_us = counts->max_us};
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        ret->count += counts->buckets[i];
    if (ret->count == 0)
        return;
    ret->p50_us = percentile(counts, ret->count, 2);
    ret->p90_us = percentile(counts, ret->count, 10);
    ret->p99_us = percentile(counts, ret->count, 100);
}

void
histogram_report_ever(const struct histogram *histogram, struct histogram_report *ret)
{
    report(&histogram->ever, ret);
}

void
histogram_report_minute(const struct histogram *histogram, int64_t now_us,
                        struct histogram_report *ret)
{
    int64_t oldest_us = (now_us / HISTOGRAM_PIECE_US - HISTOGRAM_PIECES + 1) * HISTOGRAM_PIECE_US;
    struct histogram_counts sum = {0};

    for (size_t i = 0; i < HISTOGRAM_PIECES; i++) {
        const struct histogram_counts *counts = &histogram->pieces[i].counts;

        if (histogram->pieces[i].begin_us < oldest_us)
            continue;
        for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++)
            sum.buckets[bucket] += counts->buckets[bucket];
        note_max(&sum, counts->max_us);
    }
    report(&sum, ret);
}
