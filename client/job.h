// A job of a flow, from the input that it is made of to its outcome. Plain data.
#ifndef OFFLOAD_CLIENT_JOB_H
#define OFFLOAD_CLIENT_JOB_H

#include "common/span.h"

#include <stdbool.h>
#include <stdint.h>

// Texts are malloc, NUL-terminated, and NULL where there is none.
struct job_text {
    char *at;
    size_t length;
};

struct job {         // all zero: nothing
    uint64_t seq;    // of the jobs, from 1
    uint64_t number; // of the line, record or argument that it comes from, from 1
    struct span method;
    struct job_text own_method; // that method has, if it is not everybody's
    struct job_text params;
    struct job_text options; // of the call; none: those of the plan
    struct job_text tag;

    uint64_t id;          // of its last call
    unsigned attempt;     // 1: the first
    double start_seconds; // of the last attempt, since 1970
    int64_t started_us;   // the same on the monotonic clock
    int64_t ended_us;
    int64_t due_us;  // it waits to be tried again; 0: it does not
    int64_t busy_us; // the daemon was full since then; 0: it was not

    int files[2]; // what a command writes to stdout and stderr goes there; 0: there is none

    bool failed;
    bool quiet;                  // its failure is not told: it was seen to, or needs no words
    bool cancelled;              // because the flow was to stop
    int exit;                    // the status that goes with the outcome
    struct span outcome;         // the result, or the error object: raw JSON
    struct job_text own_outcome; // that outcome is kept in
};

// Takes a copy. False when out of memory.
bool job_text_set(struct job_text *text, struct span from);

static inline struct span
job_span(struct job_text text)
{
    return (struct span){text.at, text.length};
}

// Bytes of the texts that it owns.
size_t job_size(const struct job *job);

void job_done(struct job *job);

#endif
