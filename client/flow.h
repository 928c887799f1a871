// A flow of calls: taken from an input, sent to a daemon with a bounded number under way, printed
// as they are answered. `map` and `gather` are two plans for it. However long the input, the memory
// is bounded: no call is taken while the window is full, the daemon does not read, or stdout's
// reader does not.
//
//   input > prepare > window > offload_call ... daemon ... reply > window > print > output
#ifndef OFFLOAD_CLIENT_FLOW_H
#define OFFLOAD_CLIENT_FLOW_H

#include "common/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct job;
struct options;
struct output;

struct flow_plan {
    const char *subject;      // what an input is called in messages: "line", "call"
    bool ordered;             // print in the order of the input
    unsigned in_flight;       // calls under way, at most
    unsigned batch_max;       // calls of one batch; 1: no batches
    int mistake_code;         // error code of a line that `prepare` refuses
    const char *const *words; // the input; NULL: the lines of stdin
    size_t word_count;
    void *context; // for prepare

    // Fills in the method and the params of a job. False with *ret_problem set to a sentence
    // (malloc; NULL when out of memory).
    bool (*prepare)(void *context, char *line, size_t length, struct job *job, char **ret_problem);
    void (*print)(struct output *output, const struct job *job);
};

// Runs it to the end of the input and of all calls. Returns the exit status: that of the first
// failed call, unless the flow itself broke.
int flow_run(const struct options *options, const struct flow_plan *plan);

#endif
