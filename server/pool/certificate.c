// See certificate.h.
#include "pool/certificate.h"

#include "common/errors.h"
#include "common/message.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BREACH_TEXT_MAX  256
#define START_REASON_MAX 512

static const char *
cause_name(enum death_cause cause)
{
    switch (cause) {
    case DEATH_EXIT:
        return "exit";
    case DEATH_SIGNAL:
        return "signal";
    case DEATH_PROTOCOL:
        return "protocol";
    case DEATH_KILLED:
        return "killed";
    case DEATH_START:
    case DEATH_UNREADY:
        return "start";
    case DEATH_OOM:
        return "oom";
    case DEATH_TIMEOUT:
        return "timeout";
    }
    return "unknown";
}

static void
signal_name(int signal, char text[32])
{
    const char *name = sigabbrev_np(signal);

    if (name != NULL)
        snprintf(text, 32, "SIG%s", name);
    else
        snprintf(text, 32, "signal %d", signal);
}

static double
seconds(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

// A JSON string of text that may not be UTF-8.
static json_t *
foreign_string(struct span text)
{
    size_t length;
    char *quoted = message_quote(text, &length);
    json_t *string =
        quoted != NULL ? json_loadb(quoted, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;

    free(quoted);
    return string;
}

#define UNREADY "it did not send worker.ready within timeout-start"

// Why it could not be started, and what of it.
static void
start_reason(const struct death *death, char *text, size_t size)
{
    const char *error = strerror(death->start.error);

    switch (death->start.step) {
    case SPAWN_PROCESS:
        snprintf(text, size, "%s", error);
        return;
    case SPAWN_CGROUP:
        snprintf(text, size, "its cgroup: %s", error);
        return;
    case SPAWN_LIMITS:
        snprintf(text, size, "its limits: %s", error);
        return;
    case SPAWN_NICE:
        snprintf(text, size, "nice: %s", error);
        return;
    case SPAWN_IDENTITY:
        snprintf(text, size, "user and group: %s", error);
        return;
    case SPAWN_DIRECTORY:
        snprintf(text, size, "directory %s: %s", death->directory, error);
        return;
    case SPAWN_PROGRAM:
        snprintf(text, size, "%s: %s", death->program, error);
        return;
    case SPAWN_INTERPRETER:
        snprintf(text, size, "the interpreter of %s: %s", death->program, error);
        return;
    }
}

static json_t *
start_reason_json(const struct death *death)
{
    char text[START_REASON_MAX];

    start_reason(death, text, sizeof(text));
    return foreign_string(span_of(text));
}

static void
add_cause(json_t *data, const struct death *death)
{
    struct span shown = death->breach_text;
    char name[32];

    if (death->cause == DEATH_TIMEOUT)
        json_object_set_new(data, "cause",
                            json_sprintf("timeout.%s", timeout_name(death->timeout)));
    else
        json_object_set_new(data, "cause", json_string(cause_name(death->cause)));
    switch (death->cause) {
    case DEATH_EXIT:
        json_object_set_new(data, "exit_code", json_integer(death->exit_code));
        break;
    case DEATH_SIGNAL:
        signal_name(death->signal, name);
        json_object_set_new(data, "signal", json_string(name));
        break;
    case DEATH_PROTOCOL:
        if (shown.length > BREACH_TEXT_MAX)
            shown.length = BREACH_TEXT_MAX;
        json_object_set_new(data, "reason", json_string(death->breach));
        json_object_set_new(data, "text", foreign_string(shown));
        break;
    case DEATH_START:
        json_object_set_new(data, "reason", start_reason_json(death));
        break;
    case DEATH_UNREADY:
        json_object_set_new(data, "reason", json_string(UNREADY));
        break;
    case DEATH_OOM:
        signal_name(death->signal, name);
        json_object_set_new(data, "signal", json_string(name));
        if (death->memory_max != 0)
            json_object_set_new(data, "memory_max_bytes",
                                json_integer((json_int_t)death->memory_max));
        break;
    case DEATH_KILLED:
    case DEATH_TIMEOUT:
        break;
    }
}

static void
add_usage(json_t *data, const struct death *death)
{
    const struct rusage *usage = &death->usage;
    json_int_t peak = (json_int_t)death->peak_bytes;

    if (peak == 0)
        peak = (json_int_t)usage->ru_maxrss * 1024;
    json_object_set_new(data, "jobs_done", json_integer((json_int_t)death->jobs_done));
    if (!death->usage_known)
        return;
    json_object_set_new(data, "user_seconds", json_real(seconds(&usage->ru_utime)));
    json_object_set_new(data, "system_seconds", json_real(seconds(&usage->ru_stime)));
    json_object_set_new(data, "peak_memory_bytes", json_integer(peak));
}

char *
certificate_error(const struct death *death, size_t *ret_length)
{
    enum error_code code = death->cause == DEATH_PROTOCOL  ? ERROR_WORKER_PROTOCOL
                           : death->cause == DEATH_TIMEOUT ? ERROR_TIMED_OUT
                                                           : ERROR_JOB_FAILED;
    json_auto_t *data = json_object();
    char *text;
    char *object;

    add_cause(data, death);
    if (death->pool != NULL)
        json_object_set_new(data, "pool", json_string(death->pool));
    if (death->pid != 0)
        json_object_set_new(data, "pid", json_integer(death->pid));
    add_usage(data, death);
    json_object_set_new(data, "stderr", foreign_string(death->stderr_tail));
    json_object_set_new(data, "attempts", json_integer(death->attempts));
    text = json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(6));
    if (text == NULL)
        return NULL;
    object = error_object(code, span_of(text), ret_length);
    free(text);
    return object;
}

void
certificate_summary(const struct death *death, char *text, size_t size)
{
    char reason[START_REASON_MAX];
    char name[32];

    switch (death->cause) {
    case DEATH_EXIT:
        snprintf(text, size, "exited with status %d", death->exit_code);
        return;
    case DEATH_SIGNAL:
        signal_name(death->signal, name);
        snprintf(text, size, "killed by %s", name);
        return;
    case DEATH_PROTOCOL:
        snprintf(text, size, "broke the protocol: %s", death->breach);
        return;
    case DEATH_KILLED:
        snprintf(text, size, "killed by worker.kill");
        return;
    case DEATH_START:
        start_reason(death, reason, sizeof(reason));
        snprintf(text, size, "could not be started: %s", reason);
        return;
    case DEATH_UNREADY:
        snprintf(text, size, "could not be started: " UNREADY);
        return;
    case DEATH_OOM:
        snprintf(text, size, "killed as it had no memory left within %s",
                 death->memory_max != 0 ? "memory-max" : "what the machine has");
        return;
    case DEATH_TIMEOUT:
        snprintf(text, size, "stopped: timeout-%s is over", timeout_name(death->timeout));
        return;
    }
}
