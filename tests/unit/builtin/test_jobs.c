// Jobs of the built-in worker: exact for every n, by comparison with the closed form in 128 bits.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "builtin/jobs.h"
#include "common/sum_squares.h"

#include <stdlib.h>
#include <string.h>

// The sum of i*i for i < n; exact for n up to 2^42: n (n-1) (2n-1) stays below 2^127.
static unsigned __int128
closed_form(unsigned long long n)
{
    return n == 0 ? 0 : (unsigned __int128)n * (n - 1) * (2 * (unsigned __int128)n - 1) / 6;
}

static void
check_sum(unsigned long long from, unsigned long long to)
{
    if (sum_squares(from, to, closed_form(from)) != closed_form(to))
        fail_msg("wrong from %llu to %llu", from, to);
}

static void
test_small_sums(void **state)
{
    (void)state;
    assert_true(sum_squares(0, 0, 0) == 0);
    assert_true(sum_squares(0, 1, 0) == 0);
    assert_true(sum_squares(0, 2, 0) == 1);
    assert_true(sum_squares(0, 4, 0) == 14);
    assert_true(sum_squares(5, 5, 7) == 7);
    assert_true(sum_squares(5, 3, 7) == 7); // nothing to add
    for (unsigned long long n = 0; n < 2000; n++)
        check_sum(0, n);
    check_sum(0, 1000000);
    check_sum(0, 3333333);
}

// Where the sum leaves 64 bits, where a square does, and at the largest n there is.
static void
test_large_sums(void **state)
{
    (void)state;
    check_sum(3810774, 3810779);                       // the sum passes 2^64
    check_sum((1ULL << 32) - 500, (1ULL << 32) + 500); // i*i passes 2^64
    check_sum((1ULL << 41) - 500, (1ULL << 41) + 500);
    check_sum(SUM_SQUARES_MAX - 1000, SUM_SQUARES_MAX);
    assert_true(closed_form(3810774) < (unsigned __int128)1 << 64 &&
                closed_form(3810779) > (unsigned __int128)1 << 64);
    assert_true(closed_form(SUM_SQUARES_MAX) > (unsigned __int128)1 << 124);
}

static void
check_format(unsigned __int128 value, const char *expected)
{
    char text[41];
    size_t length;

    memset(text, '?', sizeof(text));
    length = format_u128(value, text);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(text, expected, length);
    assert_int_equal(text[40], '?');
}

static void
test_format(void **state)
{
    unsigned __int128 power = 1;
    char digits[41] = "1";

    (void)state;
    check_format(0, "0");
    check_format(9, "9");
    check_format(10, "10");
    check_format(UINT64_MAX, "18446744073709551615");
    check_format((unsigned __int128)UINT64_MAX + 1, "18446744073709551616");
    check_format((unsigned __int128)1 << 126, "85070591730234615865843651857942052864");
    check_format((unsigned __int128)1 << 127, "170141183460469231731687303715884105728");
    check_format(~(unsigned __int128)0, "340282366920938463463374607431768211455");
    check_format(closed_form(SUM_SQUARES_MAX), "28356863910068533882057634318924120064");
    for (int i = 1; i <= 38; i++) {
        power *= 10;
        digits[i] = '0';
        check_format(power, digits);
    }
}

// ---- jobs_run --------------------------------------------------------------------------------

static void
check_run(const char *method, const char *params, const char *result)
{
    struct job_answer answer;

    jobs_run(span_of(method), span_of(params), NULL, &answer);
    assert_false(answer.failed);
    if (!span_is(answer.body, result))
        fail_msg("%s %s: %.*s", method, params != NULL ? params : "", (int)answer.body.length,
                 answer.body.at);
    free(answer.owned);
}

static void
check_fails(const char *method, const char *params, const char *part)
{
    struct job_answer answer;

    jobs_run(span_of(method), span_of(params), NULL, &answer);
    assert_true(answer.failed);
    assert_non_null(answer.owned);
    assert_int_equal(strlen(answer.owned), answer.body.length);
    if (strstr(answer.owned, part) == NULL)
        fail_msg("not %s: %s", part, answer.owned);
    free(answer.owned);
}

static void
test_echo(void **state)
{
    (void)state;
    check_run("echo", "{\"a\": [1e400, -0]}", "{\"a\": [1e400, -0]}");
    check_run("echo", "[]", "[]");
    check_run("echo", NULL, "null");
}

static void
test_sum_squares(void **state)
{
    (void)state;
    check_run("sum_squares", "{\"n\":1000000}", "333332833333500000");
    check_run("sum_squares", "[3]", "5");
    check_run("sum_squares", "[0]", "0");
    check_run("sum_squares", "[3810779]", "18446750093104128089");
    check_fails("sum_squares", NULL, "\"reason\":\"missing\"");
    check_fails("sum_squares", "{}", "\"reason\":\"missing\"");
    check_fails("sum_squares", "[-1]", "\"reason\":\"negative\"");
    check_fails("sum_squares", "[1.5]", "\"reason\":\"not a whole number\"");
    check_fails("sum_squares", "[\"1\"]", "\"reason\":\"wrong type\"");
    check_fails("sum_squares", "[4398046511105]", "\"reason\":\"too large\"");
    check_fails("sum_squares", "{\"m\":1}", "\"member\":\"m\"");
    check_fails("sum_squares", "[1]x", "\"code\":-32602");
}

static void
test_unknown(void **state)
{
    (void)state;
    check_fails("", "[]", "\"code\":-32601");
    check_fails("Echo", "[]", "\"code\":-32601");
    check_fails("echo.", "[]", "\"code\":-32601");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_sums),  cmocka_unit_test(test_large_sums),
        cmocka_unit_test(test_format),      cmocka_unit_test(test_echo),
        cmocka_unit_test(test_sum_squares), cmocka_unit_test(test_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
