// See tasks.h.
#include "builtin/tasks.h"

#include "common/clock.h"

#include <stdlib.h>
#include <string.h>

void
tasks_init(struct tasks *tasks)
{
    pthread_mutex_init(&tasks->lock, NULL);
    pthread_cond_init(&tasks->changed, NULL);
    TAILQ_INIT(&tasks->waiting);
    TAILQ_INIT(&tasks->running);
    tasks->busy = 0;
    tasks->ended = false;
}

void
tasks_done(struct tasks *tasks)
{
    struct task *task;

    while ((task = TAILQ_FIRST(&tasks->waiting)) != NULL) {
        TAILQ_REMOVE(&tasks->waiting, task, link);
        free(task);
    }
    pthread_cond_destroy(&tasks->changed);
    pthread_mutex_destroy(&tasks->lock);
}

struct task *
task_new(const char *line, size_t length)
{
    struct task *task = malloc(sizeof(*task) + length + 1);

    if (task == NULL)
        return NULL;
    *task = (struct task){.length = length};
    memcpy(task->line, line, length);
    task->line[length] = '\0';
    return task;
}

void
tasks_add(struct tasks *tasks, struct task *task)
{
    task->added_us = clock_us();
    pthread_mutex_lock(&tasks->lock);
    TAILQ_INSERT_TAIL(&tasks->waiting, task, link);
    pthread_cond_signal(&tasks->changed);
    pthread_mutex_unlock(&tasks->lock);
}

struct task *
tasks_next(struct tasks *tasks)
{
    struct task *task;

    pthread_mutex_lock(&tasks->lock);
    while ((task = TAILQ_FIRST(&tasks->waiting)) == NULL && !tasks->ended)
        pthread_cond_wait(&tasks->changed, &tasks->lock);
    if (task != NULL) {
        TAILQ_REMOVE(&tasks->waiting, task, link);
        TAILQ_INSERT_TAIL(&tasks->running, task, link);
        tasks->busy++;
    }
    pthread_mutex_unlock(&tasks->lock);
    return task;
}

void
tasks_finish(struct tasks *tasks, struct task *task)
{
    pthread_mutex_lock(&tasks->lock);
    TAILQ_REMOVE(&tasks->running, task, link);
    tasks->busy--;
    pthread_mutex_unlock(&tasks->lock);
    free(task);
}

static struct task *
find(const struct task_list *list, struct span id)
{
    struct task *task;

    TAILQ_FOREACH (task, list, link)
        if (span_present(task->message.id) && span_equal(task->message.id, id))
            return task;
    return NULL;
}

struct task *
tasks_cancel(struct tasks *tasks, struct span id)
{
    struct task *task;
    struct task *taken = NULL;

    pthread_mutex_lock(&tasks->lock);
    if ((task = find(&tasks->running, id)) != NULL) {
        atomic_store(&task->cancelled, true);
    } else if ((task = find(&tasks->waiting, id)) != NULL) {
        TAILQ_REMOVE(&tasks->waiting, task, link);
        taken = task;
    }
    pthread_mutex_unlock(&tasks->lock);
    return taken;
}

bool
tasks_any_waiting(struct tasks *tasks)
{
    bool any;

    pthread_mutex_lock(&tasks->lock);
    any = !TAILQ_EMPTY(&tasks->waiting);
    pthread_mutex_unlock(&tasks->lock);
    return any;
}

struct task *
tasks_take_stale(struct tasks *tasks, unsigned threads, int64_t before_us)
{
    struct task *task;

    pthread_mutex_lock(&tasks->lock);
    task = TAILQ_FIRST(&tasks->waiting);
    // A thread that is idle has only not woken yet.
    if (task != NULL && task->added_us < before_us && tasks->busy >= threads)
        TAILQ_REMOVE(&tasks->waiting, task, link);
    else
        task = NULL;
    pthread_mutex_unlock(&tasks->lock);
    return task;
}

void
tasks_end(struct tasks *tasks)
{
    pthread_mutex_lock(&tasks->lock);
    tasks->ended = true;
    pthread_cond_broadcast(&tasks->changed);
    pthread_mutex_unlock(&tasks->lock);
}
