// See serve.h. One thread reads. It works too, unless there are several or a plug-in: then each
// request is a task for the others (tasks.h), and a cancel finds its task.
#include "builtin/serve.h"

#include "builtin/jobs.h"
#include "builtin/output.h"
#include "builtin/plugin.h"
#include "builtin/streams.h"
#include "builtin/tasks.h"
#include "common/arguments.h"
#include "common/errors.h"
#include "common/lines.h"
#include "common/message.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#define READ_SIZE 65536

struct service {
    const struct serve_settings *settings;
    int input;
    bool threaded;
    struct output output;
    struct tasks tasks;       // threaded
    struct messages messages; // the reading thread's
};

// ---- answers -------------------------------------------------------------------------------

static void
answer_error(struct service *service, struct span id, enum error_code code)
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

static void
answer_message(struct service *service, const struct message *message, const atomic_bool *cancelled)
{
    struct job_answer answer;

    if (service->settings->plugin != NULL)
        run_plugin(service, message, cancelled, &answer);
    else
        jobs_run(message->method, message->params, &answer);
    if (!span_present(answer.body))
        _exit(EX_OSERR); // out of memory: the death certificate says it better than we can
    if (message->kind == MESSAGE_REQUEST)
        output_answer(&service->output, message->id, answer.failed, answer.body);
    free(answer.owned);
}

// The job of a line; NULL if it is none and has been answered.
static const struct message *
parse_line(struct service *service, char *line, size_t length)
{
    struct message_limits limits = {.depth_max = service->settings->depth_max, .batch_max = 1};
    struct messages *messages = &service->messages;
    const struct message *message;

    if (messages_parse(messages, line, length, &limits, NULL) != MESSAGES_OK || messages->batch) {
        answer_error(service, (struct span){0}, ERROR_PARSE);
        return NULL;
    }
    message = &messages->items[0];
    if (message->kind == MESSAGE_REQUEST || message->kind == MESSAGE_NOTIFICATION)
        return message;
    answer_error(service, message->id, ERROR_INVALID_REQUEST);
    return NULL;
}

// ---- threads -------------------------------------------------------------------------------

static void *
thread_main(void *context)
{
    struct service *service = context;
    struct task *task;

    while ((task = tasks_next(&service->tasks)) != NULL) {
        answer_message(service, &task->message, &task->cancelled);
        tasks_finish(&service->tasks, task);
    }
    return NULL;
}

// A job that runs is told; one that still waits is answered at once. Anything else is no job of
// ours, or one that is done, and no fault.
static void
cancel(struct service *service, struct span params)
{
    static const struct argument id_argument = {.name = "id", .expected = "the id of a request"};
    struct argument_fault fault;
    enum json_kind kind;
    struct task *task;
    struct span id;

    if (!argument_find(&id_argument, params, &id, &kind, &fault))
        return;
    task = tasks_cancel(&service->tasks, id);
    if (task != NULL)
        answer_error(service, task->message.id, ERROR_CANCELLED);
    free(task);
}

static int
take_task(struct service *service, const char *line, size_t length)
{
    struct task *task = task_new(line, length);
    const struct message *message;

    if (task == NULL)
        return -ENOMEM;
    message = parse_line(service, task->line, length);
    if (message != NULL && message->kind == MESSAGE_NOTIFICATION &&
        span_is(message->method, "$/cancelRequest")) {
        cancel(service, message->params);
    } else if (message != NULL) {
        task->message = *message;
        tasks_add(&service->tasks, task);
        return 0;
    }
    free(task);
    return 0;
}

// ---- input ---------------------------------------------------------------------------------

static int
take_line(struct service *service, char *line, size_t length)
{
    static const atomic_bool never;
    const struct message *message;

    if (service->threaded)
        return take_task(service, line, length);
    message = parse_line(service, line, length);
    if (message != NULL)
        answer_message(service, message, &never);
    return 0;
}

static int
take_lines(struct service *service, struct lines *lines)
{
    size_t length;
    char *line;
    int error;

    for (;;) {
        switch (lines_next(lines, &line, &length)) {
        case LINES_MORE:
            return 0;
        case LINES_LINE:
            if ((error = take_line(service, line, length)) != 0)
                return error;
            break;
        case LINES_TOO_LONG:
            answer_error(service, (struct span){0}, ERROR_INVALID_REQUEST);
            break;
        }
    }
}

static int
read_input(struct service *service, struct lines *lines)
{
    for (;;) {
        size_t size;
        char *room = lines_room(lines, READ_SIZE, &size);
        ssize_t n;
        int error;

        if (room == NULL)
            return -ENOMEM;
        n = read(service->input, room, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0; // a last line without its newline is half a request: the daemon died
        lines_filled(lines, (size_t)n);
        if ((error = take_lines(service, lines)) != 0)
            return error;
    }
}

static int
serve_input(struct service *service)
{
    struct lines lines;
    int error;

    lines_init(&lines, service->settings->line_max);
    error = read_input(service, &lines);
    lines_done(&lines);
    return error;
}

// The plug-in is open and every thread is there.
static void
announce(struct service *service)
{
    struct iovec iov[MESSAGE_IOV_MAX + 1];
    int count =
        message_request_iov(iov, (struct span){0}, SPAN("worker.ready"), SPAN("{\"cancel\":true}"));

    output_line(&service->output, iov, count);
}

static int
serve_with_threads(struct service *service, unsigned count)
{
    pthread_t *threads = calloc(count, sizeof(*threads));
    unsigned started = 0;
    int error = threads == NULL ? -ENOMEM : 0;

    tasks_init(&service->tasks);
    while (error == 0 && started < count) {
        error = -pthread_create(&threads[started], NULL, thread_main, service);
        if (error == 0)
            started++;
    }
    if (error == 0 && service->settings->plugin != NULL)
        announce(service);
    if (error == 0)
        error = serve_input(service);
    tasks_end(&service->tasks);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    tasks_done(&service->tasks);
    free(threads);
    return error;
}

int
serve(const struct serve_settings *settings)
{
    const struct streams *streams = settings->streams;
    struct service service = {
        .settings = settings,
        .input = streams != NULL ? streams->input : STDIN_FILENO,
        .threaded = settings->threads > 1 || settings->plugin != NULL,
    };
    int error;

    output_init(&service.output, streams != NULL ? streams->output : STDOUT_FILENO);
    messages_init(&service.messages);
    error =
        service.threaded ? serve_with_threads(&service, settings->threads) : serve_input(&service);
    messages_done(&service.messages);
    output_done(&service.output);
    return error;
}
