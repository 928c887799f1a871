// See status.h.
#include "client/status.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

// A number of an object, or FIGURE_UNKNOWN.
static double
number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_number(value) ? json_number_value(value) : FIGURE_UNKNOWN;
}

static const char *
text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static const char *
text_or(const json_t *object, const char *name, const char *otherwise)
{
    const char *value = text(object, name);

    return value != NULL ? value : otherwise;
}

static void
read_counts(const json_t *object, struct status_counts *counts)
{
    counts->succeeded = number(object, "succeeded");
    counts->failed = number(object, "failed");
    counts->cancelled = number(object, "cancelled");
    counts->timed_out = number(object, "timed_out");
    counts->lost = number(object, "lost");
}

// An object with percentiles; `unit` is what was counted.
static void
read_times(const json_t *object, const char *unit, struct status_times *times)
{
    const json_t *minute = json_object_get(object, "last_minute");

    times->count = number(minute, unit);
    times->p50 = number(minute, "p50_seconds");
    times->p90 = number(minute, "p90_seconds");
    times->p99 = number(minute, "p99_seconds");
    times->most = number(minute, "max_seconds");
}

// ---- workers ---------------------------------------------------------------------------------

static double
share_since_start(const struct status_worker *worker)
{
    if (worker->cpu_seconds < 0 || worker->age_seconds <= 0)
        return FIGURE_UNKNOWN;
    return 100 * worker->cpu_seconds / worker->age_seconds;
}

static void
read_worker(const json_t *object, size_t pool, struct status_worker *worker)
{
    const json_t *job = json_object_get(object, "job");

    worker->pool = pool;
    worker->slot = number(object, "slot");
    worker->pid = number(object, "pid");
    worker->state = text_or(object, "state", "?");
    worker->method = text(job, "method");
    worker->running_seconds = number(job, "running_seconds");
    worker->running = number(object, "running");
    worker->jobs_done = number(object, "jobs_done");
    worker->age_seconds = number(object, "age_seconds");
    worker->cpu_seconds = number(object, "cpu_seconds");
    worker->memory_bytes = number(object, "memory_bytes");
    worker->cpu_percent = share_since_start(worker);
}

static size_t
count_workers(const json_t *pools)
{
    size_t count = 0;
    size_t index;
    const json_t *pool;

    json_array_foreach (pools, index, pool)
        count += json_array_size(json_object_get(pool, "workers"));
    return count;
}

// ---- pools -----------------------------------------------------------------------------------

static char *
join_methods(const json_t *methods)
{
    char *joined = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&joined, &length);
    const json_t *method;
    size_t index;

    if (out == NULL)
        return NULL;
    json_array_foreach (methods, index, method)
        fprintf(out, "%s%s", index > 0 ? " " : "",
                json_string_value(method) != NULL ? json_string_value(method) : "?");
    if (fclose(out) == 0)
        return joined;
    free(joined);
    return NULL;
}

// The reason in an error object; NULL: there is no error.
static const char *
problem_of(const json_t *error)
{
    if (error == NULL)
        return NULL;
    return text_or(json_object_get(error, "data"), "reason", text_or(error, "message", "?"));
}

static int
read_pool(const json_t *object, struct status_pool *pool)
{
    pool->methods = join_methods(json_object_get(object, "methods"));
    if (pool->methods == NULL)
        return -ENOMEM;
    pool->name = text_or(object, "name", "?");
    pool->state = text_or(object, "state", "?");
    pool->kind = text_or(object, "kind", "?");
    pool->problem = problem_of(json_object_get(object, "start_error"));
    pool->processes = number(object, "processes");
    pool->threads = number(object, "threads");
    pool->queued = number(object, "queued");
    pool->running = number(object, "running");
    pool->restarts = number(object, "restarts");
    pool->rates = (struct status_rates){FIGURE_UNKNOWN, FIGURE_UNKNOWN};
    read_counts(object, &pool->counts);
    read_times(json_object_get(object, "latency"), "jobs", &pool->latency);
    return 0;
}

static int
read_pools(struct status *status, const json_t *pools)
{
    const json_t *pool;
    size_t index;

    status->pools = calloc(json_array_size(pools) + 1, sizeof(*status->pools));
    status->workers = calloc(count_workers(pools) + 1, sizeof(*status->workers));
    if (status->pools == NULL || status->workers == NULL)
        return -ENOMEM;
    json_array_foreach (pools, index, pool) {
        const json_t *worker;
        size_t i;

        if (read_pool(pool, &status->pools[index]) != 0)
            return -ENOMEM;
        status->pool_count++;
        json_array_foreach (json_object_get(pool, "workers"), i, worker)
            read_worker(worker, index, &status->workers[status->worker_count++]);
    }
    return 0;
}

// ---- the whole -------------------------------------------------------------------------------

static void
read_head(struct status *status)
{
    const json_t *root = status->document;
    const json_t *jobs = json_object_get(root, "jobs");

    status->version = text_or(root, "version", "?");
    status->state = text_or(root, "state", "?");
    status->listen = json_string_value(json_array_get(json_object_get(root, "listen"), 0));
    status->pid = number(root, "pid");
    status->uptime_seconds = number(root, "uptime_seconds");
    status->sessions = number(json_object_get(root, "sessions"), "open");
    status->queued = number(jobs, "queued");
    status->delayed = number(jobs, "delayed");
    status->running = number(jobs, "running");
    status->rates = (struct status_rates){FIGURE_UNKNOWN, FIGURE_UNKNOWN};
    read_counts(jobs, &status->counts);
    read_times(json_object_get(root, "latency"), "jobs", &status->latency);
    read_times(json_object_get(root, "loop_lag"), "turns", &status->lag);
}

int
status_read(struct span document, struct status **ret)
{
    struct status *status = calloc(1, sizeof(*status));
    json_error_t problem = {0};
    int error = -ENOMEM;

    if (status == NULL)
        return -ENOMEM;
    status->document = json_loadb(document.at, document.length, JSON_ALLOW_NUL, &problem);
    if (!json_is_object(status->document)) {
        if (status->document != NULL || json_error_code(&problem) != json_error_out_of_memory)
            error = -EPROTO;
        goto out;
    }
    read_head(status);
    error = read_pools(status, json_object_get(status->document, "pools"));
out:
    if (error == 0)
        *ret = status;
    else
        status_free(status);
    return error;
}

void
status_free(struct status *status)
{
    if (status == NULL)
        return;
    for (size_t i = 0; status->pools != NULL && i < status->pool_count; i++)
        free(status->pools[i].methods);
    free(status->pools);
    free(status->workers);
    json_decref(status->document);
    free(status);
}
