// What the log says of single jobs: each line names the job, its session and its pool, so that the
// journal can be asked for any of them. Clients can make many jobs end badly, so only some lines a
// second are written; what was left out is counted.
#ifndef OFFLOAD_DISPATCHER_JOB_LOG_H
#define OFFLOAD_DISPATCHER_JOB_LOG_H

#include "common/log.h"
#include "model/job.h"

#include <stdint.h>

#define JOB_LOG_LINES_PER_SECOND 50

struct job_log {
    int64_t second_us; // when the second that is counted began
    unsigned logged;   // in this second
    unsigned dropped;  // since the last line that was logged
};

// The line begins with the job's method, if a pool has the job. Nothing that comes from outside may
// go into it but through log_escape.
void job_log(struct job_log *log, enum log_level level, const struct job *job, const char *format,
             ...) __attribute__((format(printf, 4, 5)));

#endif
