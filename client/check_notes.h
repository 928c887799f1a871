// What was seen of a worker beside the answers that a case waits for. Plain data.
#ifndef OFFLOAD_CLIENT_CHECK_NOTES_H
#define OFFLOAD_CLIENT_CHECK_NOTES_H

#include "client/check_line.h"

struct check_notes {  // a sentence each, empty as long as there is none; all zero: nothing was seen
    char junk[1024];  // the first line that is none of the protocol
    char stray[1024]; // the first answer that nobody waited for
    char ready[256];  // what is wrong with worker.ready
    bool ready_seen;
    bool cancels;   // it said in worker.ready that it can be asked to cancel
    bool no_method; // it does not know the method that it was asked for
    // Of the process that runs:
    bool ready_sent;
    bool answered; // once at least
};

// A new process was started.
void check_notes_restart(struct check_notes *notes);

// A line that is none of the protocol.
void check_notes_junk(struct check_notes *notes, struct span line, const struct check_line *judged);
// The beginning of a line that is longer than may be.
void check_notes_long_line(struct check_notes *notes, struct span beginning);

// An answer to an id that waits for none.
void check_notes_stray(struct check_notes *notes, struct span id);
// A worker.return with this id, which the worker does not have, or (absent) with none that can be
// read.
void check_notes_stray_return(struct check_notes *notes, struct span id);

void check_notes_ready(struct check_notes *notes, const struct check_line *judged);

#endif
