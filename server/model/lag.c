// See lag.h.
#include "model/lag.h"

#include <stddef.h>

static size_t
bucket_of(int64_t length_us)
{
    size_t bucket = length_us <= 0 ? 0 : 64 - (size_t)__builtin_clzll((uint64_t)length_us);

    return bucket < LAG_BUCKETS ? bucket : LAG_BUCKETS - 1;
}

// The piece of the present; what it held of a minute ago is gone.
static struct lag_counts *
present(struct lag *lag, int64_t now_us)
{
    int64_t number = now_us / LAG_PIECE_US;
    struct lag_piece *piece = &lag->pieces[number % LAG_PIECES];

    if (piece->number != number)
        *piece = (struct lag_piece){.number = number};
    return &piece->counts;
}

static void
note_max(struct lag_counts *counts, int64_t length_us)
{
    if (length_us > counts->max_us)
        counts->max_us = length_us;
}

void
lag_note(struct lag *lag, int64_t now_us, int64_t length_us)
{
    struct lag_counts *counts = present(lag, now_us);
    size_t bucket = bucket_of(length_us);

    lag->ever.buckets[bucket]++;
    counts->buckets[bucket]++;
    note_max(&lag->ever, length_us);
    note_max(counts, length_us);
}

void
lag_note_long(struct lag *lag, int64_t now_us, int64_t length_us)
{
    note_max(&lag->ever, length_us);
    note_max(present(lag, now_us), length_us);
}

// The length that all but a share of 1/`rest` did not go over.
static int64_t
percentile(const struct lag_counts *counts, uint64_t count, uint64_t rest)
{
    uint64_t left = count / rest; // may be longer
    uint64_t above = 0;
    size_t bucket = LAG_BUCKETS;
    int64_t bound;

    while (bucket > 1 && above + counts->buckets[bucket - 1] <= left)
        above += counts->buckets[--bucket];
    bound = (int64_t)1 << (bucket - 1);
    return bound < counts->max_us ? bound : counts->max_us;
}

static void
report(const struct lag_counts *counts, struct lag_report *ret)
{
    *ret = (struct lag_report){.max_us = counts->max_us};
    for (size_t i = 0; i < LAG_BUCKETS; i++)
        ret->count += counts->buckets[i];
    if (ret->count == 0)
        return;
    ret->p50_us = percentile(counts, ret->count, 2);
    ret->p99_us = percentile(counts, ret->count, 100);
}

void
lag_report_ever(const struct lag *lag, struct lag_report *ret)
{
    report(&lag->ever, ret);
}

void
lag_report_minute(const struct lag *lag, int64_t now_us, struct lag_report *ret)
{
    int64_t oldest = now_us / LAG_PIECE_US - LAG_PIECES + 1;
    struct lag_counts sum = {0};

    for (size_t i = 0; i < LAG_PIECES; i++) {
        const struct lag_counts *counts = &lag->pieces[i].counts;

        if (lag->pieces[i].number < oldest)
            continue;
        for (size_t bucket = 0; bucket < LAG_BUCKETS; bucket++)
            sum.buckets[bucket] += counts->buckets[bucket];
        note_max(&sum, counts->max_us);
    }
    report(&sum, ret);
}
