// A flow of jobs: taken from an input, sent to a daemon with a bounded number under way, printed as
// they end. `map` and `gather` are two plans for it. However long the input, the memory is bounded:
// no job is taken while the window is full, the daemon does not read, or stdout's reader does not.
//
//   input > prepare > window > offload_call ... daemon ... reply > window > finished > output
#ifndef OFFLOAD_CLIENT_FLOW_H
#define OFFLOAD_CLIENT_FLOW_H

#include "client/halt.h"
#include "client/input.h"
#include "client/job.h"
#include "client/progress.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options;
struct output;

enum flow_prepared {
    FLOW_JOB,
    FLOW_NO_JOB,  // the record is none, such as a table's head
    FLOW_SKIPPED, // it counts, but is not to be run
    FLOW_MISTAKE, // it cannot be sent; it fails with the plan's mistake_code
    FLOW_REFUSED, // nothing can be made of the input: wrong usage
    FLOW_NO_MEMORY,
};

struct flow_plan {
    const char *subject;      // what a record is called in messages: "line", "call"
    bool ordered;             // end in the order of the input
    bool dry_run;             // nothing is sent, and no daemon needed: every job just ends
    unsigned in_flight;       // jobs under way, at most
    unsigned open_max;        // of them not ended, at most; 0: all may be
    bool counts_failures;     // the exit status is the number of failed jobs, see flow_run
    bool keeps_params;        // params are for the log alone and not sent
    unsigned batch_max;       // calls of one batch; 1: no batches
    int mistake_code;         // error code of a record that cannot be sent
    const char *const *words; // the input; NULL: the records of fd
    size_t word_count;
    int fd;
    enum records_kind kind;
    enum progress_kind progress;
    const char *call_options; // of every call, a JSON object; NULL: none
    unsigned retries;         // how often a job that failed may be tried again
    struct halt halt;
    void *context; // of what follows

    // Fills in method, params and tag of a job, whose seq and number are known. For a mistake,
    // *ret_problem is a sentence (malloc).
    enum flow_prepared (*prepare)(void *context, const struct input_record *record, struct job *job,
                                  char **ret_problem);
    // A job has ended, in the order of printing. False when out of memory.
    bool (*finished)(void *context, struct output *output, const struct job *job);
    // All that was printed is written; returns an errno value, 0 for success. May be NULL.
    int (*written)(void *context);
    // A try of a job has failed: may change its exit status, and make it quiet. May be NULL.
    void (*judge)(void *context, struct job *job);
    // A job that has failed is tried again. May be NULL.
    void (*again)(void *context, struct job *job);
    // True if `finished` writes to the terminal by itself. May be NULL.
    bool (*speaks)(void *context, const struct job *job);
    // Called now and then for each job that has not ended. May be NULL.
    void (*look)(void *context, struct output *output, struct job *job);
};

// Runs it to the end of the input and of all jobs. Returns the exit status: that of the first
// failed job, unless the flow itself broke. With counts_failures as parallel(1): the number of
// failed jobs, 101 for more than 100 of them, 255 if the flow itself broke; and that of the first
// failed job if it was halted by a failure.
int flow_run(const struct options *options, const struct flow_plan *plan);

#endif
