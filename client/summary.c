// See summary.h.
#include "client/summary.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// A line that is made of parts, each of which may say nothing.
struct parts {
    char text[512];
    size_t length;
};

static void __attribute__((format(printf, 2, 3))) add(struct parts *parts, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(parts->text + parts->length, sizeof(parts->text) - parts->length, format,
                       arguments);
    va_end(arguments);
    if (length > 0)
        parts->length += (size_t)length;
    if (parts->length >= sizeof(parts->text))
        parts->length = sizeof(parts->text) - 1;
}

static void
put_daemon(const struct status *status, struct page *page)
{
    char uptime[FIGURE_MAX], pid[FIGURE_MAX], sessions[FIGURE_MAX];
    bool serving = strcmp(status->state, "serving") == 0;

    figure_time(status->uptime_seconds, uptime);
    figure_whole(status->pid, pid);
    figure_count(status->sessions, sessions);
    page_format(page, serving ? PAGE_PLAIN : PAGE_NOTICE,
                "offloadd %s, pid %s, %s, up %s, sessions %s%s%s", status->version, pid,
                status->state, uptime, sessions, status->listen != NULL ? ", " : "",
                status->listen != NULL ? status->listen : "");
}

static void
put_jobs(const struct status *status, struct page *page)
{
    struct parts parts = {.length = 0};
    char queued[FIGURE_MAX], delayed[FIGURE_MAX], running[FIGURE_MAX];
    char succeeded[FIGURE_MAX], failed[FIGURE_MAX];

    figure_count(status->queued, queued);
    figure_count(status->delayed, delayed);
    figure_count(status->running, running);
    figure_rate(status->rates.succeeded, succeeded);
    figure_rate(status->rates.failed, failed);
    add(&parts, "jobs      %s queued, %s running", queued, running);
    if (status->delayed > 0)
        add(&parts, ", %s delayed", delayed);
    if (status->rates.succeeded >= 0)
        add(&parts, ", %s/s done, %s/s failed", succeeded, failed);
    page_add(page, PAGE_PLAIN, parts.text);
}

static void
add_time(struct parts *parts, const char *name, double seconds)
{
    char figure[FIGURE_MAX];

    figure_time(seconds, figure);
    add(parts, "%s %-6s  ", name, figure);
}

static void
put_times(const struct status_times *times, const char *title, const char *unit, bool with_p90,
          struct page *page)
{
    struct parts parts = {.length = 0};
    char count[FIGURE_MAX];

    figure_count(times->count, count);
    add(&parts, "%-10s", title);
    add_time(&parts, "p50", times->p50);
    if (with_p90)
        add_time(&parts, "p90", times->p90);
    else
        add(&parts, "%12s", "");
    add_time(&parts, "p99", times->p99);
    add_time(&parts, "max", times->most);
    if (times->count >= 0)
        add(&parts, "of %s %s/min", count, unit);
    page_add(page, PAGE_PLAIN, parts.text);
}

void
summary_put(const struct status *status, size_t lines, struct page *page)
{
    if (lines > 0)
        put_daemon(status, page);
    if (lines > 1)
        put_jobs(status, page);
    if (lines > 2)
        put_times(&status->latency, "latency", "jobs", true, page);
    if (lines > 3)
        put_times(&status->lag, "loop lag", "turns", false, page);
}
