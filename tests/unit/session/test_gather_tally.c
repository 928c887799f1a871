// How far a gather is: the order of its calls, its limit, and what decides it in each mode.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "session/gather_tally.h"

#include <stdlib.h>
#include <string.h>

#define GOOD(text) false, SPAN(text)
#define BAD(text)  true, SPAN(text)

static struct gather_tally
begin(enum gather_mode mode, size_t count, size_t limit)
{
    struct gather_tally tally;

    assert_int_equal(gather_tally_init(&tally, mode, count, limit), 0);
    return tally;
}

static void
start(struct gather_tally *tally, size_t index)
{
    assert_true(gather_tally_may_start(tally));
    assert_int_equal(gather_tally_start(tally), index);
}

static void
put(struct gather_tally *tally, size_t index, bool failed, struct span body)
{
    assert_int_equal(gather_tally_put(tally, index, failed, body), 0);
}

static void
expect_open(const struct gather_tally *tally)
{
    assert_false(tally->decided);
}

static void
expect_answer(struct gather_tally *tally, bool failed, const char *text)
{
    size_t length = 0;
    bool is_failed = !failed;
    char *answer;

    assert_true(tally->decided);
    assert_false(gather_tally_may_start(tally));
    answer = gather_tally_answer(tally, &is_failed, &length);
    assert_non_null(answer);
    assert_string_equal(answer, text);
    assert_int_equal(length, strlen(text));
    assert_int_equal(is_failed, failed);
    assert_int_equal(gather_tally_size(tally), 0);
    free(answer);
    gather_tally_done(tally);
}

static void
test_all(void **state)
{
    struct gather_tally tally = begin(GATHER_ALL, 3, SIZE_MAX);

    (void)state;
    for (size_t i = 0; i < 3; i++)
        start(&tally, i);
    assert_false(gather_tally_may_start(&tally));
    put(&tally, 2, GOOD("{ \"c\":1e400}"));
    put(&tally, 0, GOOD("1"));
    expect_open(&tally);
    put(&tally, 1, GOOD("\"b\""));
    expect_answer(&tally, false, "[1,\"b\",{ \"c\":1e400}]");
}

static void
test_all_with_a_failure(void **state)
{
    struct gather_tally tally = begin(GATHER_ALL, 3, SIZE_MAX);

    (void)state;
    start(&tally, 0);
    start(&tally, 1);
    put(&tally, 1, GOOD("1"));
    put(&tally, 0, BAD("{\"code\":5}"));
    expect_answer(&tally, true, "{\"code\":5}");
}

static void
test_settled(void **state)
{
    struct gather_tally tally = begin(GATHER_SETTLED, 2, SIZE_MAX);

    (void)state;
    start(&tally, 0);
    start(&tally, 1);
    put(&tally, 0, BAD("{\"code\":5}"));
    expect_open(&tally);
    put(&tally, 1, GOOD("[ ]"));
    expect_answer(&tally, false, "[{\"error\":{\"code\":5}},{\"result\":[ ]}]");
}

static void
test_any(void **state)
{
    struct gather_tally tally = begin(GATHER_ANY, 3, SIZE_MAX);

    (void)state;
    start(&tally, 0);
    start(&tally, 1);
    start(&tally, 2);
    put(&tally, 1, BAD("{\"code\":1}"));
    expect_open(&tally);
    put(&tally, 0, GOOD("7"));
    expect_answer(&tally, false, "7");
    tally = begin(GATHER_ANY, 2, SIZE_MAX);
    start(&tally, 0);
    start(&tally, 1);
    put(&tally, 1, BAD("{\"code\":1}"));
    put(&tally, 0, BAD("{\"code\":2}"));
    expect_answer(&tally, true, "{\"code\":2}"); // the last failure
}

static void
test_first(void **state)
{
    struct gather_tally tally = begin(GATHER_FIRST, 2, SIZE_MAX);

    (void)state;
    start(&tally, 0);
    start(&tally, 1);
    put(&tally, 1, BAD("{\"code\":1}"));
    expect_answer(&tally, true, "{\"code\":1}");
    tally = begin(GATHER_FIRST, 2, SIZE_MAX);
    start(&tally, 0);
    put(&tally, 0, GOOD("null"));
    expect_answer(&tally, false, "null");
}

static void
test_nothing(void **state)
{
    struct gather_tally tally = begin(GATHER_ALL, 0, SIZE_MAX);

    (void)state;
    expect_answer(&tally, false, "[]");
    tally = begin(GATHER_SETTLED, 0, 1);
    expect_answer(&tally, false, "[]");
}

static void
test_limit(void **state)
{
    struct gather_tally tally = begin(GATHER_SETTLED, 4, 2);

    (void)state;
    start(&tally, 0);
    start(&tally, 1);
    assert_false(gather_tally_may_start(&tally));
    put(&tally, 1, GOOD("1"));
    start(&tally, 2);
    assert_false(gather_tally_may_start(&tally));
    put(&tally, 0, GOOD("0"));
    put(&tally, 2, GOOD("2"));
    start(&tally, 3);
    assert_false(gather_tally_may_start(&tally));
    put(&tally, 3, GOOD("3"));
    expect_answer(&tally, false, "[{\"result\":0},{\"result\":1},{\"result\":2},{\"result\":3}]");
}

static void
test_size(void **state)
{
    struct gather_tally tally = begin(GATHER_ALL, 2, SIZE_MAX);
    size_t before = gather_tally_size(&tally);

    (void)state;
    start(&tally, 0);
    start(&tally, 1);
    put(&tally, 0, GOOD("12345"));
    assert_int_equal(gather_tally_size(&tally), before + 5);
    put(&tally, 1, BAD("{}"));
    assert_int_equal(gather_tally_size(&tally), before + 5 + 2);
    gather_tally_done(&tally);
    assert_int_equal(gather_tally_size(&tally), 0);
}

// By an error from elsewhere, whatever came before; without memory even for that, by nothing.
static void
test_fail(void **state)
{
    struct gather_tally tally = begin(GATHER_SETTLED, 2, SIZE_MAX);
    bool failed = false;
    size_t length = 1;

    (void)state;
    start(&tally, 0);
    put(&tally, 0, GOOD("12345"));
    gather_tally_fail(&tally, strdup("{\"code\":9}"), 10);
    expect_answer(&tally, true, "{\"code\":9}");
    tally = begin(GATHER_ANY, 2, SIZE_MAX);
    start(&tally, 0);
    put(&tally, 0, BAD("{}"));
    gather_tally_fail(&tally, NULL, 0);
    assert_true(tally.decided);
    assert_null(gather_tally_answer(&tally, &failed, &length));
    assert_true(failed);
    gather_tally_done(&tally);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),     cmocka_unit_test(test_all_with_a_failure),
        cmocka_unit_test(test_settled), cmocka_unit_test(test_any),
        cmocka_unit_test(test_first),   cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_limit),   cmocka_unit_test(test_size),
        cmocka_unit_test(test_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
