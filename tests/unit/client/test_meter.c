// How far, how fast, how long still; and the line that fits.
#include "client/meter.h"
#include "tests/unit/client/capture.h"

#include <string.h>

#define SECOND ((int64_t)1000000)

static void
expect_bar(const struct meter *meter, int64_t now_us, const struct meter_counts *counts,
           unsigned columns, const char *expected)
{
    char bar[METER_TEXT_MAX];

    meter_bar(meter, now_us, counts, columns, false, bar);
    assert_string_equal(bar, expected);
}

static void
the_rate_is_that_of_the_last_minute(void **state)
{
    struct meter meter;
    struct meter_counts counts = {.total = 2000};

    (void)state;
    meter_start(&meter, 5 * SECOND);
    assert_true(meter_rate(&meter, 5 * SECOND, &counts) == 0);
    assert_true(meter_left(&meter, 5 * SECOND, &counts) < 0);
    for (int second = 1; second <= 100; second++) { // ten a second
        counts.succeeded += 9;
        counts.failed += 1;
        for (int i = 0; i < 5; i++)
            meter_note(&meter, (5 + second) * SECOND + i * 200000, &counts);
    }
    assert_true(meter_rate(&meter, 105 * SECOND, &counts) > 9.8);
    assert_true(meter_rate(&meter, 105 * SECOND, &counts) < 10.2);
    for (int second = 101; second <= 170; second++) { // one a second
        counts.succeeded++;
        meter_note(&meter, (5 + second) * SECOND, &counts);
    }
    assert_true(meter_rate(&meter, 175 * SECOND, &counts) > 0.98);
    assert_true(meter_rate(&meter, 175 * SECOND, &counts) < 1.02);
    assert_true(meter_left(&meter, 175 * SECOND, &counts) > 900);
    assert_true(meter_left(&meter, 175 * SECOND, &counts) < 960);
    for (int second = 171; second <= 300; second++) // nothing any more
        meter_note(&meter, (5 + second) * SECOND, &counts);
    assert_true(meter_rate(&meter, 305 * SECOND, &counts) == 0);
    assert_true(meter_left(&meter, 305 * SECOND, &counts) < 0);
}

static void
bars(void **state)
{
    const struct meter_counts counts = {.succeeded = 47, .failed = 3, .running = 8, .total = 200};
    const struct meter_counts endless = {.succeeded = 50, .running = 1};
    struct meter meter;
    int64_t now_us = 10 * SECOND;

    (void)state;
    meter_start(&meter, 0);
    expect_bar(
        &meter, now_us, &counts, 100,
        "[##########..............................] 50/200 done, 3 failed, 8 running, 5.0/s, "
        "0:30 left");
    expect_bar(&meter, now_us, &counts, 62,
               "[##.......] 50/200 done, 3 failed, 8 running, 5.0/s, 0:30 left");
    expect_bar(&meter, now_us, &counts, 58,
               "[#....] 50/200 done, 3 failed, 8 running, 5.0/s, 0:30 left");
    expect_bar(&meter, now_us, &counts, 57, "50/200 done, 3 failed, 8 running, 5.0/s, 0:30 left");
    expect_bar(&meter, now_us, &counts, 50, "50/200 done, 3 failed, 8 running, 5.0/s, 0:30 left");
    expect_bar(&meter, now_us, &counts, 45, "50/200 done, 3 failed, 8 running, 0:30 left");
    expect_bar(&meter, now_us, &counts, 32, "50/200 done, 3 failed, 0:30 left");
    expect_bar(&meter, now_us, &counts, 22, "50/200 done, 3 failed");
    expect_bar(&meter, now_us, &counts, 12, "50/200 done");
    expect_bar(&meter, now_us, &counts, 5, "50/20");
    expect_bar(&meter, now_us, &counts, 0, "");
    expect_bar(&meter, now_us, &endless, 100, "50 done, 0 failed, 1 running, 5.0/s, 0:10");
    expect_bar(&meter, 4000 * SECOND, &endless, 100,
               "50 done, 0 failed, 1 running, 0.01/s, 1:06:40");
    expect_bar(&meter, 0, &counts, 60,
               "[#.....] 50/200 done, 3 failed, 8 running, 0.00/s, -:-- left");
}

static void
no_bar_is_too_wide(void **state)
{
    const struct meter_counts all[] = {
        {0},
        {.total = 1},
        {.succeeded = 1, .total = 1},
        {.succeeded = UINT64_MAX / 2, .failed = 7, .running = 65536, .total = UINT64_MAX},
        {.succeeded = 5, .total = 3}, // more than was thought
    };

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        for (unsigned columns = 0; columns <= 1000; columns++) {
            struct meter meter;
            char bar[METER_TEXT_MAX];

            meter_start(&meter, 0);
            meter_bar(&meter, SECOND, &all[i], columns, false, bar);
            assert_true(strlen(bar) <= columns);
        }
}

static void
colours(void **state)
{
    struct meter_counts counts = {.succeeded = 1, .total = 2};
    struct meter meter;
    char bar[METER_TEXT_MAX];

    (void)state;
    meter_start(&meter, 0);
    meter_bar(&meter, SECOND, &counts, 80, true, bar);
    assert_null(strchr(bar, '\033'));
    counts.failed = 1;
    meter_bar(&meter, SECOND, &counts, 80, true, bar);
    assert_non_null(strstr(bar, "\033[31m1 failed\033[0m"));
}

static void
lines_of_json(void **state)
{
    const struct meter_counts counts = {.succeeded = 47, .failed = 3, .running = 8, .total = 200};
    const struct meter_counts endless = {.succeeded = 50};
    struct meter meter;
    char line[METER_TEXT_MAX];

    (void)state;
    meter_start(&meter, 0);
    meter_json(&meter, 10 * SECOND, &counts, line);
    assert_string_equal(line, "{\"done\":50,\"failed\":3,\"running\":8,\"total\":200,\"rate\":5.00,"
                              "\"elapsed\":10.0,\"remaining\":30.0}");
    meter_json(&meter, 10 * SECOND, &endless, line);
    assert_string_equal(line,
                        "{\"done\":50,\"failed\":0,\"running\":0,\"total\":null,\"rate\":5.00,"
                        "\"elapsed\":10.0,\"remaining\":null}");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rate_is_that_of_the_last_minute),
        cmocka_unit_test(bars),
        cmocka_unit_test(no_bar_is_too_wide),
        cmocka_unit_test(colours),
        cmocka_unit_test(lines_of_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
