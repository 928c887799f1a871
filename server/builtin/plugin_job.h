// One job of a plug-in: the functions of plugin/offload-plugin.h, and what becomes of a method that
// gives no answer or a wrong one. Knows no shared objects.
#ifndef OFFLOAD_BUILTIN_PLUGIN_JOB_H
#define OFFLOAD_BUILTIN_PLUGIN_JOB_H

#include "builtin/answer.h"
#include "builtin/output.h"
#include "plugin/offload-plugin.h"

#include <stdatomic.h>

struct plugin_call {
    struct span id; // raw; absent: a notification, nobody waits for an answer
    struct span method;
    struct span params; // raw and checked; may be absent
    const atomic_bool *cancelled;
    struct output *output; // for progress
    size_t line_max;       // bytes of a line that the daemon accepts
    unsigned depth_max;    // and its nesting; PLUGIN_DEPTH_MIN or more
};

// The nesting of the deepest line around a value, that of progress, and one for the value itself.
#define PLUGIN_DEPTH_MIN 4

// Runs the method to its end. The answer is complete, with the error of a method that left none.
void plugin_job_run(const struct offload_method *method, void *state,
                    const struct plugin_call *call, struct job_answer *ret_answer);

#endif
