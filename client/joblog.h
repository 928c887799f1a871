// The log of a flow of jobs, a line of JSON for each that has ended:
//
//   {"seq":3,"start":1764000000.123,"runtime":0.052,"exit":0,"attempt":1,"params":[3]}
//
// A line is there only once the job's result was written to where it goes, so whatever ends this
// process, a job without a line is one that is still to be run. Lines are appended, several by one
// write(2); a line that was cut off by a crash is taken away when the log is opened again.
#ifndef OFFLOAD_CLIENT_JOBLOG_H
#define OFFLOAD_CLIENT_JOBLOG_H

#include "client/done_set.h"
#include "client/job.h"

struct joblog;

enum joblog_mode {
    JOBLOG_NEW,           // what the file holds is replaced
    JOBLOG_RESUME,        // jobs that it has are done
    JOBLOG_RESUME_FAILED, // those of them that succeeded are
};

// Adds the jobs that are done to *done. 0, or the exit status after saying what is wrong.
int
joblog_open(const char *path, enum joblog_mode mode, struct done_set *done, struct joblog **ret);

// Keeps the line of a job that has ended. False when out of memory.
bool joblog_add(struct joblog *log, const struct job *job);

// Writes what was kept. An errno value, 0 for success.
int joblog_flush(struct joblog *log);

void joblog_close(struct joblog *log);

// ---- plain text ------------------------------------------------------------------------------

// The line without its newline; malloc, caller frees; NULL when out of memory.
char *joblog_format(const struct job *job, size_t *ret_length);

// Reads the number and the exit status of a line; false if it is none.
bool joblog_parse(struct span line, uint64_t *ret_seq, int *ret_exit);

#endif
