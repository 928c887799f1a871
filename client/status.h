// What a daemon answers to server.status, as plain data, and what two such answers tell together:
// rates, and the share of a CPU that a worker had meanwhile. What a daemon does not tell is
// FIGURE_UNKNOWN, or NULL. Knows the shape of the answer, not how it is shown.
#ifndef OFFLOAD_CLIENT_STATUS_H
#define OFFLOAD_CLIENT_STATUS_H

#include "client/figures.h"
#include "common/span.h"

#include <stdbool.h>
#include <stddef.h>

struct status_counts { // of jobs since the start
    double succeeded;
    double failed;
    double cancelled;
    double timed_out;
    double lost;
};

struct status_rates { // jobs a second
    double succeeded;
    double failed; // timed out and lost ones too
};

struct status_times { // of the last minute, in seconds
    double count;
    double p50;
    double p90;
    double p99;
    double most;
};

struct status_worker {
    size_t pool; // index
    double slot;
    double pid;
    const char *state;
    const char *method; // of the job that has run longest; NULL: none
    double running_seconds;
    double running;
    double jobs_done;
    double age_seconds;
    double cpu_seconds;
    double cpu_percent; // since the status before, or since its start
    double memory_bytes;
};

struct status_pool {
    const char *name;
    const char *state;
    const char *kind;
    char *methods;       // one after the other
    const char *problem; // why its workers cannot start; NULL: they can
    double processes;
    double threads;
    double queued;
    double running;
    double restarts;
    struct status_counts counts;
    struct status_rates rates;
    struct status_times latency;
};

struct json_t;

struct status {
    struct json_t *document; // holds the texts
    const char *version;
    const char *state;
    const char *listen; // the first address; NULL: none
    double pid;
    double uptime_seconds;
    double sessions;
    double queued;
    double delayed;
    double running;
    struct status_counts counts;
    struct status_rates rates;
    struct status_times latency;
    struct status_times lag;
    struct status_pool *pools;
    size_t pool_count;
    struct status_worker *workers; // of all pools, pool by pool
    size_t worker_count;
};

// Reads it. 0, -EPROTO (that is no status), -ENOMEM.
int status_read(struct span document, struct status **ret);
void status_free(struct status *status); // NULL is accepted

// Fills in rates and shares of CPU, if `before` is an earlier one of the same daemon.
void status_compare(struct status *status, const struct status *before);

#endif
