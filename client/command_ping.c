// offload ping [COUNT]: is the daemon there, and how long does a round take?
#include "client/ask.h"
#include "client/command.h"
#include "client/options.h"
#include "client/output.h"
#include "client/report.h"
#include "common/clock.h"
#include "common/errors.h"
#include "common/units.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT_MAX 1000000

// One round; prints it.
static int
ping_once(struct ask *ask, struct output *output, int64_t *ret_ns)
{
    struct offload_answer answer;
    int64_t start_ns = clock_ns();
    char text[512];
    int status = ask_control(ask, "server.ping", &answer);
    int length;

    if (status != 0)
        return status;
    *ret_ns = clock_ns() - start_ns;
    offload_answer_done(&answer);
    length = snprintf(text, sizeof(text), "pong from %s: %.3f ms\n", ask_address(ask),
                      (double)*ret_ns / 1e6);
    output_add(output, (struct span){text, (size_t)length});
    return report_stdout(output_finish(output));
}

static int
compare(const void *a, const void *b)
{
    int64_t first = *(const int64_t *)a;
    int64_t second = *(const int64_t *)b;

    return (first > second) - (first < second);
}

static int
print_summary(struct output *output, int64_t *times_ns, size_t count)
{
    char text[128];
    int64_t median_ns;
    int length;

    qsort(times_ns, count, sizeof(*times_ns), compare);
    median_ns = (times_ns[(count - 1) / 2] + times_ns[count / 2]) / 2;
    length = snprintf(text, sizeof(text), "min %.3f ms, median %.3f ms, max %.3f ms\n",
                      (double)times_ns[0] / 1e6, (double)median_ns / 1e6,
                      (double)times_ns[count - 1] / 1e6);
    output_add(output, (struct span){text, (size_t)length});
    return report_stdout(output_finish(output));
}

static int
ping(struct ask *ask, size_t count)
{
    struct output *output = output_new(NULL, NULL, NULL);
    int64_t *times_ns = calloc(count, sizeof(*times_ns));
    int status = 0;

    if (output == NULL || times_ns == NULL) {
        status = report_no_memory();
        goto out;
    }
    for (size_t i = 0; i < count && status == 0; i++)
        status = ping_once(ask, output, &times_ns[i]);
    if (status == 0 && count > 1)
        status = print_summary(output, times_ns, count);
out:
    free(times_ns);
    output_free(output);
    return status;
}

int
command_ping(const struct options *options)
{
    uint64_t count = 1;
    struct ask *ask;
    int status;

    if (options->argument_count > 0 &&
        !units_parse_number(options->arguments[0], 1, COUNT_MAX, &count)) {
        report_problem("ping takes a whole number from 1 to %d, not '%s'", COUNT_MAX,
                       options->arguments[0]);
        return EXIT_STATUS_USAGE;
    }
    status = ask_open(options, &ask);
    if (status != 0)
        return status;
    status = ping(ask, count);
    ask_close(ask);
    return status;
}
