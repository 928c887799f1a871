// offload gather: several calls at once, sent as batches; results in the order of the calls.
#include "client/call_text.h"
#include "client/command.h"
#include "client/flow.h"
#include "client/job.h"
#include "client/options.h"
#include "client/output.h"
#include "client/report.h"
#include "common/errors.h"
#include "common/limits.h"
#include "common/message.h"

#include <stdio.h>
#include <stdlib.h>

// Calls under way: what a session may have by default. They go in several batches, so that the next
// calls need not wait for the slowest of all.
#define IN_FLIGHT LIMIT_IN_FLIGHT_MAX
#define BATCHES   8

static void
take(struct job *job, const struct call_text *call)
{
    job->method = (struct job_text){call->method, call->method_length};
    job->params = (struct job_text){call->params, call->params_length};
}

static bool
prepare_line(void *context, char *line, size_t length, struct job *job, char **ret_problem)
{
    struct call_text call;

    (void)context;
    if (!call_text_from_json((struct span){line, length}, &call, ret_problem))
        return false;
    take(job, &call);
    return true;
}

static bool
prepare_word(void *context, char *word, size_t length, struct job *job, char **ret_problem)
{
    struct call_text call;

    (void)context;
    if (!call_text_from_argument((struct span){word, length}, &call, ret_problem))
        return false;
    take(job, &call);
    return true;
}

static void
print(struct output *output, const struct job *job)
{
    if (job->failed)
        output_add(output, SPAN("{\"error\":"));
    output_add(output, job_span(job->outcome));
    output_add(output, job->failed ? SPAN("}\n") : SPAN("\n"));
}

static void
print_json(struct output *output, const struct job *job)
{
    struct iovec pieces[MESSAGE_IOV_MAX];
    char id[24];
    int count;

    if (job->id == 0) // what is no call was not sent
        snprintf(id, sizeof(id), "null");
    else
        snprintf(id, sizeof(id), "%llu", (unsigned long long)job->id);
    count = job->failed ? message_error_iov(pieces, span_of(id), job_span(job->outcome))
                        : message_result_iov(pieces, span_of(id), job_span(job->outcome));
    for (int i = 0; i < count; i++)
        output_add(output, (struct span){pieces[i].iov_base, pieces[i].iov_len});
    output_add(output, SPAN("\n"));
}

// A mistake on the command line is told before anything is sent.
static int
check_words(const struct options *options)
{
    char *problem = NULL;

    for (int i = 0; i < options->argument_count; i++) {
        struct call_text call;

        if (!call_text_from_argument(span_of(options->arguments[i]), &call, &problem)) {
            report_problem("call %d: %s", i + 1, problem != NULL ? problem : "out of memory");
            free(problem);
            return EXIT_STATUS_USAGE;
        }
        call_text_done(&call);
    }
    return 0;
}

int
command_gather(const struct options *options)
{
    unsigned in_flight = options->in_flight != 0 ? options->in_flight : IN_FLIGHT;
    struct flow_plan plan = {
        .subject = options->argument_count > 0 ? "call" : "line",
        .ordered = true,
        .in_flight = in_flight,
        .batch_max = in_flight / BATCHES < 2 ? 2 : in_flight / BATCHES,
        .mistake_code = ERROR_INVALID_REQUEST,
        .prepare = options->argument_count > 0 ? prepare_word : prepare_line,
        .print = options->json ? print_json : print,
    };
    int status = check_words(options);

    if (plan.batch_max > LIMIT_BATCH_MAX)
        plan.batch_max = LIMIT_BATCH_MAX;
    if (options->argument_count > 0) {
        plan.words = options->arguments;
        plan.word_count = (size_t)options->argument_count;
    }
    return status != 0 ? status : flow_run(options, &plan);
}
