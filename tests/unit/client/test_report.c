// Errors in words, and the exit statuses that go with them.
#include "client/report.h"
#include "common/errors.h"
#include "tests/unit/client/capture.h"

#include <errno.h>

static void
check(const char *subject, const char *error, int status, const char *expected)
{
    struct capture capture;
    int got;

    capture_start(&capture, STDERR_FILENO);
    got = report_error(subject, span_of(error));
    assert_string_equal(capture_stop(&capture), expected);
    assert_int_equal(got, status);
    assert_int_equal(report_error_status(span_of(error)), status);
}

static void
plain_errors(void **state)
{
    (void)state;
    check(NULL, "{\"code\":-32601,\"message\":\"Method not found\"}", 66,
          "offload: Method not found (-32601)\n");
    check(NULL,
          "{\"code\":-32601,\"message\":\"Method not "
          "found\",\"data\":{\"method\":\"tarn\\u0073late\"}}",
          66, "offload: Method not found (-32601): tarnslate\n");
    check("line 3", "{\"code\":7,\"message\":\"my own\"}", EXIT_STATUS_JOB,
          "offload: line 3: my own (7)\n");
    check(NULL, "{\"message\":\"first\",\"code\":1,\"message\":\"last\"}", EXIT_STATUS_JOB,
          "offload: last (1)\n");
}

static void
known_data_in_words(void **state)
{
    (void)state;
    check(NULL,
          "{\"code\":-32602,\"message\":\"Invalid params\",\"data\":{\"member\":\"n\",\"expected\":"
          "\"a whole number\"}}",
          65, "offload: Invalid params (-32602): n: expected a whole number\n");
    check(NULL,
          "{\"code\":-32602,\"message\":\"Invalid params\",\"data\":{\"member\":\"n\",\"reason\":"
          "\"wrong type\",\"expected\":\"n: a whole number\"}}",
          65, "offload: Invalid params (-32602): n: wrong type; expected a whole number\n");
    check(
        NULL,
        "{\"code\":-32700,\"message\":\"Parse error\",\"data\":{\"reason\":\"bad\",\"offset\":4}}",
        65, "offload: Parse error (-32700): bad (at byte 4)\n");
    check(NULL,
          "{\"code\":-32001,\"message\":\"Busy\",\"data\":{\"limit\":\"queue-max\",\"max\":9,"
          "\"retry_after\":0.5}}",
          75, "offload: Busy (-32001): beyond the limit queue-max of 9; try again in 0.5 s\n");
}

static void
death_certificates(void **state)
{
    (void)state;
    check(NULL,
          "{\"code\":-32010,\"message\":\"Job failed\",\"data\":{\"cause\":\"signal\",\"signal\":"
          "\"SIGSEGV\",\"pid\":12,\"pool\":\"cpu\",\"jobs_done\":3,\"stderr\":\"one\\ntwo\"}}",
          1,
          "offload: Job failed (-32010): killed by SIGSEGV (pool cpu, worker 12, jobs done before: "
          "3)\n"
          "    one\n    two\n");
    check(NULL,
          "{\"code\":-32010,\"message\":\"Job failed\",\"data\":{\"cause\":\"oom\",\"signal\":"
          "\"SIGKILL\",\"memory_max_bytes\":1,\"pool\":\"cpu\"}}",
          1, "offload: Job failed (-32010): killed for want of memory (pool cpu)\n");
    check(
        NULL,
        "{\"code\":-32010,\"message\":\"Job failed\",\"data\":{\"cause\":\"exit\",\"exit_code\":3,"
        "\"stderr\":\"\"}}",
        1, "offload: Job failed (-32010): exited with status 3\n");
    check(NULL,
          "{\"code\":-32010,\"message\":\"Job failed\",\"data\":{\"cause\":\"start\",\"reason\":"
          "\"No such file\",\"pool\":\"x\"}}",
          1, "offload: Job failed (-32010): could not be started: No such file (pool x)\n");
    check(NULL,
          "{\"code\":-32012,\"message\":\"Worker broke the "
          "protocol\",\"data\":{\"cause\":\"protocol\","
          "\"reason\":\"a line that is no answer: a "
          "request\",\"text\":\"{\\u001b}\",\"pool\":\"x\"}}",
          76,
          "offload: Worker broke the protocol (-32012): a line that is no answer: a request: "
          "{\\u001b} (pool x)\n");
    check(NULL,
          "{\"code\":-32012,\"message\":\"Worker broke the "
          "protocol\",\"data\":{\"cause\":\"protocol\","
          "\"reason\":\"it closed its stdout and ran on\",\"text\":\"\"}}",
          76, "offload: Worker broke the protocol (-32012): it closed its stdout and ran on\n");
}

