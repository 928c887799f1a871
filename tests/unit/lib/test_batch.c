// Batches that are put together as text.
// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/lib/batch.h"

#include <stdlib.h>

static void
batches_are_arrays(void **state)
{
    struct batch batch = {0};
    char first[] = "{\"a\"";
    char second[] = ":1}";
    struct iovec pieces[] = {{first, 4}, {second, 3}};
    char *text;
    size_t length;

    (void)state;
    for (unsigned round = 0; round < 2; round++) { // it can be used again
        assert_true(batch_add(&batch, pieces, 2));
        assert_true(batch_add(&batch, pieces, 2));
        assert_int_equal(batch.count, 2);
        text = batch_finish(&batch, &length);
        assert_string_equal(text, "[{\"a\":1},{\"a\":1}]");
        assert_int_equal(length, 17);
        assert_int_equal(batch.count, 0);
        free(text);
    }
    assert_true(batch_add(&batch, pieces, 2));
    batch_done(&batch); // half-built
    assert_int_equal(batch.count, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(batches_are_arrays)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
