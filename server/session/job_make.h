// A job as a request's members describe it: the one place where options become part of a job.
#ifndef OFFLOAD_SESSION_JOB_MAKE_H
#define OFFLOAD_SESSION_JOB_MAKE_H

#include "model/job.h"
#include "model/job_options.h"

// The params are copied, or lie in `text` if that is not NULL. NULL when out of memory.
struct job *
job_make(struct shared_text *text, struct span params, const struct job_options *options,
         const struct job_sink *sink, void *sink_context);

#endif
