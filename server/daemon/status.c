// server.status: everything counted, as one JSON object.
#include "common/clock.h"
#include "daemon/methods.h"
#include "model/queue.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *
number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *
seconds_since(int64_t then_us)
{
    return json_real((double)(clock_us() - then_us) / 1e6);
}

static json_t *
status_listen(const struct methods_view *view)
{
    json_t *list = json_array();
    char text[ADDRESS_TEXT_MAX];

    for (size_t i = 0; i < view->listen_count; i++) {
        address_format(&view->listen[i], text);
        json_array_append_new(list, json_string(text));
    }
    return list;
}

static json_t *
status_sessions(const struct methods_view *view)
{
    return json_pack("{s:o, s:o, s:o}", "open", number(view->sessions_open), "accepted",
                     number(view->statistics->sessions_accepted), "refused",
                     number(view->statistics->sessions_refused));
}

static json_t *
status_callers(const struct callers *callers)
{
    const struct caller *caller;
    json_t *list = json_array();
    char text[IDENTITY_TEXT_MAX];

    TAILQ_FOREACH (caller, &callers->all, link) {
        identity_format(&caller->who, text);
        json_array_append_new(list,
                              json_pack("{s:s, s:i, s:o}", "caller", text, "weight",
                                        (int)caller->weight, "sessions", number(caller->sessions)));
    }
    return list;
}

static json_t *
status_requests(const struct statistics *statistics)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "lines", number(statistics->lines),
                     "requests", number(statistics->requests), "notifications",
                     number(statistics->notifications), "batches", number(statistics->batches),
                     "invalid", number(statistics->invalid), "responses",
                     number(statistics->responses));
}

// Of the jobs that have ended.
static void
add_counts(json_t *object, const struct job_counts *counts)
{
    for (int state = JOB_SUCCEEDED; state < JOB_STATE_COUNT; state++)
        json_object_set_new(object, job_state_name((enum job_state)state),
                            number(counts->ended[state]));
    json_object_set_new(object, "refused", number(counts->refused));
}

static json_t *
status_jobs(const struct methods_view *view)
{
    struct dispatcher_report report;
    json_t *jobs = json_object();

    dispatcher_report(view->dispatcher, &report);
    json_object_set_new(jobs, "queued", number(report.queued));
    json_object_set_new(jobs, "delayed", number(report.delayed));
    json_object_set_new(jobs, "running", number(report.running));
    json_object_set_new(jobs, "sleeping", number(report.sleeping));
    json_object_set_new(jobs, "gathering", number(report.held));
    add_counts(jobs, &view->statistics->jobs);
    json_object_set_new(jobs, "memory_bytes", number(report.memory));
    return jobs;
}

// What the histogram has; null for what cannot be known of nothing.
static json_t *
seconds_of(const struct histogram_report *report, int64_t us)
{
    return report->count > 0 ? json_real((double)us / 1e6) : json_null();
}

static json_t *
latency_object(const struct histogram_report *report)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "jobs", number(report->count), "p50_seconds",
                     seconds_of(report, report->p50_us), "p90_seconds",
                     seconds_of(report, report->p90_us), "p99_seconds",
                     seconds_of(report, report->p99_us), "max_seconds",
                     seconds_of(report, report->max_us));
}

static json_t *
status_latency(const struct job_counts *counts)
{
    struct histogram_report minute, ever;

    histogram_report_minute(&counts->latency, clock_us(), &minute);
    histogram_report_ever(&counts->latency, &ever);
    return json_pack("{s:o, s:o}", "last_minute", latency_object(&minute), "since_start",
                     latency_object(&ever));
}

static json_t *
lag_object(const struct histogram_report *report)
{
    return json_pack("{s:o, s:f, s:f, s:f}", "turns", number(report->count), "p50_seconds",
                     (double)report->p50_us / 1e6, "p99_seconds", (double)report->p99_us / 1e6,
                     "max_seconds", (double)report->max_us / 1e6);
}

static json_t *
status_lag(const struct histogram *lag)
{
    struct histogram_report minute, ever;

    histogram_report_minute(lag, clock_us(), &minute);
    histogram_report_ever(lag, &ever);
    return json_pack("{s:o, s:o}", "last_minute", lag_object(&minute), "since_start",
                     lag_object(&ever));
}

