// Calls: found by their id byte for byte, however many there are; notifications are held, not
// found.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "session/calls.h"

#include <stdio.h>
#include <stdlib.h>

#define MANY 3000

static struct call *
add(struct calls *calls, const char *id)
{
    struct call *call = calls_add(calls, span_of(id), (struct span){0}, 0);

    assert_non_null(call);
    return call;
}

static void
drop(struct calls *calls, struct call *call)
{
    calls_take(calls, call);
    call_free(call);
}

static void
drop_all(struct calls *calls)
{
    struct call *call;

    while ((call = TAILQ_FIRST(&calls->all)) != NULL)
        drop(calls, call);
    assert_int_equal(calls->count, 0);
    assert_int_equal(calls->size, 0);
    calls_done(calls);
}

static void
test_empty(void **state)
{
    struct calls calls;

    (void)state;
    calls_init(&calls);
    assert_null(calls_find(&calls, SPAN("1")));
    assert_null(calls.buckets); // an idle session costs nothing
    calls_done(&calls);
}

// Ids that mean the same and are written otherwise are others.
static void
test_byte_for_byte(void **state)
{
    static const char *const ids[] = {"1",   "1.0",  "\"1\"",       "10", "-1", "null",  "\"null\"",
                                      "1e0", "\"\"", "\"\\u0031\"", "0",  "-0", "\"a\"", "\"b\""};
    enum { COUNT = sizeof(ids) / sizeof(ids[0]) };
    struct call *added[COUNT];
    struct calls calls;

    (void)state;
    calls_init(&calls);
    for (int i = 0; i < COUNT; i++) {
        assert_null(calls_find(&calls, span_of(ids[i])));
        added[i] = add(&calls, ids[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_ptr_equal(calls_find(&calls, span_of(ids[i])), added[i]);
        assert_true(span_is(added[i]->id, ids[i]));
        drop(&calls, added[i]);
        assert_null(calls_find(&calls, span_of(ids[i])));
    }
    drop_all(&calls);
}

static void
test_id_is_copied(void **state)
{
    char id[] = "\"x\"";
    struct calls calls;

    (void)state;
    calls_init(&calls);
    add(&calls, id);
    id[1] = 'y';
    assert_null(calls_find(&calls, SPAN("\"y\"")));
    assert_non_null(calls_find(&calls, SPAN("\"x\"")));
    drop_all(&calls);
}

static void
test_notifications(void **state)
{
    struct calls calls;
    struct call *call;

    (void)state;
    calls_init(&calls);
    call = calls_add(&calls, (struct span){0}, (struct span){0}, 5);
    assert_false(span_present(call->id));
    assert_null(calls_find(&calls, (struct span){0}));
    assert_null(calls_find(&calls, SPAN("null")));
    add(&calls, "null");
    assert_non_null(calls_find(&calls, SPAN("null")));
    assert_int_equal(calls.count, 2);
    drop(&calls, call);
    assert_non_null(calls_find(&calls, SPAN("null")));
    drop_all(&calls);
}

static void
test_tokens_are_copied(void **state)
{
    char id[] = "12";
    char token[] = "\"a token\"";
    struct calls calls;
    struct call *call;
    struct call *notification;

    (void)state;
    calls_init(&calls);
    call = calls_add(&calls, span_of(id), span_of(token), 0);
    notification = calls_add(&calls, (struct span){0}, span_of(token), 0);
    memset(id, 'x', sizeof(id));
    memset(token, 'x', sizeof(token));
    assert_true(span_is(call->id, "12"));
    assert_true(span_is(call->token, "\"a token\""));
    assert_true(span_is(notification->token, "\"a token\""));
    assert_false(span_present(notification->id));
    assert_int_equal(call->size, sizeof(*call) + 2 + 9);
    drop(&calls, notification);
    call = add(&calls, "13");
    assert_false(span_present(call->token));
    drop_all(&calls);
}

static void
test_size(void **state)
{
    struct calls calls;
    struct call *call;

    (void)state;
    calls_init(&calls);
    call = calls_add(&calls, SPAN("12345"), (struct span){0}, 1000);
    assert_int_equal(call->size, sizeof(*call) + 5 + 1000);
    calls_add(&calls, (struct span){0}, (struct span){0}, 100);
    assert_int_equal(calls.size, 2 * sizeof(*call) + 5 + 1000 + 100);
    drop(&calls, call);
    assert_int_equal(calls.size, sizeof(*call) + 100);
    drop_all(&calls);
}

static struct span
numbered_id(int number, char text[16])
{
    snprintf(text, 16, "%d", number * 7);
    return span_of(text);
}

// Through many doublings, with notifications between, and every third taken out meanwhile.
static void
test_growth(void **state)
{
    static struct call *added[MANY];
    struct calls calls;
    char id[16];

    (void)state;
    calls_init(&calls);
    for (int i = 0; i < MANY; i++) {
        added[i] = calls_add(&calls, i % 5 == 0 ? (struct span){0} : numbered_id(i, id),
                             (struct span){0}, 0);
        if (i % 6 == 5) {
            drop(&calls, added[i / 2]);
            added[i / 2] = NULL;
        }
    }
    assert_true(calls.bucket_count >= calls.count);
    assert_int_equal(calls.bucket_count & (calls.bucket_count - 1), 0);
    for (int i = 0; i < MANY; i++) {
        bool there = added[i] != NULL && i % 5 != 0;

        assert_ptr_equal(calls_find(&calls, numbered_id(i, id)), there ? added[i] : NULL);
    }
    drop_all(&calls);
}

static unsigned
longest_chain(const struct calls *calls)
{
    unsigned longest = 0;

    for (size_t i = 0; i < calls->bucket_count; i++) {
        unsigned length = 0;

        for (const struct call *call = calls->buckets[i]; call != NULL; call = call->next)
            length++;
        if (length > longest)
            longest = length;
    }
    return longest;
}

// However a client counts. Numbers one after the other are each in a bucket of their own.
static void
test_few_in_a_bucket(void **state)
{
    static const struct {
        uint64_t first;
        uint64_t step;
        unsigned longest;
    } cases[] = {
        {0, 1, 1},           {123456789, 1, 1},       {0, 7, 1},
        {0, 1000, 16},       {0, 1 << 16, 32},        {5, UINT64_C(1) << 22, 32},
        {0, 1000000007, 32}, {UINT64_MAX / 2, 1, 32}, {1, UINT64_C(1) << 32, 32},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct calls calls;
        char id[32];

        calls_init(&calls);
        for (uint64_t n = 0; n < MANY; n++) {
            snprintf(id, sizeof(id), "%llu",
                     (unsigned long long)(cases[i].first + n * cases[i].step));
            add(&calls, id);
        }
        if (longest_chain(&calls) > cases[i].longest)
            fail_msg("case %zu: %u in one bucket", i, longest_chain(&calls));
        drop_all(&calls);
    }
}

// Each in turn is taken from the beginning, the middle and the end of a chain.
static void
test_taken_from_a_chain(void **state)
{
    static const int orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}};
    static const char *const ids[] = {"3", "11", "19", "27"}; // of 8 buckets

    (void)state;
    for (size_t order = 0; order < 4; order++) {
        struct call *added[4];
        struct calls calls;

        calls_init(&calls);
        for (int i = 0; i < 4; i++)
            added[i] = add(&calls, ids[i]);
        assert_int_equal(longest_chain(&calls), 4);
        for (int i = 0; i < 4; i++) {
            drop(&calls, added[orders[order][i]]);
            added[orders[order][i]] = NULL;
            for (int k = 0; k < 4; k++)
                assert_ptr_equal(calls_find(&calls, span_of(ids[k])), added[k]);
        }
        calls_done(&calls);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_byte_for_byte),
        cmocka_unit_test(test_id_is_copied),
        cmocka_unit_test(test_notifications),
        cmocka_unit_test(test_tokens_are_copied),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_few_in_a_bucket),
        cmocka_unit_test(test_taken_from_a_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
