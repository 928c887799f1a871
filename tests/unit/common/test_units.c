// Times and sizes: exact, and refused rather than guessed.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "common/units.h"

#include <string.h>

static void
times_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t us;
    } rows[] = {
        {"0", 0},
        {"10", 10000000},
        {"10s", 10000000},
        {"10 s", 10000000},
        {" 10s ", 10000000},
        {"250ms", 250000},
        {"5min", 300000000},
        {"2h", 7200000000},
        {"1d", 86400000000},
        {"7us", 7},
        {"1.5", 1500000},
        {"0.1s", 100000},
        {"0.000001s", 1},
        {"0.0000010000000000000000000000000000000s", 1},
        {"0.001ms", 1},
        {"0.0001220703125d", 10546875},
        {"1min 30s", 90000000},
        {"1min30s", 90000000},
        {"1h 1min 1s 1ms 1us", 3661001001},
        {"9223372036854775807us", INT64_MAX},
        {"9223372036854.775807s", INT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t us = -1;

        if (!units_parse_time(rows[i].text, &us) || us != rows[i].us)
            fail_msg("'%s' gave %jd", rows[i].text, (intmax_t)us);
    }
}

static void
what_is_no_time_is_refused(void **state)
{
    static const char *const texts[] = {
        "", " ", "s", "-1s", "+1s", "1m", "1S", "1sec", "1.", ".5", "1.s", "1..5s", "1e3", "0x10",
        "1,5s", "1 30", "1min 30", "30 1min", "1s x", "x1s", "1s,", "inf", "nan", "1s\n",
        // finer than a microsecond
        "0.5us", "0.0000001", "0.0001ms", "0.0000000000000000000000000000000001s",
        "0.333333333333333333d",
        // too large
        "9223372036854775808us", "9223372036854.775808s", "18446744073709551616us",
        "99999999999999999999999999d", "106751992d", "9223372036854775807us 1us",
        "18446744073709551615us 2us"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int64_t us = 4711;

        if (units_parse_time(texts[i], &us))
            fail_msg("'%s' was taken for %jd", texts[i], (intmax_t)us);
        assert_int_equal(us, 4711);
    }
}

static void
sizes_are_read(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } rows[] = {
        {"0", 0},
        {"1", 1},
        {"1B", 1},
        {"1K", 1024},
        {"1KB", 1024},
        {"1KiB", 1024},
        {"4M", 4194304},
        {"3G", 3221225472},
        {"2T", 2199023255552},
        {"18446744073709551615", UINT64_MAX},
        {"16777215T", UINT64_MAX - ((uint64_t)1 << 40) + 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t bytes = 1;

        if (!units_parse_size(rows[i].text, &bytes) || bytes != rows[i].bytes)
            fail_msg("'%s' gave %ju", rows[i].text, (uintmax_t)bytes);
    }
}

static void
what_is_no_size_is_refused(void **state)
{
    static const char *const texts[] = {"",          "K",           "1k",   "1m",
                                        "1iB",       "1KBB",        "1Ki",  "1 K",
                                        "-1",        "+1",          "1.5K", "1KK",
                                        "1Kib",      "1E",          "1P",   "0x10",
                                        " 1",        "1 ",          "1K ",  "18446744073709551616",
                                        "16777216T", "17179869184G"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        uint64_t bytes = 4711;

        if (units_parse_size(texts[i], &bytes))
            fail_msg("'%s' was taken for %ju", texts[i], (uintmax_t)bytes);
        assert_int_equal(bytes, 4711);
    }
}

static void
numbers_have_bounds(void **state)
{
    static const char *const wrong[] = {"",   "0",   "1025", "-1", "+5",  " 5",
                                        "5 ", "5.0", "1e1",  "5x", "0x5", "18446744073709551617"};
    uint64_t number = 4711;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (units_parse_number(wrong[i], 1, 1024, &number))
            fail_msg("'%s' was taken for %ju", wrong[i], (uintmax_t)number);
        assert_int_equal(number, 4711);
    }
    assert_true(units_parse_number("1", 1, 1024, &number));
    assert_int_equal(number, 1);
    assert_true(units_parse_number("1024", 1, 1024, &number));
    assert_int_equal(number, 1024);
    assert_true(units_parse_number("18446744073709551615", 0, UINT64_MAX, &number));
    assert_int_equal(number, UINT64_MAX);
}

static void
bools_have_four_spellings(void **state)
{
    static const char *const words[2][5] = {{"no", "false", "off", "0", "NO"},
                                            {"yes", "true", "on", "1", "True"}};
    static const char *const wrong[] = {"", "y", "n", "2", "yes ", "ye", "00", "oui"};

    (void)state;
    for (size_t expected = 0; expected < 2; expected++)
        for (size_t i = 0; i < 5; i++) {
            bool value = expected == 0;

            assert_true(units_parse_bool(words[expected][i], &value));
            assert_int_equal(value, expected);
        }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        bool value = true;

        assert_false(units_parse_bool(wrong[i], &value));
        assert_true(value);
    }
}

static void
times_are_printed(void **state)
{
    static const struct {
        int64_t us;
        const char *text;
    } rows[] = {
        {0, "0s"},          {1, "1us"},          {250000, "250ms"},
        {10000000, "10s"},  {90000000, "90s"},   {300000000, "5min"},
        {7200000000, "2h"}, {86400000000, "1d"}, {INT64_MAX, "9223372036854775807us"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[UNITS_TEXT_MAX];
        int64_t back = -1;

        units_format_time(rows[i].us, text);
        assert_string_equal(text, rows[i].text);
        assert_true(units_parse_time(text, &back));
        assert_int_equal(back, rows[i].us);
    }
}

static void
sizes_are_printed(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } rows[] = {
        {0, "0"},
        {1, "1"},
        {1023, "1023"},
        {1024, "1K"},
        {1025, "1025"},
        {4194304, "4M"},
        {(uint64_t)5 << 40, "5T"},
        {(uint64_t)5000 << 30, "5000G"},
        {UINT64_MAX, "18446744073709551615"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[UNITS_TEXT_MAX];
        uint64_t back = 4711;

        units_format_size(rows[i].bytes, text);
        assert_string_equal(text, rows[i].text);
        assert_true(units_parse_size(text, &back));
        assert_int_equal(back, rows[i].bytes);
    }
}

// Whatever is printed is read back, over the whole range and not only for round values.
static void
printing_and_reading_agree(void **state)
{
    uint64_t value = 88172645463325252;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        char text[UNITS_TEXT_MAX];
        int64_t us = -1;
        uint64_t bytes = 0;

        value ^= value << 13;
        value ^= value >> 7;
        value ^= value << 17;
        units_format_time((int64_t)(value >> (1 + i % 62)), text);
        assert_true(units_parse_time(text, &us));
        assert_int_equal(us, (int64_t)(value >> (1 + i % 62)));
        units_format_size(value >> (i % 63), text);
        assert_true(units_parse_size(text, &bytes));
        assert_int_equal(bytes, value >> (i % 63));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(sizes_are_read),
        cmocka_unit_test(what_is_no_size_is_refused),
        cmocka_unit_test(numbers_have_bounds),
        cmocka_unit_test(bools_have_four_spellings),
        cmocka_unit_test(times_are_printed),
        cmocka_unit_test(sizes_are_printed),
        cmocka_unit_test(printing_and_reading_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
