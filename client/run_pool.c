// See run_pool.h.
#include "client/run_pool.h"

#include "client/options.h"
#include "client/run_child.h"
#include "common/member.h"
#include "common/message.h"
#include "common/scanner.h"

#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// The configuration has no quoting: a path that needs it is reached in another way.
static void
own_path(char into[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", into, PATH_MAX - 1);

    if (length > 0) {
        into[length] = '\0';
        if (strpbrk(into, " \t\r\n;{}") == NULL)
            return;
    }
    snprintf(into, PATH_MAX, "/proc/%d/exe", (int)getpid());
}

bool
run_pool_options(const struct options *options, unsigned slots, struct options *ret)
{
    char path[PATH_MAX];
    char *own[4] = {NULL};
    size_t count = sizeof(own) / sizeof(own[0]);
    bool good;

    own_path(path);
    *ret = *options;
    ret->local = true;
    ret->sets = calloc(count + options->set_count + 1, sizeof(char *));
    good = ret->sets != NULL;
    if (asprintf(&own[0], "pool.run.command=%s " RUN_CHILD_WORD, path) < 0)
        own[0] = NULL;
    if (asprintf(&own[1], "pool.run.processes=%u", slots) < 0)
        own[1] = NULL;
    own[2] = strdup("pool.run.methods=" RUN_POOL_METHOD);
    own[3] = strdup("pool.cpu.processes=0..1"); // the built-in one has nothing to do
    for (size_t i = 0; i < count; i++) {
        good = good && own[i] != NULL;
        if (ret->sets != NULL)
            ret->sets[i] = own[i];
        else
            free(own[i]);
    }
    if (ret->sets == NULL)
        return false;
    for (size_t i = 0; i < options->set_count; i++)
        ret->sets[count + i] = options->sets[i];
    ret->set_count = count + options->set_count;
    if (!good)
        run_pool_done(ret);
    return good;
}

void
run_pool_done(struct options *options)
{
    for (size_t i = 0; i < 4; i++) // those that are ours
        free((char *)(uintptr_t)options->sets[i]);
    free(options->sets);
    options->sets = NULL;
}

char *
run_pool_call(const struct job *job, int64_t timeout_us, size_t *ret_length)
{
    char *told = NULL, *quoted = NULL, *call = NULL;
    size_t length;
    int written =
        asprintf(&told, "{\"seq\":%" PRIu64 ",\"client\":%d,\"files\":[%d,%d],\"argv\":%s}",
                 job->seq, (int)getpid(), job->files[0], job->files[1], job->params.at);

    if (written < 0)
        return NULL;
    quoted = message_quote((struct span){told, (size_t)written}, &length);
    free(told);
    if (quoted == NULL)
        return NULL;
    if (timeout_us > 0)
        written = asprintf(&call, "{\"stdin\":%s,\"timeouts\":{\"run\":%.6f}}", quoted,
                           (double)timeout_us / 1e6);
    else
        written = asprintf(&call, "{\"stdin\":%s}", quoted);
    free(quoted);
    if (written < 0)
        return NULL;
    *ret_length = (size_t)written;
    return call;
}

static int
signal_number(struct span name)
{
    for (int i = 1; i < NSIG; i++) {
        const char *abbreviation = sigabbrev_np(i);

        if (abbreviation != NULL && name.length == strlen(abbreviation) + 5 &&
            memcmp(name.at + 4, abbreviation, name.length - 5) == 0)
            return i;
    }
    return 0;
}

bool
run_pool_exit(struct span error, int *ret_exit)
{
    struct span data = member_find(error, "data");
    struct span cause = member_find(data, "cause");
    int number;

    if (span_is(cause, "\"exit\"") && member_int(member_find(data, "exit_code"), ret_exit))
        return true;
    if (!span_is(cause, "\"signal\"") && !span_is(cause, "\"oom\""))
        return false;
    number = signal_number(member_find(data, "signal")); // "SIG..." in quotes
    if (number > 0)
        *ret_exit = 128 + number;
    return number > 0;
}
