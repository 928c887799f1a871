// See job_make.h.
#include "session/job_make.h"

#include "common/scanner.h"

#include <stdlib.h>

// The text of a raw JSON string becomes the job's input. False when out of memory.
static bool
set_input(struct job *job, struct span raw)
{
    struct span inside;
    char *text;
    bool done;

    if (!span_present(raw))
        return true;
    inside = (struct span){.at = raw.at + 1, .length = raw.length - 2};
    text = malloc(raw.length);
    if (text == NULL)
        return false;
    done = job_set_input(job, (struct span){.at = text, .length = scanner_unescape(inside, text)});
    free(text);
    return done;
}

struct job *
job_make(struct shared_text *text, struct span params, const struct job_options *options,
         const struct job_sink *sink, void *sink_context)
{
    struct job *job = text != NULL ? job_new_shared(text, params, sink, sink_context)
                                   : job_new(params, sink, sink_context);

    if (job == NULL)
        return NULL;
    if (!set_input(job, options->input)) {
        job_free(job);
        return NULL;
    }
    job->timeouts = options->timeouts;
    job->retries = options->retries;
    job->priority = options->priority;
    job->delay_us = options->delay_us;
    job->max_wait_us = options->max_wait_us;
    job->progress = options->progress;
    return job;
}
