// See job_log.h.
#include "dispatcher/job_log.h"

#include "common/clock.h"
#include "pool/pool.h"

#include <stdarg.h>
#include <stdio.h>

#define SUBJECT_SIZE 160
#define TEXT_SIZE    512

// The pairs of words that log.h wants.
static void
name_job(const struct job *job, char subject[SUBJECT_SIZE])
{
    struct pool_report report;
    int length = snprintf(subject, SUBJECT_SIZE, "job %llu", (unsigned long long)job->number);

    if (job->session != 0)
        length += snprintf(subject + length, SUBJECT_SIZE - (size_t)length, " session %llu",
                           (unsigned long long)job->session);
    if (job->pool == NULL)
        return;
    pool_report(job->pool, &report);
    snprintf(subject + length, SUBJECT_SIZE - (size_t)length, " pool %s", report.config->name);
}

static bool
job_log_has_room(struct job_log *log)
{
    int64_t now_us = clock_us();

    if (now_us - log->second_us >= 1000000) {
        log->second_us = now_us;
        log->logged = 0;
    }
    if (log->logged < JOB_LOG_LINES_PER_SECOND)
        return true;
    log->dropped++;
    return false;
}

void
job_log(struct job_log *log, enum log_level level, const struct job *job, const char *format, ...)
{
    char subject[SUBJECT_SIZE];
    char text[TEXT_SIZE];
    va_list list;

    if (level > log_get_level() || !job_log_has_room(log))
        return;
    log->logged++;
    if (log->dropped > 0)
        log_info("dispatcher", "%u lines about other jobs were left out", log->dropped);
    log->dropped = 0;
    name_job(job, subject);
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    (level <= LOG_LEVEL_WARNING ? log_warning : log_info)(
        subject, "%.*s%s%s", (int)job->method.length, job->method.at != NULL ? job->method.at : "",
        job->method.length > 0 ? ": " : "", text);
}
