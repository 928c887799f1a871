// A flow of calls: taken from an input, sent to a daemon with a bounded number under way, printed
// as they are answered. `map` and `gather` are two plans for it. However long the input, the memory
// is bounded: no call is taken while the window is full, the daemon does not read, or stdout's
// reader does not.
//
//   input > prepare > window > connection ... daemon ... connection > window > print > output
#ifndef OFFLOAD_CLIENT_FLOW_H
#define OFFLOAD_CLIENT_FLOW_H

#include "common/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options;
struct output;

// What to send for one line. The spans may point into the line or into what is owned.
struct flow_request {
    struct span method; // the inside of a JSON string
    struct span params; // may be absent
    char *owned[2];     // freed once sent; NULL: nothing
};

struct flow_result {
    uint64_t id;     // of the request
    uint64_t number; // of the line or argument, from 1
    bool failed;
    struct span text; // the result, or the error object: raw JSON
};

struct flow_plan {
    const char *subject;      // what an input is called in messages: "line", "call"
    bool ordered;             // print in the order of the input
    unsigned in_flight;       // calls under way, at most
    unsigned batch_max;       // calls of one batch; 1: no batches
    int mistake_code;         // error code of a line that `prepare` refuses
    const char *const *words; // the input; NULL: the lines of stdin
    size_t word_count;
    void *context; // for prepare

    // False with *ret_problem set to a sentence (malloc; NULL when out of memory).
    bool (*prepare)(void *context, char *line, size_t length, struct flow_request *ret,
                    char **ret_problem);
    void (*print)(struct output *output, const struct flow_result *result);
};

// Runs it to the end of the input and of all calls. Returns the exit status: that of the first
// failed call, unless the flow itself broke.
int flow_run(const struct options *options, const struct flow_plan *plan);

#endif
