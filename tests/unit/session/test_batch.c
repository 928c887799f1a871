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
    assert_int_equal(batch_size(batch), 6);
    put(batch, 1, "bb");
    assert_true(batch_is_complete(batch));
    assert_int_equal(batch_size(batch), 9);
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

// Small and large ones, in order and not: more than one chunk takes them all. Each is a line of its
// letter, as long as says what it is.
static void
test_of_every_size(void **state)
{
    enum { COUNT = 300 };
    static const size_t order[] = {0, 1, 2, 5, 4, 3};
    struct batch *batch = batch_new(COUNT);
    char *expected = malloc(COUNT * 40002);
    char *text = malloc(40001);
    size_t at = 0;

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        size_t index = i / 6 * 6 + order[i % 6];
        size_t length = index % 50 == 7 ? 40000 : index * index % 700;

        memset(text, 'a' + (int)(index % 26), length);
        text[length] = '\0';
        batch_expect(batch);
        put(batch, index, text);
    }
    batch_unexpect(batch);
    for (size_t i = 0; i < COUNT; i++) {
        size_t length = i % 50 == 7 ? 40000 : i * i % 700;

        expected[at++] = i == 0 ? '[' : ',';
        memset(expected + at, 'a' + (int)(i % 26), length);
        at += length;
    }
    assert_int_equal(batch_size(batch), at);
    strcpy(expected + at, "]\n");
    check(batch, expected);
    batch_free(batch);
    free(expected);
    free(text);
}

// Those that come in order are one piece, and the end another.
static void
test_pieces(void **state)
{
    struct batch *batch = batch_new(100);
    struct iovec iov[101];

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        batch_expect(batch);
        put(batch, i, "x");
    }
    assert_int_equal(batch_pieces(batch, iov), 2);
    assert_int_equal(iov[0].iov_len, 200);
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
        cmocka_unit_test(test_of_every_size),  cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_freed_half_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
