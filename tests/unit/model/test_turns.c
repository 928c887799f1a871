// Turns: the tree against a plain look at everybody, who comes first of those that are due
// together, and what nobody gains by coming, going, or taking work back.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "model/turns.h"
#include "tests/unit/model/chance.h"

#define PEOPLE 64

static struct taker people[PEOPLE];

// Takes the next piece of work; the next one of the same person costs as much.
static uint64_t
take(struct turns *turns)
{
    struct taker *turn = turns_next(turns);

    turns_taken(turns, turn);
    turns_charge(turns, turn, turn->charge);
    return turn->key;
}

static void
take_last(struct turns *turns, uint64_t key)
{
    struct taker *turn = turns_next(turns);

    assert_int_equal(turn->key, key);
    turns_taken(turns, turn);
    turns_leave(turns, turn);
}

static void
test_nobody(void **state)
{
    struct turns turns;

    (void)state;
    turns_init(&turns, 1);
    assert_null(turns_next(&turns));
    assert_null(turns_find(&turns, 0));
    turns_enter(&turns, &people[0], UINT64_MAX, 5);
    assert_ptr_equal(turns_find(&turns, UINT64_MAX), &people[0]);
    assert_null(turns_find(&turns, 0));
    turns_leave(&turns, &people[0]);
    assert_null(turns_next(&turns));
    assert_int_equal(turns.count, 0);
}

static void
test_by_charge(void **state)
{
    static const uint64_t expected[] = {1, 1, 2, 1, 1, 1, 2, 1, 1, 1, 2};
    struct turns turns;

    (void)state;
    turns_init(&turns, 1);
    turns_enter(&turns, &people[0], 1, 10);
    turns_enter(&turns, &people[1], 2, 30);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        if (take(&turns) != expected[i])
            fail_msg("turn %zu", i);
}

// One who comes with one piece again and again, and is forgotten in between, gets no more than
// those who stay; and no less.
static void
test_coming_and_going(void **state)
{
    struct turns turns;
    int come = 0;
    int stay = 0;

    (void)state;
    turns_init(&turns, 1);
    turns_enter(&turns, &people[0], 1, 10);
    for (int i = 0; i < 1000; i++) {
        if (turns_find(&turns, 2) == NULL)
            turns_enter(&turns, &people[1], 2, 10);
        if (turns_next(&turns)->key == 2) {
            take_last(&turns, 2);
            come++;
        } else {
            take(&turns);
            stay++;
        }
    }
    assert_in_range(come, stay - 1, stay + 1);
}

// Who has just come goes before the second piece of those who were there, and in its order.
static void
test_newcomers(void **state)
{
    struct turns turns;

    (void)state;
    turns_init(&turns, 1);
    turns_enter(&turns, &people[0], 9, 10);
    for (int i = 0; i < 5; i++)
        take(&turns);
    turns_enter(&turns, &people[1], 3, 10);
    turns_enter(&turns, &people[2], 2, 10);
    take_last(&turns, 3);
    take_last(&turns, 2);
    take_last(&turns, 9);
    assert_null(turns_next(&turns));
}

// Work that was charged before goes first and leaves the account as it was.
static void
test_without_charge(void **state)
{
    struct turns turns;

    (void)state;
    turns_init(&turns, 1);
    turns_enter(&turns, &people[0], 1, 10);
    turns_enter(&turns, &people[1], 2, 10);
    assert_int_equal(take(&turns), 1);
    turns_charge(&turns, &people[0], 0);
    assert_int_equal(turns_next(&turns)->key, 1);
    turns_taken(&turns, &people[0]);
    turns_charge(&turns, &people[0], 10);
    assert_int_equal(take(&turns), 2);
    assert_int_equal(take(&turns), 1);
    assert_int_equal(take(&turns), 2);
}

// Who waits for long work and gets short work before it has it at once, and the long work is not
// put off by more than that, however often it happens.
static void
test_short_before_long(void **state)
{
    struct turns turns;
    int taken = 0;

    (void)state;
    turns_init(&turns, 1);
    turns_enter(&turns, &people[0], 1, 1000);
    turns_enter(&turns, &people[1], 2, 10);
    while (turns_next(&turns)->key == 2) {
        take(&turns);
        if (++taken % 5 != 0)
            continue;
        turns_charge(&turns, &people[0], 1);
        assert_int_equal(take(&turns), 1);
        turns_charge(&turns, &people[0], 1000);
    }
    // 1000 for the long work and 1 for each short one, of which there was one for each 50.
    assert_in_range(taken, 100, 103);
}

