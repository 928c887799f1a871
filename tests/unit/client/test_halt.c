// When a flow stops early, whether a job is tried again, and which jobs are done.
// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/done_set.h"
#include "client/halt.h"
#include "client/joblog.h"
#include "client/retry.h"
#include "common/errors.h"

#include <stdlib.h>

static enum halt_when
check(const char *text, uint64_t succeeded, uint64_t failed, uint64_t total)
{
    struct halt_tally tally = {succeeded, failed, total};
    struct halt halt;

    assert_true(halt_parse(text, &halt));
    return halt_check(&halt, &tally);
}

static void
halting(void **state)
{
    (void)state;
    assert_int_equal(check("never", 100, 100, 0), HALT_NEVER);
    assert_int_equal(check("now,fail=1", 5, 0, 0), HALT_NEVER);
    assert_int_equal(check("now,fail=1", 5, 1, 0), HALT_NOW);
    assert_int_equal(check("soon,fail=3", 5, 2, 10), HALT_NEVER);
    assert_int_equal(check("soon,fail=3", 5, 3, 10), HALT_SOON);
    assert_int_equal(check("now,success=2", 2, 9, 0), HALT_NOW);
    assert_int_equal(check("now,success=2", 1, 9, 0), HALT_NEVER);
    assert_int_equal(check("soon,done=4", 2, 2, 0), HALT_SOON);
    assert_int_equal(check("soon,done=4", 1, 2, 0), HALT_NEVER);
}

// Of all jobs if their number is known, else of those that have ended, if they are enough.
static void
halting_by_share(void **state)
{
    (void)state;
    assert_int_equal(check("now,fail=50%", 0, 1, 3), HALT_NEVER);
    assert_int_equal(check("now,fail=50%", 0, 2, 3), HALT_NOW);
    assert_int_equal(check("now,fail=20%", 0, 9, 0), HALT_NEVER);
    assert_int_equal(check("now,fail=20%", 8, 2, 0), HALT_NOW);
    assert_int_equal(check("now,fail=20%", 9, 2, 0), HALT_NEVER);
    assert_int_equal(check("now,fail=1%", 100, 0, 100), HALT_NEVER);
    assert_int_equal(check("soon,done=50%", 100, 100, 0), HALT_NEVER);
    assert_int_equal(check("soon,done=50%", 3, 2, 10), HALT_SOON);
}

static void
no_way_to_halt(void **state)
{
    static const char *const texts[] = {
        "",
        "now",
        "fail=1",
        "now,fail",
        "now,fail=",
        "now,fail=0",
        "now,fail=x",
        "later,fail=1",
        "now,fail=101%",
        "now,fail=%",
        "now,fail=1%%",
        "now, fail=1",
        "never,fail=1",
        "now,fail=-1",
        "now,fail=12345678901234567890",
        "2",
    };
    struct halt halt = {.count = 7};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (halt_parse(texts[i], &halt) || halt.count != 7)
            fail_msg("'%s' is taken", texts[i]);
}

static int64_t
delay(int code, const char *error, unsigned attempt, unsigned retries)
{
    struct job job = {.attempt = attempt, .outcome = span_of(error)};

    return retry_delay_us(&job, code, retries, 1000);
}

static void
trying_again(void **state)
{
    static const int final[] = {ERROR_PARSE,          ERROR_INVALID_REQUEST, ERROR_METHOD_NOT_FOUND,
                                ERROR_INVALID_PARAMS, ERROR_CANCELLED,       ERROR_TOO_LARGE,
                                ERROR_SHUTTING_DOWN};

    (void)state;
    assert_int_equal(delay(ERROR_JOB_FAILED, "{}", 1, 0), -1);
    assert_int_equal(delay(ERROR_JOB_FAILED, "{}", 1, 2), 0);
    assert_int_equal(delay(ERROR_TIMED_OUT, "{}", 2, 2), 0);
    assert_int_equal(delay(404, "{}", 3, 2), -1);
    for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++)
        assert_int_equal(delay(final[i], "{}", 1, 100), -1);
}

