// What the commands that run a flow of jobs from records have in common: the input, the source that
// makes jobs of it, the job log and --halt, as their options say.
#ifndef OFFLOAD_CLIENT_SUPPLY_H
#define OFFLOAD_CLIENT_SUPPLY_H

#include "client/flow.h"
#include "client/joblog.h"
#include "client/source.h"

struct supply {
    const struct options *options;
    struct source *source;
    struct joblog *log;   // NULL: none
    struct done_set done; // jobs that are not to be run again
    struct halt halt;
    bool is_text; // records are plain text, not JSON
    int fd;       // of the input
};

// Opens all of it; words are those of the template. 0, or the exit status after saying what is
// wrong. In both cases it is released by supply_close.
int supply_open(struct supply *supply, const struct options *options, enum template_kind kind,
                const char *const *words, size_t word_count);
void supply_close(struct supply *supply);

// The parts of a plan that it knows: input, order, halt and retries.
void supply_plan(const struct supply *supply, struct flow_plan *ret);

// For flow_plan.prepare: makes the job, unless it was done before.
enum flow_prepared supply_make(struct supply *supply, const struct input_record *record,
                               struct job *job, char **ret_problem);

// For flow_plan.finished and .written. A job that was cancelled with the flow is still to be run:
// the log does not have it.
bool supply_log(struct supply *supply, const struct job *job);
int supply_written(struct supply *supply);

#endif
