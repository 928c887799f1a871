// offload-worker: the built-in worker process. offloadd starts it; by hand it is a filter that
// answers JSON-RPC requests on stdin, a line each.
#include "builtin/serve.h"
#include "common/errors.h"
#include "common/scanner.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#ifdef __has_feature
#define ADDRESS_SANITIZER __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER 1
#else
#define ADDRESS_SANITIZER 0
#endif

#if ADDRESS_SANITIZER
// A worker that is sent SIGSEGV has to die of it here too: the sanitizer's handler would make an
// exit status of it, or hang when the signal came at a bad moment.
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
    return "handle_segv=0";
}
#endif

static const char help[] =
    "Usage: offload-worker [--threads N] [--line-max BYTES]\n"
    "Answer JSON-RPC 2.0 requests from standard input on standard output, a line each:\n"
    "echo, sum_squares. Started by offloadd for pools with `builtin = yes`.\n";

static const struct option options[] = {
    {"threads", required_argument, NULL, 't'},
    {"line-max", required_argument, NULL, 'l'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {0},
};

static bool
parse_count(const char *text, unsigned long most, unsigned long *ret)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value < 1 || value > most)
        return false;
    *ret = value;
    return true;
}

static int
run(const struct serve_settings *settings)
{
    int error;

    signal(SIGPIPE, SIG_IGN);
    error = serve(settings);
    if (error == 0)
        return 0;
    fprintf(stderr, "offload-worker: %s\n", strerror(-error));
    return EX_OSERR;
}

int
main(int argc, char **argv)
{
    unsigned long threads = 1;
    unsigned long line_max = (unsigned long)4 << 20;
    struct serve_settings settings;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        bool good = true;

        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (option == 'V') {
            puts("offload-worker " OFFLOAD_VERSION);
            return 0;
        }
        if (option == 't')
            good = parse_count(optarg, 1024, &threads);
        else if (option == 'l')
            good = parse_count(optarg, 1UL << 40, &line_max);
        if (!good || option == '?') {
            fputs("Try 'offload-worker --help'.\n", stderr);
            return EXIT_STATUS_USAGE;
        }
    }
    settings = (struct serve_settings){
        .threads = (unsigned)threads, .line_max = line_max, .depth_max = SCANNER_DEPTH_LIMIT};
    return run(&settings);
}
