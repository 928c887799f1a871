// Figures for tables: no more than six characters, whatever the value.
// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/figures.h"

#include <math.h>
#include <string.h>

struct expected {
    void (*figure)(double value, char into[FIGURE_MAX]);
    double value;
    const char *text;
};

static void
figures_are_short_and_right(void **state)
{
    static const struct expected all[] = {
        {figure_time, -1, "-"},
        {figure_time, NAN, "-"},
        {figure_time, INFINITY, "-"},
        {figure_time, 0, "0us"},
        {figure_time, 0.0000174, "17us"},
        {figure_time, 0.0009994, "999us"},
        {figure_time, 0.0009996, "1.0ms"},
        {figure_time, 0.00994, "9.9ms"},
        {figure_time, 0.00996, "10ms"},
        {figure_time, 0.9994, "999ms"},
        {figure_time, 0.9996, "1.0s"},
        {figure_time, 9.94, "9.9s"},
        {figure_time, 9.96, "10s"},
        {figure_time, 59.4, "59s"},
        {figure_time, 59.6, "1m00s"},
        {figure_time, 125, "2m05s"},
        {figure_time, 3599.9, "59m59s"},
        {figure_time, 3600, "1h00m"},
        {figure_time, 86399, "23h59m"},
        {figure_time, 86400, "1d00h"},
        {figure_time, 86400 * 99.99, "99d23h"},
        {figure_time, 86400 * 100.0, "100d"},
        {figure_time, 1e300, "9999d"},
        {figure_bytes, 0, "0"},
        {figure_bytes, 1023, "1023"},
        {figure_bytes, 1024, "1.0K"},
        {figure_bytes, 1536, "1.5K"},
        {figure_bytes, 64 * 1024, "64K"},
        {figure_bytes, 1048575, "1.0M"},
        {figure_bytes, 12345678, "12M"},
        {figure_bytes, -5, "-"},
        {figure_count, 0, "0"},
        {figure_count, 99999, "99999"},
        {figure_count, 100000, "100k"},
        {figure_count, 4540000, "4.5M"},
        {figure_count, 999999999, "1.0G"},
        {figure_rate, 0, "0.0"},
        {figure_rate, 99.94, "99.9"},
        {figure_rate, 99.96, "100"},
        {figure_rate, 123456, "123k"},
        {figure_whole, 4194304, "4194304"},
        {figure_share, 99.94, "99.9"},
        {figure_share, 400, "400"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        char text[FIGURE_MAX];

        all[i].figure(all[i].value, text);
        assert_string_equal(text, all[i].text);
    }
}

static void
times_never_take_more_than_their_column(void **state)
{
    (void)state;
    for (double seconds = 1e-7; seconds < 1e12; seconds *= 1.0013) {
        char text[FIGURE_MAX];

        figure_time(seconds, text);
        assert_true(strlen(text) <= 6);
        figure_bytes(seconds, text);
        assert_true(strlen(text) <= 5);
        figure_count(seconds, text);
        assert_true(strlen(text) <= 5);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_short_and_right),
        cmocka_unit_test(times_never_take_more_than_their_column),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