static void
test_debt(void **state)
{
    struct turns turns;

    (void)state;
    turns_init(&turns, 1);
    turns_enter(&turns, &people[0], 1, 10);
    turns_enter(&turns, &people[1], 2, 10);
    turns_add_debt(&turns, &people[0], 30);
    for (int i = 0; i < 3; i++)
        assert_int_equal(take(&turns), 2);
    for (int i = 0; i < 10; i++)
        assert_int_equal(take(&turns) + take(&turns), 3);
}

// The clock wraps and nobody notices.
static void
test_wrapping(void **state)
{
    struct turns turns;
    int of_first = 0;

    (void)state;
    turns_init(&turns, 1);
    turns.clock = UINT64_MAX - 1000;
    turns_enter(&turns, &people[0], 1, 7);
    turns_enter(&turns, &people[1], 2, 7);
    for (int i = 0; i < 1000; i++)
        of_first += take(&turns) == 1;
    assert_in_range(of_first, 499, 501);
    assert_true(turns.clock < 10000);
}

// ---- the tree -------------------------------------------------------------------------------

static bool
goes_before(const struct taker *a, const struct taker *b)
{
    int64_t earlier = (int64_t)(b->due - a->due);

    return earlier > 0 || (earlier == 0 && a->ticket < b->ticket);
}

static void
check(const struct turns *turns, const bool *in)
{
    const struct taker *next = NULL;
    size_t count = 0;

    for (unsigned i = 0; i < PEOPLE; i++) {
        assert_ptr_equal(turns_find(turns, i * 7919 % PEOPLE),
                         in[i * 7919 % PEOPLE] ? &people[i * 7919 % PEOPLE] : NULL);
        if (!in[i])
            continue;
        count++;
        assert_true((int64_t)(people[i].due - turns->clock) >= 0);
        if (next == NULL || goes_before(&people[i], next))
            next = &people[i];
    }
    assert_int_equal(turns->count, count);
    assert_ptr_equal(turns_next(turns), next);
}

static void
step(struct turns *turns, bool *in, unsigned *seed)
{
    unsigned who = chance(seed, PEOPLE);
    unsigned charge = chance(seed, 4) == 0 ? 0 : 1 + chance(seed, 5);
    struct taker *next = turns_next(turns);

    if (!in[who]) {
        turns_enter(turns, &people[who], who, charge);
        in[who] = true;
        return;
    }
    switch (chance(seed, 5)) {
    case 0:
        turns_leave(turns, &people[who]);
        in[who] = false;
        return;
    case 1:
        turns_add_debt(turns, &people[who], charge);
        return;
    case 2:
        turns_charge(turns, &people[who], charge);
        return;
    case 3:
        turns_taken(turns, next);
        turns_leave(turns, next);
        in[next->key] = false;
        return;
    default:
        turns_taken(turns, next);
        turns_charge(turns, next, charge);
    }
}

static void
test_tree(void **state)
{
    unsigned seed = chance_seed();

    (void)state;
    for (int round = 0; round < 20; round++) {
        bool in[PEOPLE] = {false};
        struct turns turns;

        turns_init(&turns, seed);
        turns.clock = (uint64_t)0 - chance(&seed, 500);
        for (int i = 0; i < 1000; i++) {
            step(&turns, in, &seed);
            check(&turns, in);
        }
    }
}

static unsigned
height(const struct taker *turn)
{
    unsigned left;
    unsigned right;

    if (turn == NULL)
        return 0;
    left = height(turn->left);
    right = height(turn->right);
    return 1 + (left > right ? left : right);
}

// Keys that come in order, as those of sessions do, make no list of the tree. A random tree of so
// many is about 40 high; 100 is beyond all chance.
static void
test_height(void **state)
{
    size_t count = 100000;
    struct taker *many = calloc(count, sizeof(*many));
    struct turns turns;

    (void)state;
    assert_non_null(many);
    turns_init(&turns, 0);
    for (size_t i = 0; i < count; i++)
        turns_enter(&turns, &many[i], i, 10);
    assert_in_range(height(turns.root), 17, 100);
    for (size_t i = 0; i < count; i += 2)
        turns_leave(&turns, &many[i]);
    assert_in_range(height(turns.root), 16, 100);
    free(many);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_by_charge),
        cmocka_unit_test(test_coming_and_going),
        cmocka_unit_test(test_newcomers),
        cmocka_unit_test(test_without_charge),
        cmocka_unit_test(test_short_before_long),
        cmocka_unit_test(test_debt),
        cmocka_unit_test(test_wrapping),
        cmocka_unit_test(test_tree),
        cmocka_unit_test(test_height),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