// A full daemon is asked again when it said, whatever the tries; but not for ever.
static void
a_full_daemon(void **state)
{
    struct job job = {.attempt = 1, .busy_us = 1000, .outcome = SPAN("{}")};

    (void)state;
    assert_int_equal(delay(ERROR_BUSY, "{\"data\":{\"retry_after\":0.25}}", 1, 0), 250000);
    assert_int_equal(delay(ERROR_BUSY, "{\"data\":{\"retry_after\":0}}", 1, 0), 10000);
    assert_int_equal(delay(ERROR_BUSY, "{\"data\":{\"retry_after\":1e400}}", 1, 0), 5000000);
    assert_int_equal(delay(ERROR_BUSY, "{\"data\":{\"retry_after\":-1e400}}", 1, 0), 10000);
    assert_int_equal(delay(ERROR_BUSY, "{}", 1, 0), 100000);
    assert_int_equal(
        delay(ERROR_BUSY, "{\"data\":{\"limit\":\"queue-max\",\"retry_after\":2}}", 1, 0), 2000000);
    assert_int_equal(
        delay(ERROR_BUSY, "{\"data\":{\"limit\":\"max_wait\",\"retry_after\":2}}", 1, 0), -1);
    assert_int_equal(retry_delay_us(&job, ERROR_BUSY, 0, RETRY_BUSY_US), 100000);
    assert_int_equal(retry_delay_us(&job, ERROR_BUSY, 0, RETRY_BUSY_US + 1000), -1);
}

// ---- the log ---------------------------------------------------------------------------------

static void
a_set_of_numbers_against_a_model(void **state)
{
    enum { NUMBERS = 300, STEPS = 20000 };
    struct done_set set = {0};
    bool model[NUMBERS + 2] = {false};
    unsigned seed = 3;

    (void)state;
    for (int step = 0; step < STEPS; step++) {
        uint64_t number = (uint64_t)rand_r(&seed) % NUMBERS + 1;
        bool add = rand_r(&seed) % 3 != 0;

        assert_true(add ? done_set_add(&set, number) : done_set_remove(&set, number));
        model[number] = add;
        number = (uint64_t)rand_r(&seed) % NUMBERS + 1;
        assert_true(done_set_has(&set, number) == model[number]);
    }
    for (size_t i = 1; i < set.count; i++)
        assert_true(set.ranges[i - 1].last + 1 < set.ranges[i].first);
    for (uint64_t number = 1; number <= NUMBERS; number++) {
        assert_true(done_set_has(&set, number) == model[number]);
        assert_true(done_set_add(&set, number));
    }
    assert_int_equal(set.count, 1);
    assert_false(done_set_has(&set, 0));
    assert_false(done_set_has(&set, NUMBERS + 1));
    done_set_done(&set);
}

static void
lines_of_the_log(void **state)
{
    char params[] = "{\"seq\":7,\"exit\":9}";
    struct job job = {.seq = 3,
                      .start_seconds = 1764000000.1234,
                      .started_us = 1000000,
                      .ended_us = 1052000,
                      .exit = 65,
                      .attempt = 2,
                      .params = {params, sizeof(params) - 1}};
    size_t length;
    char *line = joblog_format(&job, &length);
    uint64_t seq = 0;
    int exit = 0;

    (void)state;
    assert_string_equal(line,
                        "{\"seq\":3,\"start\":1764000000.123,\"runtime\":0.052000,\"exit\":65,"
                        "\"attempt\":2,\"params\":{\"seq\":7,\"exit\":9}}");
    assert_true(joblog_parse((struct span){line, length}, &seq, &exit));
    assert_int_equal(seq, 3);
    assert_int_equal(exit, 65);
    free(line);
}

static void
no_lines_of_the_log(void **state)
{
    static const char *const lines[] = {
        "",
        "x",
        "[]",
        "{}",
        "{\"seq\":1}",
        "{\"exit\":1}",
        "{\"seq\":0,\"exit\":0}",
        "{\"seq\":-1,\"exit\":0}",
        "{\"seq\":1.5,\"exit\":0}",
        "{\"seq\":1,\"exit\":\"0\"}",
        "{\"seq\":1,\"exit\":0",
        "{\"seq\":1234567890123456789,\"exit\":0}",
    };
    uint64_t seq;
    int exit;

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        if (joblog_parse(span_of(lines[i]), &seq, &exit))
            fail_msg("'%s' is taken", lines[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halting),          cmocka_unit_test(halting_by_share),
        cmocka_unit_test(no_way_to_halt),   cmocka_unit_test(trying_again),
        cmocka_unit_test(a_full_daemon),    cmocka_unit_test(a_set_of_numbers_against_a_model),
        cmocka_unit_test(lines_of_the_log), cmocka_unit_test(no_lines_of_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
