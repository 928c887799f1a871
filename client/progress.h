// The progress of a flow of jobs on stderr: a bar if that is a terminal, or lines of JSON if they
// are wanted, or nothing. Whoever writes to the terminal hides the bar before. Knows meters and
// terminals, not jobs.
#ifndef OFFLOAD_CLIENT_PROGRESS_H
#define OFFLOAD_CLIENT_PROGRESS_H

#include "client/meter.h"

struct progress;

enum progress_kind {
    PROGRESS_NONE,
    PROGRESS_BAR,
    PROGRESS_LINES,
};

#define PROGRESS_TICK_US 200000

// What stderr is good for: a bar needs a terminal that can erase a line.
enum progress_kind progress_kind(bool lines_wanted, bool bar_unwanted);

// NULL when out of memory.
struct progress *progress_new(enum progress_kind kind);
void progress_free(struct progress *progress); // NULL is accepted

// To be called each PROGRESS_TICK_US. The bar comes only after a moment: what is done by then needs
// none.
void progress_tick(struct progress *progress, const struct meter_counts *counts);

// Brings back a bar that was hidden, but not too often.
void progress_show(struct progress *progress, const struct meter_counts *counts);

// Takes the bar away, if there is one: something is to be written to stderr, or to stdout.
void progress_hide_for_errors(struct progress *progress);
void progress_hide_for_output(struct progress *progress);

// The last line; the bar goes.
void progress_end(struct progress *progress, const struct meter_counts *counts);

#endif
