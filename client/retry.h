// Whether a job that failed is worth another try, and when. Plain data.
#ifndef OFFLOAD_CLIENT_RETRY_H
#define OFFLOAD_CLIENT_RETRY_H

#include "client/job.h"

#include <stdint.h>

// A daemon that is full is asked again for so long, whatever the tries that are allowed.
#define RETRY_BUSY_US ((int64_t)60 * 1000000)

// How long to wait before a daemon is asked again that has answered with this error, "busy", in
// microseconds; -1: not at all, for the caller has said that it does not want to wait (max_wait).
int64_t retry_busy_us(struct span error);

// How long to wait before the job is tried again, in microseconds; -1: it has failed for good.
// `retries` is how often it may be; `now_us` is on the monotonic clock.
int64_t retry_delay_us(const struct job *job, int code, unsigned retries, int64_t now_us);

#endif
