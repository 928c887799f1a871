// offload map METHOD: a job for each record of the input, or each combination of the arguments
// after ":::"; results on stdout as they come.
#include "client/command.h"
#include "client/map_print.h"
#include "client/options.h"
#include "client/params.h"
#include "client/report.h"
#include "client/supply.h"
#include "common/errors.h"

#include <stdio.h>
#include <stdlib.h>

#define LIMIT 256 // jobs under way

struct map {
    const struct options *options;
    struct supply supply;
    char *method;
    size_t method_length;
    char *call_options; // NULL: none
};

static enum flow_prepared
prepare(void *context, const struct input_record *record, struct job *job, char **ret_problem)
{
    struct map *map = context;

    job->method = (struct span){map->method, map->method_length};
    return supply_make(&map->supply, record, job, ret_problem);
}

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
    return supply_log(&map->supply, job) && good;
}

static int
written(void *context)
{
    struct map *map = context;

    return supply_written(&map->supply);
}

static int
take_method(struct map *map)
{
    char *problem = NULL;

    map->method = params_method(span_of(map->options->arguments[0]), &map->method_length, &problem);
    if (map->method != NULL)
        return 0;
    if (problem == NULL)
        return report_no_memory();
    report_problem("%s", problem);
    free(problem);
    return EXIT_STATUS_USAGE;
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
open_map(struct map *map)
{
    const struct options *options = map->options;
    int status = take_method(map);

    if (status == 0)
        status = make_call_options(map);
    if (status == 0)
        status = supply_open(&map->supply, options, TEMPLATE_PARAMS, options->arguments + 1,
                             (size_t)options->argument_count - 1);
    return status;
}

static void
close_map(struct map *map)
{
    supply_close(&map->supply);
    free(map->method);
    free(map->call_options);
}

int
command_map(const struct options *options)
{
    struct map map = {.options = options};
    struct flow_plan plan;
    int status = open_map(&map);

    if (status == 0) {
        supply_plan(&map.supply, &plan);
        plan.in_flight = options->limit != 0 ? options->limit : LIMIT;
        plan.call_options = map.call_options;
        plan.context = &map;
        plan.prepare = prepare;
        plan.finished = finished;
        plan.written = written;
        status = flow_run(options, &plan);
    }
    close_map(&map);
    return status;
}
