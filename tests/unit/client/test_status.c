// A status as plain data, and what two of them tell together.
// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/status.h"
#include "tests/unit/client/status_documents.h"

#include <errno.h>
#include <string.h>

static struct status *
read_status(const char *document)
{
    struct status *status = NULL;

    assert_int_equal(status_read(span_of(document), &status), 0);
    return status;
}

static void
assert_about(double value, double expected)
{
    assert_true(value > expected - 0.001 && value < expected + 0.001);
}

static void
everything_is_read(void **state)
{
    struct status *status = read_status(DOCUMENT_FIRST);
    const struct status_pool *pool = &status->pools[0];
    const struct status_worker *worker = &status->workers[0];

    (void)state;
    assert_string_equal(status->version, "1.2");
    assert_string_equal(status->listen, "unix:/run/sock");
    assert_about(status->pid, 4711);
    assert_about(status->sessions, 3);
    assert_about(status->queued, 12);
    assert_about(status->latency.p50, 0.0012);
    assert_about(status->lag.count, 8);
    assert_int_equal(status->pool_count, 2);
    assert_string_equal(pool->name, "cpu");
    assert_string_equal(pool->methods, "one two");
    assert_null(pool->problem);
    assert_about(pool->latency.most, 1.25);
    assert_string_equal(status->pools[1].state, "paused");
    assert_string_equal(status->pools[1].problem, "/opt/none: No such file");
    assert_int_equal(status->worker_count, 2);
    assert_string_equal(worker->method, "one");
    assert_about(worker->running_seconds, 1.5);
    assert_about(worker->memory_bytes, 12582912);
    assert_about(worker->cpu_percent, 50); // of its life
    assert_null(status->workers[1].method);
    assert_about(status->workers[1].running_seconds, FIGURE_UNKNOWN);
    assert_about(status->rates.succeeded, FIGURE_UNKNOWN);
    status_free(status);
}

static void
two_tell_rates(void **state)
{
    struct status *first = read_status(DOCUMENT_FIRST);
    struct status *second = read_status(DOCUMENT_SECOND);

    (void)state;
    status_compare(second, first);
    assert_about(second->rates.succeeded, 25);
    assert_about(second->rates.failed, 0);
    assert_about(second->pools[0].rates.succeeded, 25);
    assert_about(second->pools[1].rates.succeeded, 0);
    assert_about(second->workers[0].cpu_percent, 100);
    assert_about(second->workers[1].cpu_percent, 50); // a new one: of its life
    status_free(first);
    status_free(second);
}

// The later one is of another daemon, or not later, or a counter went back: no rates.
static void
what_cannot_be_compared(void **state)
{
    static const char *const others[] = {
        "{\"pid\":4712,\"uptime_seconds\":500,\"jobs\":{\"succeeded\":5000}}",
        "{\"pid\":4711,\"uptime_seconds\":100.01,\"jobs\":{\"succeeded\":5000}}",
        "{\"pid\":4711,\"uptime_seconds\":1,\"jobs\":{\"succeeded\":5000}}",
        "{\"pid\":4711,\"uptime_seconds\":500,\"jobs\":{\"succeeded\":5}}",
        "{\"pid\":4711,\"uptime_seconds\":500}",
    };
    struct status *first = read_status(DOCUMENT_FIRST);

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct status *other = read_status(others[i]);

        status_compare(other, first);
        assert_about(other->rates.succeeded, FIGURE_UNKNOWN);
        status_free(other);
    }
    status_free(first);
}

static void
an_older_daemon_tells_less(void **state)
{
    struct status *first = read_status(DOCUMENT_OLD);
    struct status *second = read_status(DOCUMENT_OLD);

    (void)state;
    second->uptime_seconds += 2;
    status_compare(second, first);
    assert_null(second->listen);
    assert_about(second->latency.p50, FIGURE_UNKNOWN);
    assert_about(second->pools[0].rates.succeeded, FIGURE_UNKNOWN);
    assert_about(second->workers[0].cpu_percent, FIGURE_UNKNOWN);
    assert_about(second->workers[0].memory_bytes, FIGURE_UNKNOWN);
    assert_null(second->workers[0].method);
    status_free(first);
    status_free(second);
}

static void
what_is_no_status(void **state)
{
    static const char *const documents[] = {"", "[]", "7", "null", "{", "{\"pid\":1}x", "\"pong\""};

    (void)state;
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        struct status *status = NULL;

        assert_int_equal(status_read(span_of(documents[i]), &status), -EPROTO);
        assert_null(status);
    }
}

static void
a_hostile_one_does_no_harm(void **state)
{
    static const char *const documents[] = {
        "{}",
        "{\"pools\":{}}",
        "{\"pools\":[[],{\"workers\":7}]}",
        DOCUMENT_HOSTILE,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        struct status *first = read_status(documents[i]);
        struct status *second = read_status(documents[i]);

        second->uptime_seconds = 1e300;
        first->uptime_seconds = 0;
        status_compare(second, first);
        assert_non_null(second->version);
        assert_non_null(second->state);
        status_free(first);
        status_free(second);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_read),      cmocka_unit_test(two_tell_rates),
        cmocka_unit_test(what_cannot_be_compared), cmocka_unit_test(an_older_daemon_tells_less),
        cmocka_unit_test(what_is_no_status),       cmocka_unit_test(a_hostile_one_does_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
