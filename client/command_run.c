// offload run COMMAND {}: runs a command for each record of the input, several at a time, in a pool
// of a private daemon. Everything but the output goes through the daemon; that goes to files, see
// run_child.h.
#include "client/command.h"
#include "client/options.h"
#include "client/report.h"
#include "client/run_files.h"
#include "client/run_pool.h"
#include "client/supply.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define ORDERED_AHEAD 256 // jobs that may wait for one before them, in order

struct run {
    const struct options *options;
    struct supply supply;
    const char **words; // of the command
    size_t word_count;
};

// ---- jobs ------------------------------------------------------------------------------------

static enum flow_prepared
prepare(void *context, const struct input_record *record, struct job *job, char **ret_problem)
{
    struct run *run = context;
    enum flow_prepared prepared = supply_make(&run->supply, record, job, ret_problem);
    int error;

    job->method = SPAN(RUN_POOL_METHOD);
    if (prepared != FLOW_JOB || run->options->dry_run)
        return prepared;
    error = run_files_open(job);
    if (error != 0)
        return asprintf(ret_problem, "cannot keep its output: %s", strerror(-error)) < 0
                   ? FLOW_NO_MEMORY
                   : FLOW_MISTAKE;
    job->options.at = run_pool_call(job, run->options->timeout_us, &job->options.length);
    return job->options.at != NULL ? FLOW_JOB : FLOW_NO_MEMORY;
}

static void
judge(void *context, struct job *job)
{
    (void)context;
    // What a command thinks of its failure it says itself.
    job->quiet = run_pool_exit(job->outcome, &job->exit) && job->exit < 128;
}

static void
again(void *context, struct job *job)
{
    const struct run *run = context;

    // Of output that was printed nothing can be taken back.
    if (!run->options->line_buffer)
        run_files_clear(job);
}

static void
look(void *context, struct output *output, struct job *job)
{
    (void)context;
    run_files_print(job, output, false);
}

static bool
speaks(void *context, const struct job *job)
{
    (void)context;
    return run_files_speak(job);
}

static bool
finished(void *context, struct output *output, const struct job *job)
{
    struct run *run = context;

    if (run->options->dry_run) {
        if (job->failed)
            return true;
        output_add(output, job_span(job->params));
        output_add(output, SPAN("\n"));
        return true;
    }
    run_files_print((struct job *)(uintptr_t)job, output, true);
    return supply_log(&run->supply, job);
}

static int
written(void *context)
{
    struct run *run = context;

    return supply_written(&run->supply);
}

// ---- the command line ------------------------------------------------------------------------

// What a table's columns are called is not known yet.
static bool
has_place(const struct options *options)
{
    static const struct fields no_names;
    bool is_table = options->csv || options->tsv;

    for (int i = 0; i < options->argument_count; i++)
        if (template_has_place_in(span_of(options->arguments[i]), is_table ? NULL : &no_names))
            return true;
    return false;
}

// Without any place the record comes last.
static bool
make_words(struct run *run)
{
    const struct options *options = run->options;
    size_t count = (size_t)options->argument_count;

    run->words = calloc(count + 1, sizeof(char *));
    if (run->words == NULL)
        return false;
    memcpy(run->words, options->arguments, count * sizeof(char *));
    if (!has_place(options))
        run->words[count++] = "{}";
    run->word_count = count;
    return true;
}

static unsigned
count_slots(const struct options *options)
{
    cpu_set_t cores;

    if (options->slots > 0)
        return options->slots;
    if (options->limit > 0)
        return options->limit < OPTIONS_SLOTS_MAX ? options->limit : OPTIONS_SLOTS_MAX;
    if (sched_getaffinity(0, sizeof(cores), &cores) != 0)
        return 1;
    return (unsigned)CPU_COUNT(&cores);
}

// Each job has two files.
static void
allow_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit); // if not, it is told where a file cannot be opened
}

static int
run_flow(struct run *run)
{
    const struct options *options = run->options;
    unsigned slots = count_slots(options);
    struct options own;
    struct flow_plan plan;
    int status;

    if (!run_pool_options(options, slots, &own))
        return report_no_memory();
    supply_plan(&run->supply, &plan);
    plan.in_flight = options->keep_order ? slots + ORDERED_AHEAD : slots;
    plan.open_max = slots;
    plan.counts_failures = true;
    plan.keeps_params = true;
    plan.context = run;
    plan.prepare = prepare;
    plan.finished = finished;
    plan.written = written;
    plan.judge = judge;
    plan.again = again;
    plan.speaks = speaks;
    plan.look = options->line_buffer ? look : NULL;
    allow_files();
    status = flow_run(&own, &plan);
    run_pool_done(&own);
    return status;
}

int
command_run(const struct options *options)
{
    struct run run = {.options = options};
    int status;

    if (!make_words(&run))
        return report_no_memory();
    status = supply_open(&run.supply, options, TEMPLATE_COMMAND, run.words, run.word_count);
    if (status == 0)
        status = run_flow(&run);
    supply_close(&run.supply);
    free(run.words);
    return status;
}
