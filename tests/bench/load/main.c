// bench_load: one client process that keeps jobs in flight at a system, checks every answer, and
// prints what it measured as a line of JSON. `compare` says what to run and adds what the system
// itself has used.
#include "protocols.h"

#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static const struct protocol *const protocols[] = {
    &protocol_offload, &protocol_offload_batch, &protocol_offload_gather, &protocol_offload_map,
    &protocol_relay,   &protocol_redis,         &protocol_redis_many,     &protocol_gearman,
    &protocol_nats,    &protocol_beanstalkd,
};

enum {
    PROTOCOL,
    PORT,
    LANES,
    WINDOW,
    BATCH,
    WARM_UP,
    WARM_UP_JOBS,
    SECONDS,
    JOBS,
    WORK,
    STEPS,
    SIZE,
    METHOD,
    STALL,
    WAIT
};

static const struct option options[] = {
    {"protocol", required_argument, NULL, PROTOCOL},
    {"port", required_argument, NULL, PORT},
    {"lanes", required_argument, NULL, LANES},
    {"window", required_argument, NULL, WINDOW},
    {"batch", no_argument, NULL, BATCH},
    {"warm-up", required_argument, NULL, WARM_UP},
    {"warm-up-jobs", required_argument, NULL, WARM_UP_JOBS},
    {"seconds", required_argument, NULL, SECONDS},
    {"jobs", required_argument, NULL, JOBS},
    {"work", required_argument, NULL, WORK},
    {"steps", required_argument, NULL, STEPS},
    {"size", required_argument, NULL, SIZE},
    {"method", required_argument, NULL, METHOD},
    {"stall", required_argument, NULL, STALL},
    {"wait", required_argument, NULL, WAIT},
    {0},
};

static const struct protocol *
protocol_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
        if (strcmp(protocols[i]->name, name) == 0)
            return protocols[i];
    errx(2, "no such protocol: %s", name);
}

static double
number(const char *text)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || value < 0)
        errx(2, "not a number: %s", text);
    return value;
}

static void
set_number(struct settings *settings, int option, double value)
{
    switch (option) {
    case PORT:
        settings->port = (int)value;
        break;
    case LANES:
        settings->lanes = (unsigned)value;
        break;
    case WINDOW:
        settings->window = (size_t)value;
        break;
    case WARM_UP:
        settings->warm_up_s = value;
        break;
    case WARM_UP_JOBS:
        settings->warm_up_jobs = (uint64_t)value;
        break;
    case SECONDS:
        settings->seconds = value;
        break;
    case JOBS:
        settings->jobs = (uint64_t)value;
        break;
    case STEPS:
        settings->work.steps = (uint64_t)value;
        break;
    case SIZE:
        settings->work.size = (size_t)value;
        break;
    case STALL:
        settings->stall_s = value;
        break;
    case WAIT:
        settings->wait_s = value;
        break;
    }
}

static void
set(struct settings *settings, int option, const char *value)
{
    if (option == PROTOCOL)
        settings->protocol = protocol_by_name(value);
    else if (option == METHOD)
        settings->method = value;
    else if (option == BATCH)
        settings->batch = true;
    else if (option != WORK)
        set_number(settings, option, number(value));
    else if (!work_by_name(&settings->work, value))
        errx(2, "no such work: %s", value);
}

static void
print(const struct outcome *outcome)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    printf("{\"jobs\":%llu,\"seconds\":%.6f,\"all_jobs\":%llu,\"p50_us\":%.2f,\"p99_us\":%.2f,"
           "\"answered_at\":%.6f,\"cpu_seconds\":%.6f}\n",
           (unsigned long long)outcome->jobs, outcome->seconds,
           (unsigned long long)outcome->all_jobs, outcome->p50_us, outcome->p99_us,
           outcome->answered_at_s,
           (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

int
main(int argc, char **argv)
{
    struct settings settings = {
        .lanes = 1, .window = 1, .warm_up_s = 0.1, .seconds = 1, .stall_s = 20, .method = "echo"};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == '?')
            return 2;
        set(&settings, option, optarg);
    }
    if (settings.protocol == NULL || settings.port == 0 || settings.lanes == 0 ||
        settings.window == 0 || optind < argc)
        errx(2, "usage: bench_load --protocol NAME --port N [OPTION...]; see load/main.c");
    work_prepare(&settings.work);
    struct outcome outcome = load_run(&settings);
    print(&outcome);
    free(settings.work.padding);
    return 0;
}
