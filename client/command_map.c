// offload map METHOD: a params value a line on stdin, results on stdout as they come.
#include "client/command.h"
#include "client/flow.h"
#include "client/job.h"
#include "client/options.h"
#include "client/output.h"
#include "client/params.h"
#include "client/report.h"
#include "common/errors.h"
#include "common/scanner.h"

#include <stdio.h>
#include <stdlib.h>

#define IN_FLIGHT 256

struct map {
    struct span method;
};

// A scalar becomes the one element of an array.
static bool
prepare(void *context, char *line, size_t length, struct job *job, char **ret_problem)
{
    const struct map *map = context;
    struct scanner scanner;
    struct span value;
    enum json_kind kind;

    scanner_init(&scanner, (struct span){line, length}, SCANNER_DEPTH_LIMIT);
    if (!scanner_value(&scanner, &kind, &value) || !scanner_finish(&scanner)) {
        if (asprintf(ret_problem, "%s (at byte %zu)", scanner.reason, scanner_offset(&scanner)) < 0)
            *ret_problem = NULL;
        return false;
    }
    if (!job_text_set(&job->method, map->method))
        return false;
    if (kind == JSON_KIND_ARRAY || kind == JSON_KIND_OBJECT)
        return job_text_set(&job->params, value);
    job->params.length = value.length + 2;
    job->params.at = malloc(value.length + 3);
    if (job->params.at != NULL)
        snprintf(job->params.at, value.length + 3, "[%.*s]", (int)value.length, value.at);
    return job->params.at != NULL;
}

static void
print(struct output *output, const struct job *job)
{
    if (job->failed) // it was told on stderr
        return;
    output_add(output, job_span(job->outcome));
    output_add(output, SPAN("\n"));
}

static void
print_json(struct output *output, const struct job *job)
{
    char start[64];
    int length =
        snprintf(start, sizeof(start), "{\"line\":%llu,\"%s\":", (unsigned long long)job->number,
                 job->failed ? "error" : "result");

    output_add(output, (struct span){start, (size_t)length});
    output_add(output, job_span(job->outcome));
    output_add(output, SPAN("}\n"));
}

int
command_map(const struct options *options)
{
    struct map map;
    struct flow_plan plan = {
        .subject = "line",
        .ordered = options->keep_order,
        .in_flight = options->in_flight != 0 ? options->in_flight : IN_FLIGHT,
        .batch_max = 1,
        .mistake_code = ERROR_PARSE,
        .context = &map,
        .prepare = prepare,
        .print = options->json ? print_json : print,
    };
    char *problem = NULL;
    char *method;
    int status;

    method = params_method(span_of(options->arguments[0]), &map.method.length, &problem);
    if (method == NULL) {
        report_problem("%s", problem != NULL ? problem : "out of memory");
        free(problem);
        return EXIT_STATUS_USAGE;
    }
    map.method.at = method;
    status = flow_run(options, &plan);
    free(method);
    return status;
}
