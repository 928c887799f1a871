// offload call METHOD [PARAMS|key=value...]: one call, its result on stdout byte for byte.
#include "client/ask.h"
#include "client/call_text.h"
#include "client/command.h"
#include "client/loop.h"
#include "client/options.h"
#include "client/output.h"
#include "client/params.h"
#include "client/report.h"
#include "common/errors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define STDIN_MAX ((size_t)64 << 20) // bytes of params

// All of stdin; malloc, caller frees.
static int
read_stdin(char **ret_text, size_t *ret_length)
{
    size_t capacity = 65536;
    size_t length = 0;
    char *text = malloc(capacity);
    ssize_t size = 1;

    while (text != NULL && length < STDIN_MAX && size != 0) {
        if (length == capacity) {
            char *larger = realloc(text, capacity *= 2);

            if (larger == NULL)
                free(text);
            text = larger;
            continue;
        }
        size = read(STDIN_FILENO, text + length, capacity - length);
        if (size < 0 && errno != EINTR)
            break;
        length += size > 0 ? (size_t)size : 0;
    }
    if (text == NULL)
        return report_no_memory();
    if (size == 0) {
        *ret_text = text;
        *ret_length = length;
        return 0;
    }
    if (size < 0)
        report_problem("cannot read stdin: %s", strerror(errno));
    else
        report_problem("the params on stdin are longer than 64 MiB");
    free(text);
    return size < 0 ? REPORT_STATUS_IO : EXIT_STATUS_USAGE;
}

// "-" alone stands for a JSON array or object on stdin.
static int
words_to_call(const struct span *words, size_t count, struct call_text *ret)
{
    struct span given = {0};
    char *text = NULL;
    char *problem = NULL;
    int status = 0;
    bool good;

    if (count == 2 && span_is(words[1], "-")) {
        status = read_stdin(&text, &given.length);
        if (status != 0)
            return status;
        given.at = text;
        if (!params_is_json(given)) {
            report_problem("stdin holds no JSON array or object");
            free(text);
            return EXIT_STATUS_USAGE;
        }
    }
    good = text != NULL ? call_text_from_words(words[0], &given, 1, ret, &problem)
                        : call_text_from_words(words[0], words + 1, count - 1, ret, &problem);
    if (!good) {
        report_problem("%s", problem != NULL ? problem : "out of memory");
        status = EXIT_STATUS_USAGE;
    }
    free(problem);
    free(text);
    return status;
}

static int
read_call(const struct options *options, struct call_text *ret)
{
    size_t count = (size_t)options->argument_count;
    struct span *words = calloc(count, sizeof(*words));
    int status;

    if (words == NULL)
        return report_no_memory();
    for (size_t i = 0; i < count; i++)
        words[i] = span_of(options->arguments[i]);
    status = words_to_call(words, count, ret);
    free(words);
    return status;
}

static int
print_reply(const struct options *options, const struct ask_reply *reply)
{
    struct span whole = {reply->line, reply->length};
    int status;

    if (!options->json)
        return reply->failed ? report_error(NULL, reply->value)
                             : report_stdout(output_line(reply->value));
    status = report_stdout(output_line(whole));
    return status == 0 && reply->failed ? report_error_status(reply->value) : status;
}

// Progress is for people: a line each on stderr.
static void
print_progress(struct span value)
{
    fprintf(stderr, "%.*s\n", (int)value.length, value.at);
}

// The same call through job.run, which can carry the wish to hear of its progress.
static int
ask_with_progress(struct ask *ask, struct span method, struct span params, struct ask_reply *ret)
{
    char *wrapped;
    int length = asprintf(&wrapped, "{\"method\":\"%.*s\",%s%.*s%s\"options\":{\"progress\":true}}",
                          (int)method.length, method.at, params.length > 0 ? "\"params\":" : "",
                          (int)params.length, params.at, params.length > 0 ? "," : "");
    int status;

    if (length < 0)
        return report_no_memory();
    ask_on_progress(ask, print_progress);
    status = ask_request(ask, SPAN("job.run"), (struct span){wrapped, (size_t)length},
                         LOOP_NO_TIMEOUT, ret);
    free(wrapped);
    return status;
}

int
command_call(const struct options *options)
{
    struct call_text call = {0};
    struct ask_reply reply = {0};
    struct ask *ask = NULL;
    int status = read_call(options, &call);

    if (status != 0)
        return status;
    struct span method = {call.method, call.method_length};
    struct span params = {call.params, call.params_length};

    status = ask_open(options, &ask);
    if (status == 0 && options->notify)
        status = ask_notify(ask, method, params);
    else if (status == 0 && options->progress)
        status = ask_with_progress(ask, method, params, &reply);
    else if (status == 0)
        status = ask_request(ask, method, params, LOOP_NO_TIMEOUT, &reply);
    if (status == 0 && !options->notify)
        status = print_reply(options, &reply);
    ask_reply_done(&reply);
    ask_close(ask);
    call_text_done(&call);
    return status;
}
