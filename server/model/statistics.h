// Everything counted, for server.status. Plain numbers; each field is written by the one layer that
// its comment names.
#ifndef OFFLOAD_MODEL_STATISTICS_H
#define OFFLOAD_MODEL_STATISTICS_H

#include "model/job_counts.h"

#include <stdint.h>

struct statistics {
    // daemon
    int64_t started_us;
    uint64_t sessions_accepted;
    uint64_t sessions_refused; // over sessions-max, or no memory
    // session
    uint64_t lines;         // taken, whatever was in them
    uint64_t requests;      // with an id, valid
    uint64_t notifications; // valid
    uint64_t batches;
    uint64_t invalid;   // lines and batch elements that were no request
    uint64_t responses; // written or put into a batch's array
    // dispatcher
    struct job_counts jobs;
};

#endif