static void
unknown_data_as_it_is(void **state)
{
    (void)state;
    check(NULL, "{\"code\":1,\"message\":\"m\",\"data\":{\"a\":1e400}}", 1,
          "offload: m (1): {\"a\":1e400}\n");
    check(NULL, "{\"code\":1,\"message\":\"m\",\"data\":[0.10, -0]}", 1,
          "offload: m (1): [0.10, -0]\n");
    check(NULL, "{\"code\":1,\"message\":\"m\",\"data\":\"text\"}", 1, "offload: m (1): text\n");
    check(NULL, "{\"code\":1,\"message\":\"m\",\"data\":{\"reason\":5,\"limit\":null}}", 1,
          "offload: m (1): {\"reason\":5,\"limit\":null}\n");
}

// A worker's words must not move the terminal's cursor.
static void
control_characters_are_shown(void **state)
{
    (void)state;
    check(NULL, "{\"code\":1,\"message\":\"a\\u001b[2J\\u0000\\r\\n\\u007f\\u009b\\u00e9\"}", 1,
          "offload: a\\u001b[2J\\u0000\\u000d\\u000a\\u007f\\u009b\xc3\xa9 (1)\n");
    check(NULL, "{\"code\":1,\"message\":\"m\",\"data\":\"\xc2\x9b\x7f\"}", 1,
          "offload: m (1): \\u009b\\u007f\n");
    check(NULL,
          "{\"code\":1,\"message\":\"m\",\"data\":{\"cause\":\"exit\",\"stderr\":\"\\u001b]0;"
          "x\\u0007\"}}",
          1, "offload: m (1): exit\n    \\u001b]0;x\\u0007\n");
}

static void
odd_codes_are_a_workers_own(void **state)
{
    static const char *const codes[] = {"-32601.0",     "-3260e1",    "99999999999999999999",
                                        "-32601000000", "\"-32601\"", "null"};
    char error[128];

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        snprintf(error, sizeof(error), "{\"code\":%s,\"message\":\"m\"}", codes[i]);
        assert_int_equal(report_error_status(span_of(error)), EXIT_STATUS_JOB);
    }
    assert_int_equal(report_error_status(SPAN("{}")), EXIT_STATUS_JOB);
}

static void
stdout_failures(void **state)
{
    struct capture capture;

    (void)state;
    capture_start(&capture, STDERR_FILENO);
    assert_int_equal(report_stdout(0), 0);
    assert_int_equal(report_stdout(EPIPE), REPORT_STATUS_PIPE);
    assert_string_equal(capture_stop(&capture), "");
    capture_start(&capture, STDERR_FILENO);
    assert_int_equal(report_stdout(ENOSPC), REPORT_STATUS_IO);
    assert_string_equal(capture_stop(&capture),
                        "offload: cannot write to stdout: No space left on device\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_errors),
        cmocka_unit_test(known_data_in_words),
        cmocka_unit_test(death_certificates),
        cmocka_unit_test(unknown_data_as_it_is),
        cmocka_unit_test(control_characters_are_shown),
        cmocka_unit_test(odd_codes_are_a_workers_own),
        cmocka_unit_test(stdout_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
