// A worker of several threads, or with a plug-in: one thread reads; each request is a task for the
// others (tasks.h), a cancel finds its task, and tasks for which no thread is free soon are given
// back to the daemon.
#include "builtin/plugin.h"
#include "builtin/serve_internal.h"
#include "common/arguments.h"
#include "common/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

static void *
thread_main(void *context)
{
    struct service *service = context;
    struct task *task;

    while ((task = tasks_next(&service->tasks)) != NULL) {
        service_answer(service, &task->message, &task->cancelled, NULL);
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
        service_answer_error(service, task->message.id, ERROR_CANCELLED);
    free(task);
}

int
threads_take_line(struct service *service, char *line, size_t length)
{
    struct task *task = task_new(line, length);
    const struct message *message;

    if (task == NULL)
        return -ENOMEM;
    message = service_parse(service, task->line, length);
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

static void
give_back_stale(struct service *service)
{
    unsigned threads = service->settings->threads;
    struct task *task;

    while ((task = tasks_take_stale(&service->tasks, threads, clock_us() - GIVE_BACK_AFTER_US)) !=
           NULL) {
        if (task->message.kind == MESSAGE_REQUEST)
            give_back_add(&service->give_back, task->message.id);
        free(task);
    }
    give_back_send(&service->give_back);
}

void
threads_idle(struct service *service)
{
    if (!service->settings->prefetch)
        return;
    while (tasks_any_waiting(&service->tasks) && !service_readable(service, 1))
        give_back_stale(service);
}

void
threads_finish(struct service *service, pthread_t *threads, unsigned started)
{
    tasks_end(&service->tasks);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    tasks_done(&service->tasks);
    free(threads);
}

int
threads_start(struct service *service, pthread_t **ret_threads, unsigned *ret_started)
{
    unsigned count = service->settings->threads;
    pthread_t *threads = calloc(count, sizeof(*threads));
    unsigned started = 0;
    int error = threads == NULL ? -ENOMEM : 0;

    tasks_init(&service->tasks);
    while (error == 0 && started < count) {
        error = -pthread_create(&threads[started], NULL, thread_main, service);
        if (error == 0)
            started++;
    }
    *ret_threads = threads;
    *ret_started = started;
    return error;
}
