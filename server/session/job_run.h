// The method job.run {method, params, options}: the same as a request with these members, for
// libraries that cannot add `options` to theirs.
#ifndef OFFLOAD_SESSION_JOB_RUN_H
#define OFFLOAD_SESSION_JOB_RUN_H

#include "common/message.h"
#include "model/job_options.h"

#include <stdbool.h>

#define JOB_RUN_METHOD   "job.run"
#define JOB_QUOTE_METHOD "job.quote"

// For both of them. Puts the inner members in place of the message's own (its options serve if
// there are no inner ones). The method's name is unescaped in place, as messages_parse does it.
// False with *ret_fault filled, and the message as it was, if the params are wrong.
bool job_run_unwrap(struct message *message, struct job_options_fault *ret_fault);

// Reads one call of a gather, which is what job.run takes, into the message: method, params and
// options. As above.
bool
job_run_read_call(struct span call, struct message *message, struct job_options_fault *ret_fault);

#endif
