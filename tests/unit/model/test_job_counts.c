// Jobs that have ended: each counts once, and its time if it says anything.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "model/job_counts.h"

#define SECOND INT64_C(1000000)

static uint64_t
measured(const struct job_counts *counts, int64_t *ret_max_us)
{
    struct histogram_report report;

    histogram_report_ever(&counts->latency, &report);
    *ret_max_us = report.max_us;
    return report.count;
}

// From the arrival to the end, whatever came between.
static void
test_each_end(void **state)
{
    struct job_counts counts = {0};
    struct job job = {.created_us = 5 * SECOND, .started_us = 7 * SECOND};
    int64_t max_us;

    (void)state;
    for (int end = JOB_SUCCEEDED; end < JOB_STATE_COUNT; end++) {
        int64_t now_us = (10 + end) * SECOND;

        job_counts_note(&counts, &job, (enum job_state)end, now_us);
        for (int other = 0; other < JOB_STATE_COUNT; other++)
            assert_int_equal(counts.ended[other], other >= JOB_SUCCEEDED && other <= end);
        assert_int_equal(measured(&counts, &max_us), end - JOB_SUCCEEDED + 1);
        assert_int_equal(max_us, now_us - job.created_us);
    }
    assert_int_equal(counts.refused, 0);
}

// What was cancelled or timed out before it began has been waited for; what was refused has not.
static void
test_what_never_began(void **state)
{
    static const struct {
        enum job_state end;
        uint64_t measured;
    } cases[] = {{JOB_FAILED, 0}, {JOB_CANCELLED, 1}, {JOB_TIMED_OUT, 2}, {JOB_FAILED, 2}};
    struct job_counts counts = {0};
    struct job job = {.created_us = SECOND};
    int64_t max_us;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        job_counts_note(&counts, &job, cases[i].end, 3 * SECOND);
        assert_int_equal(measured(&counts, &max_us), cases[i].measured);
    }
    assert_int_equal(counts.ended[JOB_FAILED], 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_end),
        cmocka_unit_test(test_what_never_began),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
