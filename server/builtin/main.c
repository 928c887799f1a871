// offload-worker: the built-in worker process. offloadd starts it; by hand it is a filter that
// answers JSON-RPC requests on stdin, a line each.
#include "builtin/plugin.h"
#include "builtin/serve.h"
#include "builtin/streams.h"
#include "common/errors.h"
#include "common/limits.h"
#include "common/scanner.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#ifdef OFFLOAD_SANITIZED
// A worker that is sent SIGSEGV has to die of it here too: a sanitizer's handler would make an exit
// status of it, or hang when the signal came at a bad moment. Each asks its own function.
const char *__asan_default_options(void);
const char *__tsan_default_options(void);

const char *
__asan_default_options(void)
{
    return "handle_segv=0";
}

const char *
__tsan_default_options(void)
{
    return "handle_segv=0";
}
#endif

static const char help[] =
    "Usage: offload-worker [--threads N] [--line-max BYTES] [--prefetch]\n"
    "                      [--plugin FILE [--methods LIST] [--depth-max N]]\n"
    "Answer JSON-RPC 2.0 requests from standard input on standard output, a line each:\n"
    "echo, sum_squares; or the methods of a plug-in, see offload-plugin(3). With --prefetch "
    "requests\n"
    "that would have to wait for a long one are given back, as offload-worker(7) describes.\n"
    "Started by offloadd for pools with `builtin = yes` or `plugin = FILE`.\n";

static const struct option options[] = {
    {"threads", required_argument, NULL, 't'},
    {"line-max", required_argument, NULL, 'l'},
    {"depth-max", required_argument, NULL, 'd'},
    {"plugin", required_argument, NULL, 'p'},
    {"methods", required_argument, NULL, 'm'},
    {"prefetch", no_argument, NULL, 'a'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {0},
};

struct arguments {
    unsigned long threads;
    unsigned long line_max;
    unsigned long depth_max;
    const char *plugin;  // NULL: none
    const char *methods; // of the plug-in, that will be called: words; NULL: not known
    bool prefetch;
};

static bool
parse_count(const char *text, unsigned long least, unsigned long most, unsigned long *ret)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value < least || value > most)
        return false;
    *ret = value;
    return true;
}

static int
run(const struct serve_settings *settings)
{
    int error = serve(settings);

    if (error == 0)
        return 0;
    fprintf(stderr, "offload-worker: %s\n", strerror(-error));
    return EX_OSERR;
}

// A slip in the configuration's list would else be found by the first call.
static void
warn_of_missing(const struct plugin *plugin, const char *path, const char *methods)
{
    for (const char *at = methods; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, " ");

        if (!plugin_has(plugin, (struct span){.at = at, .length = length}))
            fprintf(stderr, "offload-worker: plug-in %s: it has no method '%.*s'\n", path,
                    (int)length, at);
        at += length + strspn(at + length, " ");
    }
}

static int
run_plugin(struct serve_settings *settings, const char *path, const char *methods)
{
    struct plugin_fault fault;
    struct streams streams;
    int error = streams_take(&streams);
    int status;

    if (error != 0) {
        fprintf(stderr, "offload-worker: %s\n", strerror(-error));
        return EX_OSERR;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); // it goes to the log now
    settings->streams = &streams;
    settings->plugin = plugin_load(path, &fault);
    if (settings->plugin == NULL) {
        fprintf(stderr, "offload-worker: plug-in %s: %s\n", path, fault.text);
        status = EXIT_STATUS_CONFIG;
    } else {
        warn_of_missing(settings->plugin, path, methods);
        status = run(settings);
    }
    plugin_free(settings->plugin);
    streams_close(&streams);
    return status;
}

static int
run_arguments(const struct arguments *arguments)
{
    struct serve_settings settings = {
        .threads = (unsigned)arguments->threads,
        .line_max = arguments->line_max,
        .prefetch = arguments->prefetch,
        .depth_max = SCANNER_DEPTH_LIMIT,
        .answer_depth_max = (unsigned)arguments->depth_max,
    };

    signal(SIGPIPE, SIG_IGN);
    if (arguments->plugin == NULL)
        return run(&settings);
    return run_plugin(&settings, arguments->plugin, arguments->methods);
}

static bool
apply_option(struct arguments *arguments, int option, const char *value)
{
    switch (option) {
    case 't':
        return parse_count(value, 1, 1024, &arguments->threads);
    case 'l':
        return parse_count(value, 1, 1UL << 40, &arguments->line_max);
    case 'd':
        return parse_count(value, PLUGIN_DEPTH_MIN, SCANNER_DEPTH_LIMIT, &arguments->depth_max);
    case 'a':
        arguments->prefetch = true;
        return true;
    case 'm':
        arguments->methods = value;
        return true;
    case 'p':
        arguments->plugin = value;
        return true;
    default:
        return false;
    }
}

int
main(int argc, char **argv)
{
    struct arguments arguments = {
        .threads = 1, .line_max = LIMIT_LINE_MAX, .depth_max = LIMIT_DEPTH_MAX};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (option == 'V') {
            puts("offload-worker " OFFLOAD_VERSION);
            return 0;
        }
        if (!apply_option(&arguments, option, optarg)) {
            fputs("Try 'offload-worker --help'.\n", stderr);
            return EXIT_STATUS_USAGE;
        }
    }
    return run_arguments(&arguments);
}
