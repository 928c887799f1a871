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
#include <unistd.h>

// Calls under way: what a session may have by default. They go in several batches, so that the next
// calls need not wait for the slowest of all.
#define IN_FLIGHT LIMIT_IN_FLIGHT_MAX
#define BATCHES   8

static enum flow_prepared
prepare(void *context, const struct input_record *record, struct job *job, char **ret_problem)
{
    struct span text = {record->record.text, record->record.length};
    struct call_text call;
    bool good;

    (void)context;
    good = record->fields != NULL ? call_text_from_argument(text, &call, ret_problem)
                                  : call_text_from_json(text, &call, ret_problem);
    if (!good)
        return *ret_problem != NULL ? FLOW_MISTAKE : FLOW_NO_MEMORY;
    job->own_method = (struct job_text){call.method, call.method_length};
    job->method = job_span(job->own_method);
    job->params = (struct job_text){call.params, call.params_length};
    job->options = (struct job_text){call.options, call.options_length};
    return FLOW_JOB;
}

static void
print(struct output *output, const struct job *job)
{
    if (job->failed)
        output_add(output, SPAN("{\"error\":"));
    output_add(output, job->outcome);
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
    count = job->failed ? message_error_iov(pieces, span_of(id), job->outcome)
                        : message_result_iov(pieces, span_of(id), job->outcome);
    for (int i = 0; i < count; i++)
        output_add(output, (struct span){pieces[i].iov_base, pieces[i].iov_len});
    output_add(output, SPAN("\n"));
}

static bool
finished(void *context, struct output *output, const struct job *job)
{
    const struct options *options = context;

    if (options->json)
        print_json(output, job);
    else
        print(output, job);
    return true;
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
    unsigned in_flight = options->limit != 0 ? options->limit : IN_FLIGHT;
    struct flow_plan plan = {
        .subject = options->argument_count > 0 ? "call" : "line",
        .ordered = true,
        .in_flight = in_flight,
        .batch_max = in_flight / BATCHES < 2 ? 2 : in_flight / BATCHES,
        .mistake_code = ERROR_INVALID_REQUEST,
        .fd = STDIN_FILENO,
        .kind = RECORDS_JSON,
        .context = (void *)options,
        .prepare = prepare,
        .finished = finished,
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
