// Lengths of time: counted in their buckets, for ever and for a minute; the longest is exact.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "model/histogram.h"

#define SECOND INT64_C(1000000)

static void
check(const struct histogram_report *report, uint64_t count, int64_t p50_us, int64_t p90_us,
      int64_t p99_us, int64_t max_us)
{
    assert_int_equal(report->count, count);
    assert_int_equal(report->p50_us, p50_us);
    assert_int_equal(report->p90_us, p90_us);
    assert_int_equal(report->p99_us, p99_us);
    assert_int_equal(report->max_us, max_us);
}

static void
test_nothing(void **state)
{
    struct histogram lengths = {0};
    struct histogram_report report;

    (void)state;
    histogram_report_ever(&lengths, &report);
    check(&report, 0, 0, 0, 0, 0);
    histogram_report_minute(&lengths, 5 * SECOND, &report);
    check(&report, 0, 0, 0, 0, 0);
}

static void
note_times(struct histogram *lengths, int times, int64_t length_us)
{
    for (int i = 0; i < times; i++)
        histogram_note(lengths, SECOND, length_us);
}

static void
test_percentiles(void **state)
{
    struct histogram lengths = {0};
    struct histogram_report report;

    (void)state;
    note_times(&lengths, 1, 50);
    histogram_report_ever(&lengths, &report);
    check(&report, 1, 50, 50, 50, 50); // never more than the longest
    note_times(&lengths, 98, 50);
    note_times(&lengths, 1, 3000);
    histogram_report_ever(&lengths, &report);
    check(&report, 100, 52, 52, 52, 3000); // one in a hundred may be longer
    note_times(&lengths, 1, 2900);
    histogram_report_ever(&lengths, &report);
    check(&report, 101, 52, 52, 3000, 3000); // two may not
    note_times(&lengths, 9, 2900);
    histogram_report_ever(&lengths, &report);
    check(&report, 110, 52, 52, 3000, 3000); // eleven may, for nine tenths
    note_times(&lengths, 1, 2900);
    histogram_report_ever(&lengths, &report);
    check(&report, 111, 52, 3000, 3000, 3000); // twelve may not
    note_times(&lengths, 100, 1000);
    histogram_report_ever(&lengths, &report);
    check(&report, 211, 1024, 1024, 3000, 3000);
}

// The p50 of three lengths is the bound of the middle one's bucket.
static int64_t
bound_seen(int64_t length_us)
{
    struct histogram lengths = {0};
    struct histogram_report report;

    histogram_note(&lengths, SECOND, length_us);
    histogram_note(&lengths, SECOND, length_us);
    histogram_note(&lengths, SECOND, INT64_MAX);
    histogram_report_ever(&lengths, &report);
    assert_int_equal(report.count, 3);
    assert_int_equal(report.max_us, INT64_MAX);
    return report.p50_us;
}

// Never below the length, and no more than an eighth above it, up to the last bucket.
static void
test_every_bucket(void **state)
{
    (void)state;
    assert_int_equal(bound_seen(-5), 1);
    assert_int_equal(bound_seen(0), 1);
    for (int64_t length_us = 1; length_us < INT64_C(15) << 32;
         length_us = length_us * 33 / 32 + 1) {
        int64_t bound_us = bound_seen(length_us);

        assert_true(bound_us > length_us);
        assert_true(bound_us <= length_us + (length_us < 8 ? 1 : length_us / 8 + 1));
    }
    assert_int_equal(bound_seen(INT64_C(15) << 32), INT64_MAX);
    assert_int_equal(bound_seen(INT64_MAX), INT64_MAX);
}

static void
test_the_last_minute(void **state)
{
    struct histogram lengths = {0};
    struct histogram_report report;
    int64_t hour_us = 3600 * SECOND;

    (void)state;
    histogram_note(&lengths, hour_us, 70);
    histogram_note(&lengths, hour_us + 30 * SECOND, 900);
    histogram_report_minute(&lengths, hour_us + 40 * SECOND, &report);
    check(&report, 2, 72, 900, 900, 900);
    histogram_report_minute(&lengths, hour_us + 65 * SECOND, &report); // the first is too long ago
    check(&report, 1, 900, 900, 900, 900);
    histogram_report_minute(&lengths, hour_us + 100 * SECOND, &report); // and the second
    check(&report, 0, 0, 0, 0, 0);
    histogram_note(&lengths, hour_us + 120 * SECOND, 3); // where the first was
    histogram_report_minute(&lengths, hour_us + 120 * SECOND, &report);
    check(&report, 1, 3, 3, 3, 3);
    histogram_report_ever(&lengths, &report);
    check(&report, 3, 72, 900, 900, 900);
}

// The clock may be held for a while, and so be behind of what was noted meanwhile.
static void
test_a_step_back(void **state)
{
    struct histogram lengths = {0};
    struct histogram_report report;
    int64_t hour_us = 3600 * SECOND;

    (void)state;
    histogram_note(&lengths, hour_us - 1, 5);
    histogram_note(&lengths, hour_us, 5);
    histogram_note(&lengths, hour_us - 1, 5);
    histogram_note(&lengths, hour_us + 1, 5);
    histogram_report_minute(&lengths, hour_us + 1, &report);
    check(&report, 4, 5, 5, 5, 5);
    histogram_report_minute(&lengths, hour_us + 50 * SECOND, &report);
    check(&report, 2, 5, 5, 5, 5);
    histogram_report_minute(&lengths, hour_us + 60 * SECOND, &report);
    check(&report, 0, 0, 0, 0, 0);
}

static void
test_long_ones(void **state)
{
    struct histogram lengths = {0};
    struct histogram_report report;

    (void)state;
    histogram_note(&lengths, SECOND, 20);
    histogram_note_long(&lengths, SECOND, 8000);
    histogram_note_long(&lengths, SECOND, 4000);
    histogram_report_ever(&lengths, &report);
    check(&report, 1, 22, 22, 22, 8000);
    histogram_report_minute(&lengths, SECOND, &report);
    check(&report, 1, 22, 22, 22, 8000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),      cmocka_unit_test(test_percentiles),
        cmocka_unit_test(test_every_bucket), cmocka_unit_test(test_the_last_minute),
        cmocka_unit_test(test_a_step_back),  cmocka_unit_test(test_long_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
