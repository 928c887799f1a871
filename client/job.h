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
    uint64_t number; // of the line, record or argument that it comes from, from 1
    uint64_t id;     // of its call, from 1; 0: it was never sent
    struct job_text method;
    struct job_text params;
    bool failed;
    struct job_text outcome; // the result, or the error object: raw JSON
};

// Takes a copy. False when out of memory.
bool job_text_set(struct job_text *text, struct span from);

static inline struct span
job_span(struct job_text text)
{
    return (struct span){text.at, text.length};
}

void job_done(struct job *job);

#endif
