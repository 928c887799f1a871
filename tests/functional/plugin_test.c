// A plug-in with a method for each thing that a plug-in may do, and for some that it must not.
// Built again with other macros it is one that must be refused.
#include <errno.h>
#include <offload-plugin.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef PLUGIN_TEST_ABI
#define PLUGIN_TEST_ABI OFFLOAD_PLUGIN_ABI
#endif
#ifndef PLUGIN_TEST_OPEN
#define PLUGIN_TEST_OPEN 0
#endif

static void
run_raw(struct offload_job *job)
{
    size_t length;
    const char *params = offload_params(job, &length);

    offload_result(job, params, length);
}

static void
run_parsed(struct offload_job *job)
{
    const json_t *params = offload_params_json(job);

    if (params != NULL)
        offload_result_json(job, json_deep_copy(params));
}

static void
run_own_error(struct offload_job *job)
{
    offload_error(job, -5, "my own", json_pack("[f]", 0.5));
}

static void
run_nothing(struct offload_job *job)
{
    (void)job;
}

static void
run_bad_json(struct offload_job *job)
{
    offload_result(job, "1}\n{", 4);
}

static void
run_two_lines(struct offload_job *job)
{
    offload_result(job, "[\n1]", 4);
}

// As large as the params say, in bytes.
static void
run_large(struct offload_job *job)
{
    size_t size = (size_t)json_integer_value(json_array_get(offload_params_json(job), 0));
    char *text = malloc(size);

    if (text == NULL)
        abort();
    memset(text, '1', size);
    offload_result(job, text, size);
    free(text);
}

// As deep as the params say.
static void
run_deep(struct offload_job *job)
{
    size_t depth = (size_t)json_integer_value(json_array_get(offload_params_json(job), 0));
    char text[256];

    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    offload_result(job, text, 2 * depth);
}

// Writes to stdout as if it were its own, and waits for a line on stdin.
static void
run_chatter(struct offload_job *job)
{
    puts("a line of a plug-in");
    fflush(stdout);
    offload_result_json(job, json_boolean(getchar() == EOF));
}

static void
run_progress(struct offload_job *job)
{
    offload_progress(job, OFFLOAD_REPORT, "0.5", 3);
    offload_progress_json(job, OFFLOAD_PARTIAL, json_pack("[i]", 1));
    offload_result(job, "true", 4);
}

static void
run_wait(struct offload_job *job)
{
    offload_progress(job, OFFLOAD_REPORT, "0", 1);
    while (!offload_cancelled(job))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

// Takes the name of a built-in method: of four it is quick, of more it never ends.
static void
run_sum_squares(struct offload_job *job)
{
    if (json_integer_value(json_array_get(offload_params_json(job), 0)) == 4)
        offload_result(job, "14", 2);
    else
        run_wait(job);
}

static void
run_crash(struct offload_job *job)
{
    (void)job;
    signal(SIGSEGV, SIG_DFL); // not a sanitizer's
    kill(getpid(), SIGSEGV);
    for (;;)
        pause();
}

static int
open_test(void **ret_state)
{
    puts("opened");
    *ret_state = NULL;
    return PLUGIN_TEST_OPEN;
}

static void
close_test(void *state)
{
    (void)state;
    puts("closed");
}

static const struct offload_method methods[] = {
    {"raw", run_raw},
    {"parsed", run_parsed},
    {"own_error", run_own_error},
    {"nothing", run_nothing},
    {"bad_json", run_bad_json},
    {"two_lines", run_two_lines},
    {"large", run_large},
    {"deep", run_deep},
    {"chatter", run_chatter},
    {"progress", run_progress},
    {"wait", run_wait},
    {"sum_squares", run_sum_squares},
    {"crash", run_crash},
    {NULL, NULL},
};

const struct offload_plugin offload_plugin = {PLUGIN_TEST_ABI, "test", methods, open_test,
                                              close_test};
