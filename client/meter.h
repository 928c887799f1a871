// How far a flow of jobs is, how fast it was in the last minute, and the words for it: a line for
// people that fits into a width, and one of JSON for programs. Plain data.
#ifndef OFFLOAD_CLIENT_METER_H
#define OFFLOAD_CLIENT_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define METER_SAMPLES 61 // of a minute, a second apart

struct meter_sample {
    int64_t at_us;
    uint64_t ended;
};

struct meter {
    int64_t started_us;
    struct meter_sample samples[METER_SAMPLES]; // a ring
    unsigned next;
    unsigned count;
};

struct meter_counts {
    uint64_t succeeded;
    uint64_t failed;
    uint64_t running;
    uint64_t total; // 0: nobody knows
};

void meter_start(struct meter *meter, int64_t now_us);

// Remembers how far it is; to be called several times a second, or more rarely.
void meter_note(struct meter *meter, int64_t now_us, const struct meter_counts *counts);

// Jobs a second in the last minute, or since the start if that was later.
double meter_rate(const struct meter *meter, int64_t now_us, const struct meter_counts *counts);

// Seconds that are left at that rate; negative: nobody knows.
double meter_left(const struct meter *meter, int64_t now_us, const struct meter_counts *counts);

// A text of at most `columns` characters, all ASCII. With colour, there are sequences beside them.
#define METER_TEXT_MAX 512
void meter_bar(const struct meter *meter, int64_t now_us, const struct meter_counts *counts,
               unsigned columns, bool colour, char into[METER_TEXT_MAX]);

// One line of JSON without its newline.
void meter_json(const struct meter *meter, int64_t now_us, const struct meter_counts *counts,
                char into[METER_TEXT_MAX]);

#endif