static json_t *
status_cgroups(const struct delegation *delegation)
{
    bool there = delegation != NULL && delegation->directory >= 0;
    json_t *controllers = json_array();
    json_t *object;

    if (there && delegation->controllers.cpu)
        json_array_append_new(controllers, json_string("cpu"));
    if (there && delegation->controllers.memory)
        json_array_append_new(controllers, json_string("memory"));
    object = json_pack("{s:o, s:o}", "path", there ? json_string(delegation->path) : json_null(),
                       "controllers", controllers);
    if (delegation != NULL && delegation->reason[0] != '\0')
        json_object_set_new(object, "reason", json_string(delegation->reason));
    return object;
}

static json_t *
status_job(const struct job *job)
{
    if (job == NULL)
        return json_null();
    return json_pack("{s:s%, s:o}", "method", job->method.at, job->method.length, "running_seconds",
                     seconds_since(job->started_us));
}

static void
add_usage(json_t *object, const struct worker_report *report)
{
    const struct usage *usage = &report->usage;

    json_object_set_new(object, "cpu_seconds",
                        report->usage_known ? json_real((double)usage->cpu_us / 1e6) : json_null());
    json_object_set_new(object, "memory_bytes",
                        report->usage_known ? number(usage->memory) : json_null());
}

static json_t *
status_worker(const struct worker *worker, bool usage)
{
    struct worker_report report;
    json_t *object;

    worker_report(worker, &report);
    object = json_pack("{s:i, s:i, s:s, s:i, s:i, s:o, s:o, s:o}", "slot", (int)report.index, "pid",
                       (int)report.pid, "state", worker_state_name(report.state), "running",
                       (int)report.running, "waiting", (int)report.waiting, "jobs_done",
                       number(report.jobs_done), "age_seconds", seconds_since(report.started_us),
                       "job", status_job(report.longest));
    if (usage)
        add_usage(object, &report);
    return object;
}

static const char *
kind_name(enum pool_kind kind)
{
    static const char *const names[] = {
        [POOL_BUILTIN] = "builtin",
        [POOL_PROGRAM] = "program",
        [POOL_COMMAND] = "command",
        [POOL_PLUGIN] = "plugin",
    };

    return names[kind];
}

// How many wait at each priority, the highest first.
static json_t *
status_waiting(const struct queue *queue)
{
    json_t *list = json_array();

    for (int priority = JOB_PRIORITY_MAX; priority >= -JOB_PRIORITY_MAX; priority--)
        if (queue_jobs_at(queue, priority) > 0)
            json_array_append_new(list, json_pack("{s:i, s:o, s:o}", "priority", priority, "jobs",
                                                  number(queue_jobs_at(queue, priority)), "callers",
                                                  number(queue_callers_at(queue, priority))));
    return list;
}

// The mean run time of each method; null if it has not run yet.
static json_t *
status_method_times(const struct pool_report *report)
{
    json_t *object = json_object();

    for (size_t i = 0; report->config->methods[i] != NULL; i++) {
        const struct run_time *times = &report->method_times[i];

        json_object_set_new(object, report->config->methods[i],
                            times->samples > 0 ? json_real(times->mean_us / 1e6) : json_null());
    }
    return object;
}

// Of the pools that are not served, some are still to come. That one on its way out is paused says
// more than that it is on its way out, for it stays as long as it is.
static const char *
state_name(const struct pool *pool, bool served)
{
    if (!served && !pool_is_winding_down(pool))
        return "coming";
    if (pool_is_paused(pool))
        return "paused";
    return served ? "serving" : "leaving";
}

const char *
methods_pool_state(const struct methods_view *view, const struct pool *pool)
{
    bool served = false;

    for (size_t i = 0; i < view->config->pool_count; i++)
        served |= dispatcher_pool(view->dispatcher, i) == pool;
    return state_name(pool, served);
}

