// Batch: one array in the order of the requests, in whatever order the answers come.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "common/message.h"
#include "session/batch.h"

#include <stdlib.h>
#include <string.h>

static void
put(struct batch *batch, size_t index, const char *text)
{
    size_t half = strlen(text) / 2;
    struct iovec iov[] = {{(char *)text, half}, {(char *)text + half, strlen(text) - half}};

    assert_int_equal(batch_put(batch, index, iov, 2), 0);
}

static void
check(struct batch *batch, const char *expected)
{
    struct iovec *iov = calloc((size_t)batch_pieces_max(batch), sizeof(*iov));
    int count = batch_pieces(batch, iov);
    size_t length;
    char *text = message_join(iov, count, &length);

    assert_true(count <= batch_pieces_max(batch));
    assert_string_equal(text, expected);
    free(text);
    free(iov);
}

static void
test_order(void **state)
{
    struct batch *batch = batch_new(3);

    (void)state;
    for (int i = 0; i < 3; i++)
        batch_expect(batch);
    batch_unexpect(batch); // all were looked at
    put(batch, 2, "ccc");
    put(batch, 0, "a");
    assert_false(batch_is_complete(batch));
    assert_int_equal(batch_size(batch), 4);
    put(batch, 1, "bb");
    assert_true(batch_is_complete(batch));
    assert_int_equal(batch_size(batch), 6);
    check(batch, "[a,bb,ccc]\n");
    batch_free(batch);
    batch_free(NULL);
}

// All answers are there before the last element was looked at: not complete before that.
static void
test_not_before_all_were_looked_at(void **state)
{
    struct batch *batch = batch_new(2);

    (void)state;
    batch_expect(batch);
    put(batch, 0, "a");
    assert_false(batch_is_complete(batch));
    batch_expect(batch);
    put(batch, 1, "b");
    assert_false(batch_is_complete(batch));
    batch_unexpect(batch);
    assert_true(batch_is_complete(batch));
    check(batch, "[a,b]\n");
    batch_free(batch);
}

static void
test_gaps(void **state)
{
    struct batch *batch = batch_new(5);

    (void)state;
    for (int i = 0; i < 3; i++)
        batch_expect(batch);
    put(batch, 3, "d");
    put(batch, 1, "b");
    batch_unexpect(batch); // one that will not come
    assert_false(batch_is_complete(batch));
    batch_unexpect(batch);
    assert_true(batch_is_complete(batch));
    check(batch, "[b,d]\n");
    batch_free(batch);
}

static void
test_only_notifications(void **state)
{
    struct batch *batch = batch_new(2);

    (void)state;
    batch_unexpect(batch);
    assert_true(batch_is_complete(batch));
    check(batch, "");
    batch_free(batch);
}

static void
test_freed_half_way(void **state)
{
    struct batch *batch = batch_new(1000);

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        batch_expect(batch);
    for (size_t i = 0; i < 1000; i += 2)
        put(batch, i, "answer");
    batch_free(batch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),          cmocka_unit_test(test_not_before_all_were_looked_at),
        cmocka_unit_test(test_gaps),           cmocka_unit_test(test_only_notifications),
        cmocka_unit_test(test_freed_half_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
