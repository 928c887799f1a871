// What bench makes of its figures: where the workers begin to win, and how that looks.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/bench_plot.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define CROSSOVER(...)                                                     \
    bench_crossover_us((const struct bench_point[]){__VA_ARGS__},          \
                       sizeof((const struct bench_point[]){__VA_ARGS__}) / \
                           sizeof(struct bench_point))

static void
test_crossover(void **state)
{
    (void)state;
    // Half as fast at 1 us, twice as fast at 100 us: equal in the middle, as powers go.
    assert_float_equal(CROSSOVER({1, 100, 50}, {100, 100, 200}), 10, 0.001);
    assert_float_equal(CROSSOVER({1, 100, 100}, {10, 100, 150}), 0, 0);
    assert_float_equal(CROSSOVER({1, 100, 99}, {10, 100, 98}), -1, 0);
    // One that won by chance among those that lost does not count.
    assert_float_equal(CROSSOVER({1, 100, 101}, {10, 100, 50}, {1000, 100, 200}), 100, 0.001);
}

static char *
text_of(void (*print)(FILE *out, const struct bench_report *report),
        const struct bench_report *report)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    print(out, report);
    fclose(out);
    return text;
}

static const struct bench_point points[] = {{1, 1000000, 1000}, {1000, 1000, 1990}};
static const struct bench_report report = {
    .address = "unix:/x",
    .at_once = 256,
    .alone = {100, 12345, 81, 120},
    .together = {1000, 500000, 300, 400},
    .points = points,
    .point_count = 2,
};

static void
test_text(void **state)
{
    char *text = text_of(bench_print, &report);

    (void)state;
    assert_non_null(strstr(text, "12345 jobs/s   a round takes 81.0 us"));
    assert_non_null(strstr(text, "500000 jobs/s   2.00 us each"));
    assert_non_null(strstr(text, "  1.0 us      1000000/s         1000/s   --------------------|"));
    assert_non_null(strstr(text, "    |### "));
    assert_non_null(strstr(text, " 1.99\n"));
    assert_non_null(strstr(text, "the workers are faster than doing it here"));
    free(text);
}

static void
test_json(void **state)
{
    char *text = text_of(bench_print_json, &report);
    json_t *json = json_loads(text, 0, NULL);
    double crossover_us = json_number_value(json_object_get(json, "crossover_us"));

    (void)state;
    assert_non_null(json);
    assert_int_equal(json_array_size(json_object_get(json, "points")), 2);
    assert_true(crossover_us > 1 && crossover_us < 1000);
    json_decref(json);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crossover),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
