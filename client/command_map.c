// offload map METHOD: a job for each record of the input, or each combination of the arguments
// after
// ":::"; results on stdout as they come.
#include "client/command.h"
#include "client/flow.h"
#include "client/joblog.h"
#include "client/map_print.h"
#include "client/options.h"
#include "client/params.h"
#include "client/report.h"
#include "client/source.h"
#include "common/errors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LIMIT 256 // jobs under way

struct map {
    const struct options *options;
    struct source *source;
    struct joblog *log;   // NULL: none
    struct done_set done; // jobs that are not to be run again
    char *method;
    size_t method_length;
    char *call_options; // NULL: none
    int fd;             // of the input
};

static enum flow_prepared
prepare(void *context, const struct input_record *record, struct job *job, char **ret_problem)
{
    static const enum flow_prepared prepared[] = {
        [SOURCE_JOB] = FLOW_JOB,
        [SOURCE_HEAD] = FLOW_NO_JOB,
        [SOURCE_MISTAKE] = FLOW_MISTAKE,
        [SOURCE_REFUSED] = FLOW_REFUSED,
        [SOURCE_NO_MEMORY] = FLOW_NO_MEMORY,
    };
    struct map *map = context;

    if (!source_awaits_head(map->source) && done_set_has(&map->done, job->seq))
        return FLOW_SKIPPED;
    job->method = (struct span){map->method, map->method_length};
    return prepared[source_make(map->source, record, job, ret_problem)];
}

// A job that was cancelled with the flow is still to be run: the log does not have it.
static bool
finished(void *context, struct output *output, const struct job *job)
{
    struct map *map = context;
    bool good = true;

    if (map->options->dry_run && !job->failed)
        return map_print_call(output, job, map->call_options);
    if (map->options->jsonl)
        good = map_print_record(output, job);
    else
        map_print_result(output, job);
    if (map->log != NULL && !job->cancelled)
        good = joblog_add(map->log, job) && good;
    return good;
}

static int
written(void *context)
{
    struct map *map = context;

    return map->log != NULL ? joblog_flush(map->log) : 0;
}

// ---- the command line ------------------------------------------------------------------------

// A sentence of somebody else's, or no memory for one.
static int
refuse(char *problem)
{
    if (problem == NULL)
        return report_no_memory();
    report_problem("%s", problem);
    free(problem);
    return EXIT_STATUS_USAGE;
}

static int
take_method(struct map *map)
{
    char *problem = NULL;

    map->method = params_method(span_of(map->options->arguments[0]), &map->method_length, &problem);
    return map->method != NULL ? 0 : refuse(problem);
}

// parallel(1) has more separators than this.
static int
check_words(const struct options *options)
{
    static const char *const others[] = {"::::", ":::+", "::::+"};

    for (int i = 1; i < options->argument_count; i++)
        for (size_t j = 0; j < sizeof(others) / sizeof(others[0]); j++)
            if (strcmp(options->arguments[i], others[j]) == 0) {
                report_problem("'%s' is not known here; arguments come after ':::'", others[j]);
                return EXIT_STATUS_USAGE;
            }
    return 0;
}

// With a template a record is text; without, it is JSON.
static int
make_source(struct map *map)
{
    const struct options *options = map->options;
    bool is_text = options->argument_count > 1 || options->lists != NULL;
    struct source_plan plan = {
        .kind = options->csv   ? SOURCE_CSV
                : options->tsv ? SOURCE_TSV
                : is_text      ? SOURCE_TEXT
                               : SOURCE_JSON,
        .template_kind = TEMPLATE_PARAMS,
        .words = options->arguments + 1,
        .word_count = (size_t)options->argument_count - 1,
        .separator = options->colsep,
        .tags = options->tag,
    };
    char *problem = NULL;

    if (options->colsep != NULL && !is_text) {
        report_problem("--colsep needs a template that takes fields, such as key={1}");
        return EXIT_STATUS_USAGE;
    }
    map->source = source_new(&plan, &problem);
    return map->source != NULL ? 0 : refuse(problem);
}

static int
open_log(struct map *map)
{
    const struct options *options = map->options;
    enum joblog_mode mode = options->resume_failed ? JOBLOG_RESUME_FAILED
                            : options->resume      ? JOBLOG_RESUME
                                                   : JOBLOG_NEW;

    if (options->joblog == NULL)
        return 0;
    return joblog_open(options->joblog, mode, &map->done, &map->log);
}

static int
open_input(struct map *map)
{
    if (map->options->arg_file == NULL)
        return 0;
    map->fd = open(map->options->arg_file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (map->fd >= 0)
        return 0;
    report_problem("cannot open %s: %s", map->options->arg_file, strerror(errno));
    return REPORT_STATUS_IO;
}

static int
make_call_options(struct map *map)
{
    if (map->options->timeout_us == 0)
        return 0;
    if (asprintf(&map->call_options, "{\"timeouts\":{\"run\":%.6f}}",
                 (double)map->options->timeout_us / 1e6) >= 0)
        return 0;
    map->call_options = NULL;
    return report_no_memory();
}

static int
take_halt(const struct options *options, struct halt *ret)
{
    if (options->halt == NULL || halt_parse(options->halt, ret))
        return 0;
    report_problem("--halt takes never, or now or soon, a comma, and fail=N, success=N or done=N "
                   "with a number or a share such as 10%%, not '%s'",
                   options->halt);
    return EXIT_STATUS_USAGE;
}

static enum records_kind
kind_of(const struct options *options)
{
    if (options->null)
        return RECORDS_NUL;
    if (options->csv)
        return RECORDS_CSV;
    if (options->tsv)
        return RECORDS_TSV;
    return options->argument_count > 1 ? RECORDS_LINES : RECORDS_JSON;
}

// The log is opened last: a mistake of the command line must not cost what is in it.
static int
open_map(struct map *map, struct halt *halt)
{
    int status = take_method(map);

    if (status == 0)
        status = check_words(map->options);
    if (status == 0)
        status = take_halt(map->options, halt);
    if (status == 0)
        status = make_call_options(map);
    if (status == 0)
        status = make_source(map);
    if (status == 0)
        status = open_input(map);
    if (status == 0)
        status = open_log(map);
    return status;
}

static void
close_map(struct map *map)
{
    if (map->fd > STDERR_FILENO)
        close(map->fd);
    joblog_close(map->log);
    done_set_done(&map->done);
    source_free(map->source);
    free(map->method);
    free(map->call_options);
}

static const char *
subject_of(const struct options *options)
{
    if (options->lists != NULL)
        return "argument";
    return options->null ? "record" : "line";
}

int
command_map(const struct options *options)
{
    struct map map = {.options = options, .fd = STDIN_FILENO};
    struct halt halt = {0};
    int status = open_map(&map, &halt);
    struct flow_plan plan = {
        .subject = subject_of(options),
        .ordered = options->keep_order,
        .dry_run = options->dry_run,
        .in_flight = options->limit != 0 ? options->limit : LIMIT,
        .batch_max = 1,
        .mistake_code = options->argument_count > 1 ? ERROR_INVALID_PARAMS : ERROR_PARSE,
        .words = options->lists,
        .word_count = options->list_count,
        .fd = map.fd,
        .kind = kind_of(options),
        .call_options = map.call_options,
        .retries = options->retries,
        .halt = halt,
        .context = &map,
        .prepare = prepare,
        .finished = finished,
        .written = written,
    };

    if (status == 0)
        status = flow_run(options, &plan);
    close_map(&map);
    return status;
}
