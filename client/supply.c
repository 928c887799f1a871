// See supply.h.
#include "client/supply.h"

#include "client/options.h"
#include "client/report.h"
#include "common/errors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

// parallel(1) has more separators than this.
static int
check_words(const struct options *options)
{
    static const char *const others[] = {"::::", ":::+", "::::+"};

    for (int i = 0; i < options->argument_count; i++)
        for (size_t j = 0; j < sizeof(others) / sizeof(others[0]); j++)
            if (strcmp(options->arguments[i], others[j]) == 0) {
                report_problem("'%s' is not known here; arguments come after ':::'", others[j]);
                return EXIT_STATUS_USAGE;
            }
    return 0;
}

static int
make_source(struct supply *supply, enum template_kind kind, const char *const *words, size_t count)
{
    const struct options *options = supply->options;
    struct source_plan plan = {
        .kind = options->csv      ? SOURCE_CSV
                : options->tsv    ? SOURCE_TSV
                : supply->is_text ? SOURCE_TEXT
                                  : SOURCE_JSON,
        .template_kind = kind,
        .words = words,
        .word_count = count,
        .separator = options->colsep,
        .tags = options->tag,
    };
    char *problem = NULL;

    if (options->colsep != NULL && !supply->is_text) {
        report_problem("--colsep needs a template that takes fields, such as key={1}");
        return EXIT_STATUS_USAGE;
    }
    supply->source = source_new(&plan, &problem);
    return supply->source != NULL ? 0 : refuse(problem);
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

static int
open_log(struct supply *supply)
{
    const struct options *options = supply->options;
    enum joblog_mode mode = options->resume_failed ? JOBLOG_RESUME_FAILED
                            : options->resume      ? JOBLOG_RESUME
                                                   : JOBLOG_NEW;

    if (options->joblog == NULL)
        return 0;
    return joblog_open(options->joblog, mode, &supply->done, &supply->log);
}

static int
open_input(struct supply *supply)
{
    if (supply->options->arg_file == NULL)
        return 0;
    supply->fd = open(supply->options->arg_file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (supply->fd >= 0)
        return 0;
    report_problem("cannot open %s: %s", supply->options->arg_file, strerror(errno));
    return REPORT_STATUS_IO;
}

// The log is opened last: a mistake of the command line must not cost what is in it.
int
supply_open(struct supply *supply, const struct options *options, enum template_kind kind,
            const char *const *words, size_t word_count)
{
    int status;

    *supply = (struct supply){.options = options, .fd = STDIN_FILENO};
    // With a template a record is text; without, it is JSON.
    supply->is_text = word_count > 0 || options->lists != NULL;
    status = check_words(options);
    if (status == 0)
        status = take_halt(options, &supply->halt);
    if (status == 0)
        status = make_source(supply, kind, words, word_count);
    if (status == 0)
        status = open_input(supply);
    if (status == 0)
        status = open_log(supply);
    return status;
}

void
supply_close(struct supply *supply)
{
    if (supply->fd > STDERR_FILENO)
        close(supply->fd);
    joblog_close(supply->log);
    done_set_done(&supply->done);
    source_free(supply->source);
}

static enum records_kind
kind_of(const struct supply *supply)
{
    const struct options *options = supply->options;

    if (options->null)
        return RECORDS_NUL;
    if (options->csv)
        return RECORDS_CSV;
    if (options->tsv)
        return RECORDS_TSV;
    return supply->is_text ? RECORDS_LINES : RECORDS_JSON;
}

static const char *
subject_of(const struct options *options)
{
    if (options->lists != NULL)
        return "argument";
    return options->null ? "record" : "line";
}

void
supply_plan(const struct supply *supply, struct flow_plan *ret)
{
    const struct options *options = supply->options;

    *ret = (struct flow_plan){
        .subject = subject_of(options),
        .ordered = options->keep_order,
        .dry_run = options->dry_run,
        .batch_max = 1,
        .mistake_code = supply->is_text ? ERROR_INVALID_PARAMS : ERROR_PARSE,
        .words = options->lists,
        .word_count = options->list_count,
        .fd = supply->fd,
        .kind = kind_of(supply),
        .retries = options->retries,
        .halt = supply->halt,
        .progress =
            options->dry_run ? PROGRESS_NONE : progress_kind(options->progress, options->no_bar),
    };
}

enum flow_prepared
supply_make(struct supply *supply, const struct input_record *record, struct job *job,
            char **ret_problem)
{
    static const enum flow_prepared prepared[] = {
        [SOURCE_JOB] = FLOW_JOB,
        [SOURCE_HEAD] = FLOW_NO_JOB,
        [SOURCE_MISTAKE] = FLOW_MISTAKE,
        [SOURCE_REFUSED] = FLOW_REFUSED,
        [SOURCE_NO_MEMORY] = FLOW_NO_MEMORY,
    };

    if (!source_awaits_head(supply->source) && done_set_has(&supply->done, job->seq))
        return FLOW_SKIPPED;
    return prepared[source_make(supply->source, record, job, ret_problem)];
}

bool
supply_log(struct supply *supply, const struct job *job)
{
    return supply->log == NULL || job->cancelled || joblog_add(supply->log, job);
}

int
supply_written(struct supply *supply)
{
    return supply->log != NULL ? joblog_flush(supply->log) : 0;
}
