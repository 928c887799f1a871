// See serve.h. Input, and what a line means; who runs the jobs is in alone.c and threads.c.
#include "builtin/serve.h"

#include "builtin/jobs.h"
#include "builtin/plugin.h"
#include "builtin/serve_internal.h"
#include "builtin/streams.h"

#include <errno.h>
#include <poll.h>
#include <sysexits.h>
#include <unistd.h>

#define READ_SIZE 65536

// Which thread runs the jobs.
struct manner {
    int (*take_line)(struct service *service, char *line, size_t length);
    void (*idle)(struct service *service);
};

// ---- answers -------------------------------------------------------------------------------

void
service_answer_error(struct service *service, struct span id, enum error_code code)
{
    struct job_answer answer = {0};

    job_answer_code(&answer, code);
    if (answer.owned != NULL)
        output_answer(&service->output, id, true, answer.body);
    free(answer.owned);
}

static void
run_plugin(struct service *service, const struct message *message, const atomic_bool *cancelled,
           struct job_answer *ret_answer)
{
    const struct serve_settings *settings = service->settings;
    const struct plugin_call call = {
        .id = message->id,
        .method = message->method,
        .params = message->params,
        .cancelled = cancelled,
        .output = &service->output,
        .line_max = settings->line_max,
        .depth_max = settings->answer_depth_max,
    };

    plugin_run(settings->plugin, &call, ret_answer);
}

void
service_answer(struct service *service, const struct message *message, const atomic_bool *cancelled,
               const struct pulse *pulse)
{
    struct job_answer answer;

    if (service->settings->plugin != NULL)
        run_plugin(service, message, cancelled, &answer);
    else
        jobs_run(message->method, message->params, pulse, &answer);
    if (!span_present(answer.body))
        _exit(EX_OSERR); // out of memory: the death certificate says it better than we can
    if (message->kind == MESSAGE_REQUEST)
        output_answer(&service->output, message->id, answer.failed, answer.body);
    free(answer.owned);
}

// ---- input ---------------------------------------------------------------------------------

const struct message *
service_parse(struct service *service, char *line, size_t length)
{
    struct message_limits limits = {.depth_max = service->settings->depth_max, .batch_max = 1};
    struct messages *messages = &service->messages;
    const struct message *message;

    if (messages_parse(messages, line, length, &limits, NULL) != MESSAGES_OK || messages->batch) {
        service_answer_error(service, (struct span){0}, ERROR_PARSE);
        return NULL;
    }
    message = &messages->items[0];
    if (message->kind == MESSAGE_REQUEST || message->kind == MESSAGE_NOTIFICATION)
        return message;
    service_answer_error(service, message->id, ERROR_INVALID_REQUEST);
    return NULL;
}

bool
service_readable(const struct service *service, int timeout_ms)
{
    struct pollfd look = {.fd = service->input, .events = POLLIN};

    return poll(&look, 1, timeout_ms) == 1;
}

int
service_read(struct service *service)
{
    size_t size;
    char *room = lines_room(&service->lines, READ_SIZE, &size);
    ssize_t n;

    if (room == NULL)
        return -ENOMEM;
    do {
        n = read(service->input, room, size);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    // A last line without its newline is half a request: the daemon died.
    service->ended = n == 0;
    lines_filled(&service->lines, (size_t)n);
    return 0;
}

static int
take_lines(struct service *service, const struct manner *manner)
{
    size_t length;
    char *line;
    int error;

    for (;;) {
        switch (lines_next(&service->lines, &line, &length)) {
        case LINES_MORE:
            return 0;
        case LINES_LINE:
            if ((error = manner->take_line(service, line, length)) != 0)
                return error;
            break;
        case LINES_TOO_LONG:
            service_answer_error(service, (struct span){0}, ERROR_INVALID_REQUEST);
            break;
        }
    }
}

static int
serve_input(struct service *service, const struct manner *manner)
{
    int error = 0;

    while (error == 0 && !service->ended) {
        manner->idle(service);
        error = service_read(service);
        if (error == 0)
            error = take_lines(service, manner);
    }
    return error;
}

// ---- beginning and end ---------------------------------------------------------------------

// The plug-in is open and every thread is there.
static void
announce(struct service *service)
{
    bool prefetch = service->settings->prefetch;
    struct span params = prefetch ? SPAN("{\"prefetch\":true}") : SPAN("{}");
    struct iovec iov[MESSAGE_IOV_MAX + 1];
    int count;

    if (service->settings->plugin != NULL)
        params = prefetch ? SPAN("{\"cancel\":true,\"prefetch\":true}") : SPAN("{\"cancel\":true}");
    else if (!prefetch)
        return;
    count = message_request_iov(iov, (struct span){0}, SPAN("worker.ready"), params);
    output_line(&service->output, iov, count);
}

static int
serve_with_threads(struct service *service)
{
    static const struct manner manner = {.take_line = threads_take_line, .idle = threads_idle};
    pthread_t *threads;
    unsigned started;
    int error = threads_start(service, &threads, &started);

    if (error == 0) {
        announce(service);
        error = serve_input(service, &manner);
    }
    threads_finish(service, threads, started);
    return error;
}

static int
serve_alone(struct service *service)
{
    static const struct manner manner = {.take_line = alone_take_line, .idle = alone_idle};

    output_hold(&service->output);
    announce(service);
    return serve_input(service, &manner);
}

int
serve(const struct serve_settings *settings)
{
    const struct streams *streams = settings->streams;
    bool threaded = settings->threads > 1 || settings->plugin != NULL;
    struct service service = {
        .settings = settings,
        .input = streams != NULL ? streams->input : STDIN_FILENO,
    };
    int error;

    lines_init(&service.lines, settings->line_max);
    output_init(&service.output, streams != NULL ? streams->output : STDOUT_FILENO);
    give_back_init(&service.give_back, &service.output);
    messages_init(&service.messages);
    error = threaded ? serve_with_threads(&service) : serve_alone(&service);
    messages_done(&service.messages);
    output_done(&service.output);
    lines_done(&service.lines);
    return error;
}
