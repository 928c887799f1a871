// offload bench [SECONDS]: what does offloading cost here, and from which job length on does it
// pay?
#include "client/bench_plot.h"
#include "client/bench_run.h"
#include "client/command.h"
#include "client/options.h"
#include "client/output.h"
#include "client/reach.h"
#include "client/report.h"
#include "common/errors.h"
#include "common/sum_squares.h"
#include "common/units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT_ONCE 256

#define SECONDS_STANDARD 5
#define SECONDS_MAX      3600

// Lengths of the jobs that are compared, in microseconds.
static const double lengths_us[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000};
#define LENGTH_COUNT (sizeof(lengths_us) / sizeof(lengths_us[0]))

// Of the time: two measurements of round trips, and two for each length.
#define SHARES (2 + 2 * LENGTH_COUNT)

struct bench {
    struct reach reach;
    int64_t share_ns;
    struct bench_report report;
    struct bench_point points[LENGTH_COUNT];
};

static int
report_fault(const struct bench *bench, int error, struct bench_fault *fault)
{
    int status;

    if (error == BENCH_WRONG) {
        report_problem("an answer was wrong");
        return REPORT_STATUS_PROTOCOL;
    }
    if (error != BENCH_FAILED || fault->error == NULL)
        return reach_report(&bench->reach, error == BENCH_FAILED ? -ENOMEM : error);
    status = report_error("bench needs the built-in methods", span_of(fault->error));
    free(fault->error);
    return status;
}

static int
run(const struct bench *bench, const struct bench_job *job, unsigned at_once,
    struct bench_times *ret_times)
{
    struct bench_fault fault = {0};
    int error = bench_run(bench->reach.offload, job, at_once, bench->share_ns, ret_times, &fault);

    return error != 0 ? report_fault(bench, error, &fault) : 0;
}

static int
measure_round_trips(struct bench *bench)
{
    static const struct bench_job echo = {.method = "echo", .params = "[1]", .expected = "[1]"};
    int status = run(bench, &echo, 1, &bench->report.alone);

    return status != 0 ? status : run(bench, &echo, AT_ONCE, &bench->report.together);
}

// How long a step of sum_squares takes here when nothing comes between: the best of some tries.
static double
step_ns(void)
{
    double best_ns = 0;

    for (int i = 0; i < 20; i++) {
        double ns = bench_here(100000, 1000000) * 1e9 / 100000;

        if (i == 0 || ns < best_ns)
            best_ns = ns;
    }
    return best_ns;
}

static int
measure_point(struct bench *bench, size_t index, double ns_per_step)
{
    unsigned long long n = 1 + (unsigned long long)(lengths_us[index] * 1000 / ns_per_step);
    char params[32];
    char expected[41];
    struct bench_job job = {.method = "sum_squares", .params = params, .expected = expected};
    struct bench_times times;
    double seconds = bench_here(n, bench->share_ns);
    int status;

    snprintf(params, sizeof(params), "[%llu]", n);
    expected[format_u128(sum_squares(0, n, 0), expected)] = '\0';
    status = run(bench, &job, AT_ONCE, &times);
    if (status == 0)
        bench->points[index] = (struct bench_point){
            .length_us = lengths_us[index], .here = 1 / seconds, .offloaded = times.per_second};
    return status;
}

static int
print(const struct bench *bench, bool json)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    int status;

    if (out == NULL)
        return report_no_memory();
    if (json)
        bench_print_json(out, &bench->report);
    else
        bench_print(out, &bench->report);
    // output_line adds the last newline.
    status = fclose(out) == 0 ? report_stdout(output_line((struct span){text, length - 1}))
                              : report_no_memory();
    free(text);
    return status;
}

static int
measure(struct bench *bench)
{
    double ns_per_step = step_ns();
    int status = measure_round_trips(bench);

    for (size_t i = 0; i < LENGTH_COUNT && status == 0; i++)
        status = measure_point(bench, i, ns_per_step);
    return status;
}

int
command_bench(const struct options *options)
{
    struct bench bench = {.report = {.at_once = AT_ONCE, .point_count = LENGTH_COUNT}};
    uint64_t seconds = SECONDS_STANDARD;
    int status;

    if (options->argument_count > 0 &&
        !units_parse_number(options->arguments[0], 1, SECONDS_MAX, &seconds)) {
        report_problem("bench takes a whole number of seconds from 1 to %d, not '%s'", SECONDS_MAX,
                       options->arguments[0]);
        return EXIT_STATUS_USAGE;
    }
    status = reach_open(options, NULL, NULL, NULL, &bench.reach);
    if (status != 0)
        return status;
    bench.share_ns = (int64_t)(seconds * 1000000000 / SHARES);
    bench.report.address = offload_address(bench.reach.offload);
    bench.report.points = bench.points;
    status = measure(&bench);
    if (status == 0)
        status = print(&bench, options->json);
    reach_close(&bench.reach);
    return status;
}