static json_t *
status_pool(const struct pool *pool, bool served, bool usage)
{
    json_t *methods = json_array();
    json_t *workers = json_array();
    struct pool_report report;
    json_t *object;

    pool_report(pool, &report);
    for (char **method = report.config->methods; *method != NULL; method++)
        json_array_append_new(methods, json_string(*method));
    for (unsigned i = 0; i < report.config->processes; i++)
        if (pool_worker(pool, i) != NULL)
            json_array_append_new(workers, status_worker(pool_worker(pool, i), usage));
    object = json_pack("{s:s, s:s, s:s, s:o, s:i, s:i, s:o, s:o, s:o, s:o, s:f, s:o, s:o}", "name",
                       report.config->name, "state", state_name(pool, served), "kind",
                       kind_name(report.config->kind), "methods", methods, "processes",
                       (int)report.config->processes, "threads", (int)report.config->threads,
                       "queued", number(report.queued), "waiting", status_waiting(report.queue),
                       "running", number(report.running), "restarts", number(report.restarts),
                       "mean_run_seconds", report.run_time.mean_us / 1e6, "method_run_seconds",
                       status_method_times(&report), "workers", workers);
    add_counts(object, report.counts);
    json_object_set_new(object, "latency", status_latency(report.counts));
    if (report.config->in_flight != 0)
        json_object_set_new(object, "in_flight", json_integer(report.config->in_flight));
    if (span_present(report.start_error))
        json_object_set_new(object, "start_error",
                            json_loadb(report.start_error.at, report.start_error.length, 0, NULL));
    return object;
}

static json_t *
status_last_reload(const struct reload_report *report)
{
    json_t *object;

    if (!report->asked)
        return json_null();
    object = json_pack("{s:s, s:o}", "outcome",
                       report->trouble != NULL ? "refused"
                       : report->under_way     ? "under way"
                                               : "done",
                       "age_seconds", seconds_since(report->asked_us));
    if (report->trouble != NULL)
        json_object_set_new(object, "reason", json_string(report->trouble));
    return object;
}

static json_t *
status_configuration(const struct methods_view *view)
{
    return json_pack("{s:o, s:o}", "generation", number(view->reload.generation), "last_reload",
                     status_last_reload(&view->reload));
}

static json_t *
status_pools(const struct methods_view *view, bool usage)
{
    const struct pool *pool;
    json_t *pools = json_array();

    for (size_t i = 0; (pool = dispatcher_pool(view->dispatcher, i)) != NULL; i++)
        json_array_append_new(pools, status_pool(pool, i < view->config->pool_count, usage));
    return pools;
}

static json_t *
status(const struct methods_view *view, bool usage)
{
    return json_pack(
        "{s:s, s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "version",
        OFFLOAD_VERSION, "pid", (int)getpid(), "state", view->draining ? "draining" : "serving",
        "uptime_seconds", seconds_since(view->statistics->started_us), "configuration",
        status_configuration(view), "listen", status_listen(view), "sessions",
        status_sessions(view), "callers", status_callers(view->callers), "requests",
        status_requests(view->statistics), "jobs", status_jobs(view), "latency",
        status_latency(&view->statistics->jobs), "loop_lag", status_lag(view->lag), "cgroups",
        status_cgroups(view->delegation), "pools", status_pools(view, usage));
}

static bool
status_text_renew(struct status_text *kept, const struct methods_view *view, bool usage)
{
    json_auto_t *document = NULL;
    size_t length;
    char *text;

    if (usage)
        dispatcher_look_at_usage(view->dispatcher);
    document = status(view, usage);
    text = methods_dump(document, &length);
    if (text == NULL)
        return false;
    free(kept->text);
    kept->text = text;
    kept->length = length;
    return true;
}

char *
methods_status(const struct methods_view *view, bool usage, size_t *ret_length)
{
    struct status_text *kept = &view->status[usage];
    int64_t now_us = clock_us();
    char *copy;

    if (kept->moment_us != now_us)
        kept->made = 0;
    kept->moment_us = now_us;
    if (kept->made < STATUS_TEXTS_PER_MOMENT) {
        if (!status_text_renew(kept, view, usage))
            return NULL;
        kept->made++;
    }
    copy = strndup(kept->text, kept->length);
    if (copy != NULL)
        *ret_length = kept->length;
    return copy;
}

void
status_text_done(struct status_text *text)
{
    free(text->text);
    text->text = NULL;
}
