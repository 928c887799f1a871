// What is printed of a job that has ended: its result, a record of everything, or (of one that was
// not run) its call. Plain text into an output.
#ifndef OFFLOAD_CLIENT_MAP_PRINT_H
#define OFFLOAD_CLIENT_MAP_PRINT_H

#include "client/job.h"
#include "client/output.h"

// The result; nothing if it failed. The tag, if there is one, comes first.
void map_print_result(struct output *output, const struct job *job);

// {"seq":...,"result":...} or {...,"error":...} with all that is known. False when out of memory.
bool map_print_record(struct output *output, const struct job *job);

// The call as a line that `offload gather` reads. `options` may be NULL.
bool map_print_call(struct output *output, const struct job *job, const char *options);

#endif
