// What the built-in worker can do: a const table of methods, one function each. Pure computation:
// it knows neither pipes nor threads.
#ifndef OFFLOAD_BUILTIN_JOBS_H
#define OFFLOAD_BUILTIN_JOBS_H

#include "builtin/answer.h"
#include "builtin/pulse.h"
#include "common/span.h"

// Runs the method. An unknown one answers -32601. A long one beats `pulse` (may be NULL) some ten
// thousand times a second.
void jobs_run(struct span method, struct span params, const struct pulse *pulse,
              struct job_answer *ret_answer);

#endif
