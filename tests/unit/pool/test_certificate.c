// Certificate: every cause as an error object that is JSON, whatever the dead worker had said.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "common/errors.h"
#include "pool/certificate.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

// The error object, whose data is returned (borrowed from it).
static json_t *
certify(const struct death *death, int expected_code, json_t **ret_object)
{
    size_t length = 0;
    char *text = certificate_error(death, &length);
    json_t *data;

    assert_non_null(text);
    assert_int_equal(strlen(text), length);
    assert_null(strchr(text, '\n'));
    *ret_object = json_loads(text, JSON_ALLOW_NUL, NULL);
    if (*ret_object == NULL)
        fail_msg("not JSON: %s", text);
    free(text);
    assert_int_equal(json_integer_value(json_object_get(*ret_object, "code")), expected_code);
    assert_string_equal(json_string_value(json_object_get(*ret_object, "message")),
                        error_info(expected_code)->text);
    data = json_object_get(*ret_object, "data");
    assert_true(json_is_object(data));
    return data;
}

static void
check_string(json_t *data, const char *name, const char *expected)
{
    json_t *value = json_object_get(data, name);

    if (!json_is_string(value))
        fail_msg("%s is no string", name);
    assert_string_equal(json_string_value(value), expected);
}

static void
check_integer(json_t *data, const char *name, long long expected)
{
    json_t *value = json_object_get(data, name);

    if (!json_is_integer(value))
        fail_msg("%s is no integer", name);
    assert_int_equal(json_integer_value(value), expected);
}

static void
check_summary(const struct death *death, const char *expected)
{
    char text[128];

    certificate_summary(death, text, sizeof(text));
    assert_string_equal(text, expected);
}

static void
test_exit(void **state)
{
    struct death death = {.cause = DEATH_EXIT,
                          .attempts = 1,
                          .exit_code = 3,
                          .pool = "cpu",
                          .pid = 4711,
                          .jobs_done = 12,
                          .stderr_tail = SPAN("oh no\n")};
    json_t *object;
    json_t *data = certify(&death, ERROR_JOB_FAILED, &object);

    (void)state;
    check_string(data, "cause", "exit");
    check_integer(data, "exit_code", 3);
    assert_null(json_object_get(data, "signal"));
    check_string(data, "pool", "cpu");
    check_integer(data, "pid", 4711);
    check_integer(data, "jobs_done", 12);
    check_string(data, "stderr", "oh no\n");
    check_integer(data, "attempts", 1);
    assert_null(json_object_get(data, "peak_memory_bytes")); // not known
    json_decref(object);
    check_summary(&death, "exited with status 3");
}

static void
test_signal(void **state)
{
    struct death death = {.cause = DEATH_SIGNAL, .signal = SIGKILL, .pool = "cpu", .pid = 1};
    json_t *object;
    json_t *data = certify(&death, ERROR_JOB_FAILED, &object);

    (void)state;
    check_string(data, "cause", "signal");
    check_string(data, "signal", "SIGKILL");
    assert_null(json_object_get(data, "exit_code"));
    json_decref(object);
    check_summary(&death, "killed by SIGKILL");
}

// A signal without a name of its own.
static void
test_realtime_signal(void **state)
{
    struct death death = {.cause = DEATH_SIGNAL, .signal = 40, .pool = "cpu", .pid = 1};
    json_t *object;
    json_t *data = certify(&death, ERROR_JOB_FAILED, &object);

    (void)state;
    check_string(data, "signal", "signal 40");
    json_decref(object);
    check_summary(&death, "killed by signal 40");
}

// What the cgroup counted goes before what wait4 tells of one process.
static void
test_out_of_memory(void **state)
{
    struct death death = {.cause = DEATH_OOM,
                          .signal = SIGKILL,
                          .memory_max = 1 << 20,
                          .pool = "cpu",
                          .pid = 1,
                          .usage_known = true,
                          .usage.ru_maxrss = 77,
                          .peak_bytes = 1 << 19};
    json_t *object;
    json_t *data = certify(&death, ERROR_JOB_FAILED, &object);

    (void)state;
    check_string(data, "cause", "oom");
    check_string(data, "signal", "SIGKILL");
    check_integer(data, "memory_max_bytes", 1 << 20);
    check_integer(data, "peak_memory_bytes", 1 << 19);
    json_decref(object);
    check_summary(&death, "killed as it had no memory left within memory-max");
    death.memory_max = death.peak_bytes = 0;
    data = certify(&death, ERROR_JOB_FAILED, &object);
    assert_null(json_object_get(data, "memory_max_bytes"));
    check_integer(data, "peak_memory_bytes", 77 * 1024);
    json_decref(object);
    check_summary(&death, "killed as it had no memory left within what the machine has");
}

static void
test_start(void **state)
{
    struct death death = {.cause = DEATH_START, .start = {.error = EMFILE}, .pool = "cpu"};
    json_t *object;
    json_t *data = certify(&death, ERROR_JOB_FAILED, &object);

    (void)state;
    check_string(data, "cause", "start");
    check_string(data, "reason", strerror(EMFILE));
    assert_null(json_object_get(data, "pid")); // there never was one
    check_string(data, "stderr", "");
    json_decref(object);
    check_summary(&death, "could not be started: Too many open files");
}

