// See serve.h. One thread reads; with several, the lines go through a queue to the others. Each
// answer is written as soon as it is there, with one lock around the write.
#include "builtin/serve.h"

#include "builtin/jobs.h"
#include "common/errors.h"
#include "common/lines.h"
#include "common/message.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/uio.h>
#include <sysexits.h>
#include <unistd.h>

#define READ_SIZE 65536

struct task {
    STAILQ_ENTRY(task) link;
    size_t length;
    char line[];
};
STAILQ_HEAD(task_list, task);

struct service {
    const struct serve_settings *settings;
    pthread_mutex_t output_lock;
    pthread_mutex_t tasks_lock;
    pthread_cond_t tasks_changed;
    struct task_list tasks;
    bool input_ended;
};

// ---- answers
// -------------------------------------------------------------------------------------

// All of it, or an error. The answer of one job is never mixed with another's.
static int
write_pieces(struct iovec *iov, int count)
{
    while (count > 0) {
        ssize_t n = writev(STDOUT_FILENO, iov, count);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        for (; count > 0 && (size_t)n >= iov->iov_len; iov++, count--)
            n -= (ssize_t)iov->iov_len;
        if (count > 0) {
            iov->iov_base = (char *)iov->iov_base + n;
            iov->iov_len -= (size_t)n;
        }
    }
    return 0;
}

static void
write_answer(struct service *service, struct span id, bool failed, struct span body)
{
    struct iovec iov[MESSAGE_IOV_MAX + 1];
    int count = failed ? message_error_iov(iov, id, body) : message_result_iov(iov, id, body);
    int error;

    iov[count++] = (struct iovec){.iov_base = (char *)"\n", .iov_len = 1};
    pthread_mutex_lock(&service->output_lock);
    error = write_pieces(iov, count);
    pthread_mutex_unlock(&service->output_lock);
    if (error != 0)
        _exit(EXIT_STATUS_UNAVAILABLE); // nobody reads: there is nobody to work for
}

static void
answer_message(struct service *service, const struct message *message)
{
    struct job_answer answer;

    jobs_run(message->method, message->params, &answer);
    if (!span_present(answer.body))
        _exit(EX_OSERR); // out of memory: the death certificate says it better than we can
    if (message->kind == MESSAGE_REQUEST)
        write_answer(service, message->id, answer.failed, answer.body);
    free(answer.owned);
}

static void
answer_error(struct service *service, struct span id, enum error_code code)
{
    size_t length = 0;
    char *error = error_object(code, (struct span){0}, &length);

    if (error != NULL)
        write_answer(service, id, true, (struct span){.at = error, .length = length});
    free(error);
}

static void
answer_line(struct service *service, struct messages *messages, char *line, size_t length)
{
    struct message_limits limits = {.depth_max = service->settings->depth_max, .batch_max = 1};
    const struct message *message;

    if (messages_parse(messages, line, length, &limits, NULL) != MESSAGES_OK || messages->batch) {
        answer_error(service, (struct span){0}, ERROR_PARSE);
        return;
    }
    message = &messages->items[0];
    if (message->kind == MESSAGE_REQUEST || message->kind == MESSAGE_NOTIFICATION)
        answer_message(service, message);
    else
        answer_error(service, message->id, ERROR_INVALID_REQUEST);
}

// ---- threads
// -------------------------------------------------------------------------------------

static struct task *
take_task(struct service *service)
{
    struct task *task;

    pthread_mutex_lock(&service->tasks_lock);
    while ((task = STAILQ_FIRST(&service->tasks)) == NULL && !service->input_ended)
        pthread_cond_wait(&service->tasks_changed, &service->tasks_lock);
    if (task != NULL)
        STAILQ_REMOVE_HEAD(&service->tasks, link);
    pthread_mutex_unlock(&service->tasks_lock);
    return task;
}

static void *
thread_main(void *context)
{
    struct service *service = context;
    struct messages messages;
    struct task *task;

    messages_init(&messages);
    while ((task = take_task(service)) != NULL) {
        answer_line(service, &messages, task->line, task->length);
        free(task);
    }
    messages_done(&messages);
    return NULL;
}

// The daemon never hands out more lines than there are threads, so this list is short.
static int
add_task(struct service *service, const char *line, size_t length)
{
    struct task *task = malloc(sizeof(*task) + length + 1);

    if (task == NULL)
        return -ENOMEM;
    task->length = length;
    memcpy(task->line, line, length);
    pthread_mutex_lock(&service->tasks_lock);
    STAILQ_INSERT_TAIL(&service->tasks, task, link);
    pthread_cond_signal(&service->tasks_changed);
    pthread_mutex_unlock(&service->tasks_lock);
    return 0;
}

static void
end_tasks(struct service *service)
{
    pthread_mutex_lock(&service->tasks_lock);
    service->input_ended = true;
    pthread_cond_broadcast(&service->tasks_changed);
    pthread_mutex_unlock(&service->tasks_lock);
}

// ---- input
// ---------------------------------------------------------------------------------------

// What to do with a line: run it here, or hand it to a thread.
struct sink {
    struct service *service;
    struct messages messages;
    bool threaded;
};

static int
take_line(struct sink *sink, char *line, size_t length)
{
    if (sink->threaded)
        return add_task(sink->service, line, length);
    answer_line(sink->service, &sink->messages, line, length);
    return 0;
}

static int
take_lines(struct sink *sink, struct lines *lines)
{
    size_t length;
    char *line;
    int error;

    for (;;) {
        switch (lines_next(lines, &line, &length)) {
        case LINES_MORE:
            return 0;
        case LINES_LINE:
            if ((error = take_line(sink, line, length)) != 0)
                return error;
            break;
        case LINES_TOO_LONG:
            answer_error(sink->service, (struct span){0}, ERROR_INVALID_REQUEST);
            break;
        }
    }
}

static int
read_input(struct sink *sink, struct lines *lines)
{
    for (;;) {
        size_t size;
        char *room = lines_room(lines, READ_SIZE, &size);
        ssize_t n;
        int error;

        if (room == NULL)
            return -ENOMEM;
        n = read(STDIN_FILENO, room, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0; // a last line without its newline is half a request: the daemon died
        lines_filled(lines, (size_t)n);
        if ((error = take_lines(sink, lines)) != 0)
            return error;
    }
}

static int
serve_input(struct service *service, bool threaded)
{
    struct sink sink = {.service = service, .threaded = threaded};
    struct lines lines;
    int error;

    messages_init(&sink.messages);
    lines_init(&lines, service->settings->line_max);
    error = read_input(&sink, &lines);
    lines_done(&lines);
    messages_done(&sink.messages);
    return error;
}

static int
serve_with_threads(struct service *service, unsigned count)
{
    pthread_t *threads = calloc(count, sizeof(*threads));
    unsigned started = 0;
    int error = threads == NULL ? -ENOMEM : 0;

    while (error == 0 && started < count) {
        error = -pthread_create(&threads[started], NULL, thread_main, service);
        if (error == 0)
            started++;
    }
    if (error == 0)
        error = serve_input(service, true);
    end_tasks(service);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    return error;
}

int
serve(const struct serve_settings *settings)
{
    struct service service = {
        .settings = settings,
        .output_lock = PTHREAD_MUTEX_INITIALIZER,
        .tasks_lock = PTHREAD_MUTEX_INITIALIZER,
        .tasks_changed = PTHREAD_COND_INITIALIZER,
        .tasks = STAILQ_HEAD_INITIALIZER(service.tasks),
    };

    return settings->threads > 1 ? serve_with_threads(&service, settings->threads)
                                 : serve_input(&service, false);
}
