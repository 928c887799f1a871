// The calls without an answer: found by id, kept in order.
// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/lib/calls.h"

#include <stdlib.h>

static void
calls_are_found_until_they_are_removed(void **state)
{
    struct calls calls = {0};

    (void)state;
    assert_null(calls_find(&calls, 1));
    for (uint64_t id = 1; id <= 1000; id++)
        assert_non_null(calls_add(&calls, id));
    assert_int_equal(calls.count, 1000);
    for (uint64_t id = 1; id <= 1000; id += 2)
        calls_remove(&calls, calls_find(&calls, id));
    for (uint64_t id = 1; id <= 1001; id++)
        assert_true((calls_find(&calls, id) != NULL) == (id % 2 == 0 && id <= 1000));
    assert_int_equal(calls.first->id, 2);
    assert_int_equal(calls.last->id, 1000);
    calls_done(&calls);
    assert_null(calls_find(&calls, 2));
}

// A model: calls begin and end at random; the list has what is left, in order.
static void
against_a_model(void **state)
{
    enum { IDS = 5000 };
    bool *under_way = calloc(IDS + 1, sizeof(bool));
    struct calls calls = {0};
    struct pending_call *call;
    unsigned seed = 7;
    size_t count = 0;

    (void)state;
    for (uint64_t id = 1; id <= IDS; id++) {
        uint64_t other = (uint64_t)rand_r(&seed) % id + 1;

        assert_int_equal(calls_add(&calls, id)->id, id);
        under_way[id] = true;
        count++;
        call = calls_find(&calls, other);
        assert_true((call != NULL) == under_way[other]);
        if (call != NULL) {
            calls_remove(&calls, call);
            under_way[other] = false;
            count--;
        }
        assert_int_equal(calls.count, count);
    }
    call = calls.first;
    for (uint64_t id = 1; id <= IDS; id++) {
        if (!under_way[id])
            continue;
        assert_int_equal(call->id, id);
        call = call->after;
    }
    assert_null(call);
    calls_done(&calls);
    free(under_way);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_found_until_they_are_removed),
        cmocka_unit_test(against_a_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
