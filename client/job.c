// See job.h.
#include "client/job.h"

#include <stdlib.h>
#include <unistd.h>

bool
job_text_set(struct job_text *text, struct span from)
{
    char *copy = malloc(from.length + 1);

    if (copy == NULL)
        return false;
    if (from.length > 0)
        memcpy(copy, from.at, from.length);
    copy[from.length] = '\0';
    free(text->at);
    *text = (struct job_text){copy, from.length};
    return true;
}

size_t
job_size(const struct job *job)
{
    return job->own_method.length + job->params.length + job->options.length + job->tag.length +
           job->own_outcome.length;
}

void
job_done(struct job *job)
{
    free(job->own_method.at);
    free(job->params.at);
    free(job->options.at);
    free(job->tag.at);
    free(job->own_outcome.at);
    for (int i = 0; i < 2; i++)
        if (job->files[i] > 0)
            close(job->files[i]);
    *job = (struct job){0};
}
