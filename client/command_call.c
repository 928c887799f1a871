// offload call METHOD [PARAMS|key=value...]: one call, its result on stdout byte for byte.
#include "client/ask.h"
#include "client/call_text.h"
#include "client/command.h"
#include "client/options.h"
#include "client/output.h"
#include "client/params.h"
#include "client/report.h"
#include "client/retry.h"
#include "common/errors.h"
#include "common/member.h"
#include "common/message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define STDIN_MAX  ((size_t)64 << 20) // bytes of params
#define BUSY_TRIES 10                 // when the daemon is full

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

// The response as the daemon sent it: the only call of its connection has the id 1.
static int
print_response(const struct offload_answer *answer)
{
    struct span value = {answer->json, answer->length};
    struct iovec pieces[MESSAGE_IOV_MAX];
    int count = answer->outcome == OFFLOAD_ERROR ? message_error_iov(pieces, SPAN("1"), value)
                                                 : message_result_iov(pieces, SPAN("1"), value);
    size_t length;
    char *line = message_join(pieces, count, &length);
    int status;

    if (line == NULL)
        return report_no_memory();
    status = report_stdout(output_line((struct span){line, length}));
    free(line);
    return status;
}

// Only a command's result says so: what is missing is nowhere else.
static void
warn_of_truncation(struct span result)
{
    static const char *const streams[] = {"stdout", "stderr"};

    if (!span_is(member_find(result, "truncated"), "true") ||
        !span_present(member_find(result, "exit_code")))
        return;
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
        char name[32];
        struct span bytes;

        snprintf(name, sizeof(name), "%s_bytes", streams[i]);
        bytes = member_find(result, name);
        if (span_present(bytes))
            report_problem("%s is cut: the command wrote %.*s bytes, of which the daemon keeps the "
                           "beginning",
                           streams[i], (int)bytes.length, bytes.at);
    }
}

static int
print_answer(const struct options *options, const struct offload_answer *answer)
{
    struct span value = {answer->json, answer->length};
    bool failed = answer->outcome == OFFLOAD_ERROR;
    int status;

    if (!failed)
        warn_of_truncation(value);
    if (!options->json)
        return failed ? report_error(NULL, value) : report_stdout(output_line(value));
    status = print_response(answer);
    return status == 0 && failed ? error_exit_status(answer->code) : status;
}

// Progress is for people: a line each on stderr.
static void
progress_cb(void *context, const char *json, size_t length)
{
    (void)context;
    fprintf(stderr, "%.*s\n", (int)length, json);
}

static void
pause_us(int64_t us)
{
    struct timespec pause = {us / 1000000, us % 1000000 * 1000};

    nanosleep(&pause, NULL);
}

// Asks again as long as the daemon is full, when it has said that it makes sense.
static int
ask_patiently(struct ask *ask, const struct offload_call *call, struct offload_answer *ret)
{
    for (int tries = 1;; tries++) {
        int status = ask_request(ask, call, OFFLOAD_FOREVER, ret);
        int64_t delay_us;

        if (status != 0 || ret->outcome != OFFLOAD_ERROR || ret->code != ERROR_BUSY ||
            tries == BUSY_TRIES)
            return status;
        delay_us = retry_busy_us((struct span){ret->json, ret->length});
        if (delay_us < 0)
            return status;
        offload_answer_done(ret);
        pause_us(delay_us);
    }
}

static int
make_call(const struct options *options, const struct offload_call *call)
{
    struct offload_answer answer;
    struct ask *ask;
    int status = ask_open(options, &ask);

    if (status != 0)
        return status;
    if (options->notify) {
        status = ask_notify(ask, call);
    } else {
        status = ask_patiently(ask, call, &answer);
        if (status == 0) {
            status = print_answer(options, &answer);
            offload_answer_done(&answer);
        }
    }
    ask_close(ask);
    return status;
}

int
command_call(const struct options *options)
{
    struct call_text text = {0};
    int status = read_call(options, &text);

    if (status != 0)
        return status;
    struct offload_call call = {
        .method = text.method,
        .method_length = text.method_length,
        .params = text.params,
        .params_length = text.params_length,
        .progress = options->progress ? progress_cb : NULL,
    };

    status = make_call(options, &call);
    call_text_done(&text);
    return status;
}