static void
check_step(enum spawn_step step, const char *reason)
{
    struct death death = {.cause = DEATH_START,
                          .start = {EACCES, step},
                          .pool = "cpu",
                          .pid = 1,
                          .program = "/opt/\xff/worker",
                          .directory = "/var/lib"};
    char summary[DEATH_SUMMARY_MAX];
    json_t *object;
    json_t *data = certify(&death, ERROR_JOB_FAILED, &object);

    check_string(data, "cause", "start");
    check_string(data, "reason", reason);
    json_decref(object);
    certificate_summary(&death, summary, sizeof(summary));
    assert_memory_equal(summary, "could not be started: ", 22);
    assert_non_null(strstr(summary, ": Permission denied"));
}

// The reason names what is to blame, in UTF-8 whatever the path is.
static void
test_start_steps(void **state)
{
    (void)state;
    check_step(SPAWN_CGROUP, "its cgroup: Permission denied");
    check_step(SPAWN_LIMITS, "its limits: Permission denied");
    check_step(SPAWN_NICE, "nice: Permission denied");
    check_step(SPAWN_IDENTITY, "user and group: Permission denied");
    check_step(SPAWN_DIRECTORY, "directory /var/lib: Permission denied");
    check_step(SPAWN_PROGRAM, "/opt/\xef\xbf\xbd/worker: Permission denied");
    check_step(SPAWN_INTERPRETER, "the interpreter of /opt/\xef\xbf\xbd/worker: Permission denied");
}

// Too slow is no breach of the protocol.
static void
test_unready(void **state)
{
    struct death death = {.cause = DEATH_UNREADY, .pool = "cpu", .pid = 1};
    json_t *object;
    json_t *data = certify(&death, ERROR_JOB_FAILED, &object);

    (void)state;
    check_string(data, "cause", "start");
    check_string(data, "reason", "it did not send worker.ready within timeout-start");
    json_decref(object);
    check_summary(&death,
                  "could not be started: it did not send worker.ready within timeout-start");
}

static void
test_protocol(void **state)
{
    struct death death = {.cause = DEATH_PROTOCOL,
                          .breach = "a line that is no answer",
                          .breach_text = SPAN("Traceback \"x\"\t\\"),
                          .pool = "cpu",
                          .pid = 1};
    json_t *object;
    json_t *data = certify(&death, ERROR_WORKER_PROTOCOL, &object);

    (void)state;
    check_string(data, "cause", "protocol");
    check_string(data, "reason", "a line that is no answer");
    check_string(data, "text", "Traceback \"x\"\t\\");
    json_decref(object);
    check_summary(&death, "broke the protocol: a line that is no answer");
}

static void
test_protocol_without_text(void **state)
{
    struct death death = {.cause = DEATH_PROTOCOL, .breach = "it closed its stdin", .pool = "cpu"};
    json_t *object;
    json_t *data = certify(&death, ERROR_WORKER_PROTOCOL, &object);

    (void)state;
    check_string(data, "text", "");
    json_decref(object);
}

static void
test_usage(void **state)
{
    struct death death = {.cause = DEATH_EXIT, .pool = "cpu", .pid = 1, .usage_known = true};
    json_t *object;
    json_t *data;

    (void)state;
    death.usage.ru_utime = (struct timeval){2, 500000};
    death.usage.ru_stime = (struct timeval){0, 250000};
    death.usage.ru_maxrss = 4L << 20; // 4 GiB, in KiB
    data = certify(&death, ERROR_JOB_FAILED, &object);
    assert_true(json_real_value(json_object_get(data, "user_seconds")) == 2.5);
    assert_true(json_real_value(json_object_get(data, "system_seconds")) == 0.25);
    check_integer(data, "peak_memory_bytes", 4LL << 30);
    json_decref(object);
}

// Bytes of every kind, and the longest texts that can come.
static void
test_foreign_bytes(void **state)
{
    static char bytes[4096];
    struct death death = {.cause = DEATH_PROTOCOL,
                          .breach = "a line that is no answer",
                          .breach_text = {bytes, sizeof(bytes)},
                          .pool = "cpu",
                          .stderr_tail = {bytes, sizeof(bytes)}};
    json_t *object;
    json_t *data;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)i;
    data = certify(&death, ERROR_WORKER_PROTOCOL, &object);
    assert_true(json_string_length(json_object_get(data, "stderr")) >= sizeof(bytes));
    assert_in_range(json_string_length(json_object_get(data, "text")), 256, 3 * 256);
    assert_memory_equal(json_string_value(json_object_get(data, "stderr")), bytes, 128);
    json_decref(object);
    memset(bytes, 0, sizeof(bytes));
    data = certify(&death, ERROR_WORKER_PROTOCOL, &object);
    assert_int_equal(json_string_length(json_object_get(data, "stderr")), sizeof(bytes));
    json_decref(object);
}

static void
test_summary_fits(void **state)
{
    struct death death = {.cause = DEATH_PROTOCOL, .breach = "a line that is no answer"};
    char text[12];

    (void)state;
    certificate_summary(&death, text, sizeof(text));
    assert_string_equal(text, "broke the p");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit),
        cmocka_unit_test(test_signal),
        cmocka_unit_test(test_realtime_signal),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_start_steps),
        cmocka_unit_test(test_unready),
        cmocka_unit_test(test_protocol),
        cmocka_unit_test(test_protocol_without_text),
        cmocka_unit_test(test_usage),
        cmocka_unit_test(test_foreign_bytes),
        cmocka_unit_test(test_summary_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
