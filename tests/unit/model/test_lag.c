// The lengths of turns: counted in their buckets, for ever and for a minute; the longest is exact.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "model/lag.h"

#define SECOND INT64_C(1000000)

static void
check(const struct lag_report *report, uint64_t count, int64_t p50_us, int64_t p99_us,
      int64_t max_us)
{
    assert_int_equal(report->count, count);
    assert_int_equal(report->p50_us, p50_us);
    assert_int_equal(report->p99_us, p99_us);
    assert_int_equal(report->max_us, max_us);
}

static void
test_nothing(void **state)
{
    struct lag lag = {0};
    struct lag_report report;

    (void)state;
    lag_report_ever(&lag, &report);
    check(&report, 0, 0, 0, 0);
    lag_report_minute(&lag, 5 * SECOND, &report);
    check(&report, 0, 0, 0, 0);
}

static void
test_percentiles(void **state)
{
    struct lag lag = {0};
    struct lag_report report;

    (void)state;
    lag_note(&lag, SECOND, 5);
    lag_report_ever(&lag, &report);
    check(&report, 1, 5, 5, 5); // never more than the longest
    for (int i = 0; i < 98; i++)
        lag_note(&lag, SECOND, 5);
    lag_note(&lag, SECOND, 3000);
    lag_report_ever(&lag, &report);
    check(&report, 100, 8, 8, 3000); // one in a hundred may be longer
    lag_note(&lag, SECOND, 2500);
    lag_report_ever(&lag, &report);
    check(&report, 101, 8, 3000, 3000); // two may not
    for (int i = 0; i < 101; i++)
        lag_note(&lag, SECOND, 100);
    lag_report_ever(&lag, &report);
    check(&report, 202, 128, 128, 3000);
}

// Each length and the bound of its bucket: never below it, and less than twice of it.
static void
test_every_bucket(void **state)
{
    (void)state;
    for (int64_t length_us = 0; length_us < INT64_C(1) << 40; length_us = length_us * 3 / 2 + 1) {
        struct lag lag = {0};
        struct lag_report report;

        lag_note(&lag, SECOND, length_us);
        lag_note(&lag, SECOND, INT64_C(1) << 41);
        lag_report_ever(&lag, &report);
        if (length_us < INT64_C(1) << 31) {
            assert_true(report.p50_us > length_us);
            assert_true(report.p50_us <= 2 * length_us || report.p50_us == 1);
        }
        assert_int_equal(report.max_us, INT64_C(1) << 41);
    }
}

static void
test_the_last_minute(void **state)
{
    struct lag lag = {0};
    struct lag_report report;
    int64_t hour_us = 3600 * SECOND;

    (void)state;
    lag_note(&lag, hour_us, 70);
    lag_note(&lag, hour_us + 30 * SECOND, 900);
    lag_report_minute(&lag, hour_us + 40 * SECOND, &report);
    check(&report, 2, 128, 900, 900);
    lag_report_minute(&lag, hour_us + 65 * SECOND, &report); // the first is too long ago
    check(&report, 1, 900, 900, 900);
    lag_report_minute(&lag, hour_us + 100 * SECOND, &report); // and the second
    check(&report, 0, 0, 0, 0);
    lag_note(&lag, hour_us + 120 * SECOND, 3); // where the first was
    lag_report_minute(&lag, hour_us + 120 * SECOND, &report);
    check(&report, 1, 3, 3, 3);
    lag_report_ever(&lag, &report);
    check(&report, 3, 128, 900, 900);
}

static void
test_long_ones(void **state)
{
    struct lag lag = {0};
    struct lag_report report;

    (void)state;
    lag_note(&lag, SECOND, 20);
    lag_note_long(&lag, SECOND, 8000);
    lag_note_long(&lag, SECOND, 4000);
    lag_report_ever(&lag, &report);
    check(&report, 1, 32, 32, 8000);
    lag_report_minute(&lag, SECOND, &report);
    check(&report, 1, 32, 32, 8000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),      cmocka_unit_test(test_percentiles),
        cmocka_unit_test(test_every_bucket), cmocka_unit_test(test_the_last_minute),
        cmocka_unit_test(test_long_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
