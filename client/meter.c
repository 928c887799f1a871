// See meter.h.
#include "client/meter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SAMPLE_US   1000000
#define MINUTE_US   60000000
#define BAR_LEAST   5
#define BAR_MOST    40
#define TIME_MOST_S (100 * 3600.0)
#define RED         "\033[31m"
#define PLAIN       "\033[0m"

static uint64_t
ended_of(const struct meter_counts *counts)
{
    return counts->succeeded + counts->failed;
}

static void
add_sample(struct meter *meter, int64_t now_us, uint64_t ended)
{
    meter->samples[meter->next] = (struct meter_sample){now_us, ended};
    meter->next = (meter->next + 1) % METER_SAMPLES;
    if (meter->count < METER_SAMPLES)
        meter->count++;
}

// The one that so many came after.
static const struct meter_sample *
sample_before(const struct meter *meter, unsigned back)
{
    return &meter->samples[(meter->next + 2 * METER_SAMPLES - 1 - back) % METER_SAMPLES];
}

void
meter_start(struct meter *meter, int64_t now_us)
{
    *meter = (struct meter){.started_us = now_us};
    add_sample(meter, now_us, 0);
}

void
meter_note(struct meter *meter, int64_t now_us, const struct meter_counts *counts)
{
    if (now_us - sample_before(meter, 0)->at_us >= SAMPLE_US)
        add_sample(meter, now_us, ended_of(counts));
}

// The oldest sample of the last minute; the newest if all are older.
static const struct meter_sample *
minute_ago(const struct meter *meter, int64_t now_us)
{
    unsigned back = 0;

    while (back + 1 < meter->count &&
           now_us - sample_before(meter, back + 1)->at_us <= MINUTE_US + SAMPLE_US)
        back++;
    return sample_before(meter, back);
}

double
meter_rate(const struct meter *meter, int64_t now_us, const struct meter_counts *counts)
{
    const struct meter_sample *from = minute_ago(meter, now_us);

    if (now_us <= from->at_us || ended_of(counts) <= from->ended)
        return 0;
    return (double)(ended_of(counts) - from->ended) * 1e6 / (double)(now_us - from->at_us);
}

double
meter_left(const struct meter *meter, int64_t now_us, const struct meter_counts *counts)
{
    double rate = meter_rate(meter, now_us, counts);

    if (counts->total == 0 || rate <= 0 || counts->total < ended_of(counts))
        return -1;
    return (double)(counts->total - ended_of(counts)) / rate;
}

// ---- for people ------------------------------------------------------------------------------

static void
format_time(double seconds, char into[32])
{
    uint64_t whole;

    if (seconds < 0 || seconds >= TIME_MOST_S) {
        snprintf(into, 32, "-:--");
        return;
    }
    whole = (uint64_t)(seconds + 0.5);
    if (whole >= 3600)
        snprintf(into, 32, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, whole / 3600, whole / 60 % 60,
                 whole % 60);
    else
        snprintf(into, 32, "%" PRIu64 ":%02" PRIu64, whole / 60, whole % 60);
}

static void
format_rate(double rate, char into[32])
{
    snprintf(into, 32, rate >= 100 ? "%.0f/s" : rate >= 1 ? "%.1f/s" : "%.2f/s", rate);
}

// The parts of the line, the most important first.
enum part {
    PART_DONE,
    PART_FAILED,
    PART_TIME,
    PART_RUNNING,
    PART_RATE,
    PART_COUNT,
};

static void
format_parts(const struct meter *meter, int64_t now_us, const struct meter_counts *counts,
             char parts[PART_COUNT][64])
{
    char text[32];

    if (counts->total > 0)
        snprintf(parts[PART_DONE], 64, "%" PRIu64 "/%" PRIu64 " done", ended_of(counts),
                 counts->total);
    else
        snprintf(parts[PART_DONE], 64, "%" PRIu64 " done", ended_of(counts));
    snprintf(parts[PART_FAILED], 64, "%" PRIu64 " failed", counts->failed);
    snprintf(parts[PART_RUNNING], 64, "%" PRIu64 " running", counts->running);
    format_rate(meter_rate(meter, now_us, counts), text);
    snprintf(parts[PART_RATE], 64, "%s", text);
    if (counts->total > 0)
        format_time(meter_left(meter, now_us, counts), text);
    else
        format_time((double)(now_us - meter->started_us) / 1e6, text);
    snprintf(parts[PART_TIME], 64, "%s%s", text, counts->total > 0 ? " left" : "");
}

// How many of the parts fit, and into how many columns.
static unsigned
count_parts(char parts[PART_COUNT][64], unsigned columns, size_t *ret_used)
{
    unsigned count = 1;

    *ret_used = strlen(parts[PART_DONE]);
    while (count < PART_COUNT && *ret_used + 2 + strlen(parts[count]) <= columns)
        *ret_used += 2 + strlen(parts[count++]);
    return count;
}

static void
add_bar(const struct meter_counts *counts, size_t room, char into[METER_TEXT_MAX])
{
    size_t size = room < BAR_MOST ? room : BAR_MOST;
    size_t full = counts->total > ended_of(counts) ? size * ended_of(counts) / counts->total : size;
    size_t length = 0;

    into[length++] = '[';
    for (size_t i = 0; i < size; i++)
        into[length++] = i < full ? '#' : '.';
    into[length++] = ']';
    into[length++] = ' ';
    into[length] = '\0';
}

static void
add_part(const char *part, bool red, bool first, char into[METER_TEXT_MAX])
{
    size_t length = strlen(into);

    snprintf(into + length, METER_TEXT_MAX - length, "%s%s%s%s", first ? "" : ", ", red ? RED : "",
             part, red ? PLAIN : "");
}

void
meter_bar(const struct meter *meter, int64_t now_us, const struct meter_counts *counts,
          unsigned columns, bool colour, char into[METER_TEXT_MAX])
{
    static const enum part order[] = {PART_DONE, PART_FAILED, PART_RUNNING, PART_RATE, PART_TIME};
    char parts[PART_COUNT][64];
    size_t used;
    unsigned fit;
    bool first = true;

    into[0] = '\0';
    format_parts(meter, now_us, counts, parts);
    fit = count_parts(parts, columns, &used);
    if (used > columns) { // not even the first
        snprintf(into, METER_TEXT_MAX, "%.*s", (int)columns, parts[PART_DONE]);
        return;
    }
    if (counts->total > 0 && fit == PART_COUNT && columns - used >= BAR_LEAST + 3)
        add_bar(counts, columns - used - 3, into);
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (order[i] >= fit)
            continue;
        add_part(parts[order[i]], colour && order[i] == PART_FAILED && counts->failed > 0, first,
                 into);
        first = false;
    }
}

// ---- for programs ----------------------------------------------------------------------------

void
meter_json(const struct meter *meter, int64_t now_us, const struct meter_counts *counts,
           char into[METER_TEXT_MAX])
{
    double left = meter_left(meter, now_us, counts);
    char total[32] = "null", remaining[32] = "null";

    if (counts->total > 0)
        snprintf(total, sizeof(total), "%" PRIu64, counts->total);
    if (left >= 0)
        snprintf(remaining, sizeof(remaining), "%.1f", left);
    snprintf(into, METER_TEXT_MAX,
             "{\"done\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"running\":%" PRIu64
             ",\"total\":%s,\"rate\":%.2f,\"elapsed\":%.1f,\"remaining\":%s}",
             ended_of(counts), counts->failed, counts->running, total,
             meter_rate(meter, now_us, counts), (double)(now_us - meter->started_us) / 1e6,
             remaining);
}
