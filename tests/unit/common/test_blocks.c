// Blocks that are kept: which are given again, how many are kept, and that nothing is lost.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "common/blocks.h"

#include <stdlib.h>
#include <string.h>

static void *
take(struct blocks *blocks, size_t size)
{
    void *block = blocks_take(blocks, size);

    assert_non_null(block);
    memset(block, 0xA5, size); // all of it is there
    return block;
}

static void
test_given_again(void **state)
{
    struct blocks blocks = {.kept_max = 4096};
    void *small = take(&blocks, 1);
    void *large = take(&blocks, 17);

    (void)state;
    blocks_give(&blocks, small, 1);
    blocks_give(&blocks, large, 17);
    assert_int_equal(blocks.kept, 16 + 32);
    assert_ptr_equal(take(&blocks, 32), large);
    assert_ptr_equal(take(&blocks, 16), small);
    assert_int_equal(blocks.kept, 0);
    blocks_give(&blocks, small, 16);
    blocks_give(&blocks, large, 32);
    blocks_give(&blocks, NULL, 64);
    blocks_done(&blocks);
    assert_int_equal(blocks.kept, 0);
}

// The last that was given back comes first: it is at hand in the caches.
static void
test_the_last_comes_first(void **state)
{
    struct blocks blocks = {.kept_max = 4096};
    void *all[10];

    (void)state;
    for (int i = 0; i < 10; i++)
        all[i] = take(&blocks, 100);
    for (int i = 0; i < 10; i++)
        blocks_give(&blocks, all[i], 100);
    for (int i = 10; i-- > 0;)
        assert_ptr_equal(take(&blocks, 112), all[i]);
    for (int i = 0; i < 10; i++)
        blocks_give(&blocks, all[i], 112);
    blocks_done(&blocks);
}

static void
test_no_more_than_so_many(void **state)
{
    struct blocks blocks = {.kept_max = 300};
    void *all[10];

    (void)state;
    for (int i = 0; i < 10; i++)
        all[i] = take(&blocks, 100);
    for (int i = 0; i < 10; i++)
        blocks_give(&blocks, all[i], 100);
    assert_int_equal(blocks.kept, 224);
    blocks_done(&blocks);
}

// Large ones, and all of a build that keeps none, come from malloc and go back to it.
static void
test_not_kept(void **state)
{
    struct blocks blocks = {.kept_max = 1 << 20};
    struct blocks none = {.kept_max = 0};

    (void)state;
    blocks_give(&blocks, take(&blocks, 1025), 1025);
    assert_int_equal(blocks.kept, 0);
    blocks_give(&blocks, take(&blocks, 1024), 1024);
    assert_int_equal(blocks.kept, 1024);
    blocks_give(&none, take(&none, 10), 10);
    assert_int_equal(none.kept, 0);
    blocks_done(&blocks);
    blocks_done(&none);
}

// Of all sizes, in no order: each has its own bytes as long as it is out.
static void
test_many(void **state)
{
    enum { COUNT = 200 };
    struct blocks blocks = {.kept_max = 20000};
    unsigned char *out[COUNT] = {NULL};
    size_t sizes[COUNT];
    unsigned seed = 11;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        int i = rand_r(&seed) % COUNT;

        if (out[i] == NULL) {
            sizes[i] = (size_t)rand_r(&seed) % 1400 + 1;
            out[i] = take(&blocks, sizes[i]);
            memset(out[i], i, sizes[i]);
        } else {
            assert_int_equal(out[i][0], i);
            assert_int_equal(out[i][sizes[i] - 1], i);
            blocks_give(&blocks, out[i], sizes[i]);
            out[i] = NULL;
        }
        assert_true(blocks.kept <= blocks.kept_max);
    }
    for (int i = 0; i < COUNT; i++)
        blocks_give(&blocks, out[i], sizes[i]);
    blocks_done(&blocks);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_given_again),
        cmocka_unit_test(test_the_last_comes_first),
        cmocka_unit_test(test_no_more_than_so_many),
        cmocka_unit_test(test_not_kept),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
