// See map_print.h.
#include "client/map_print.h"

#include "client/joblog.h"
#include "common/message.h"

#include <stdlib.h>

static void
put_tag(struct output *output, const struct job *job)
{
    if (job->tag.at == NULL)
        return;
    output_add(output, job_span(job->tag));
    output_add(output, SPAN("\t"));
}

void
map_print_result(struct output *output, const struct job *job)
{
    if (job->failed)
        return;
    put_tag(output, job);
    output_add(output, job->outcome);
    output_add(output, SPAN("\n"));
}

// The line of the job log, with the outcome as one more member.
bool
map_print_record(struct output *output, const struct job *job)
{
    size_t length;
    char *line = joblog_format(job, &length);

    if (line == NULL)
        return false;
    put_tag(output, job);
    output_add(output, (struct span){line, length - 1});
    output_add(output, job->failed ? SPAN(",\"error\":") : SPAN(",\"result\":"));
    output_add(output, job->outcome);
    output_add(output, SPAN("}\n"));
    free(line);
    return true;
}

static void
put_member(struct output *output, struct span name, struct span value)
{
    if (!span_present(value))
        return;
    output_add(output, name);
    output_add(output, value);
}

bool
map_print_call(struct output *output, const struct job *job, const char *options)
{
    size_t length;
    char *method = message_quote(job->method, &length);

    if (method == NULL)
        return false;
    put_tag(output, job);
    put_member(output, SPAN("{\"method\":"), (struct span){method, length});
    put_member(output, SPAN(",\"params\":"), job_span(job->params));
    put_member(output, SPAN(",\"options\":"), span_of(options));
    output_add(output, SPAN("}\n"));
    free(method);
    return true;
}
