// Backlog: what goes in comes out, in order and whole, however it is mixed.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "transport/backlog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STEPS 20000

static uint64_t put; // bytes, so far; byte n is a mark of n
static uint64_t taken;

static char
mark(uint64_t n)
{
    return (char)(n * 31 + n / 256);
}

static void
add(struct backlog *backlog, size_t size)
{
    char *room = backlog_room(backlog, size);

    assert_non_null(room);
    for (size_t i = 0; i < size; i++)
        room[i] = mark(put++);
    backlog_filled(backlog, size);
}

static void
take(struct backlog *backlog, size_t size)
{
    const char *bytes = backlog_bytes(backlog);

    for (size_t i = 0; i < size; i++)
        if (bytes[i] != mark(taken++))
            fail_msg("byte %llu is wrong", (unsigned long long)taken - 1);
    backlog_drain(backlog, size);
}

static void
test_random(void **state)
{
    struct backlog backlog = {0};
    unsigned seed = (unsigned)time(NULL);

    (void)state;
    print_message("seed %u\n", seed);
    srandom(seed);
    for (int i = 0; i < STEPS; i++) {
        size_t most = i % 100 < 50 ? 100 : 20000;

        if (random() % 2 == 0)
            add(&backlog, 1 + (size_t)random() % most);
        else if (backlog_size(&backlog) > 0)
            take(&backlog, 1 + (size_t)random() % backlog_size(&backlog));
        assert_int_equal(backlog_size(&backlog), put - taken);
    }
    take(&backlog, backlog_size(&backlog));
    backlog_done(&backlog);
}

// It does not grow while no more waits than before, though it never gets empty.
static void
test_bounded(void **state)
{
    struct backlog backlog = {0};

    (void)state;
    add(&backlog, 1000);
    for (int i = 0; i < 100000; i++) {
        add(&backlog, 100);
        take(&backlog, 100);
    }
    assert_in_range(backlog.capacity, 1000, 8192);
    take(&backlog, backlog_size(&backlog));
    backlog_done(&backlog);
}

// An idle one has little memory.
static void
test_gives_back(void **state)
{
    struct backlog backlog = {0};

    (void)state;
    add(&backlog, 1000000);
    take(&backlog, 1000000);
    assert_int_equal(backlog.capacity, 0);
    add(&backlog, 10);
    take(&backlog, 10);
    assert_true(backlog.capacity > 0); // a small one is kept
    backlog_done(&backlog);
    backlog_done(&backlog);
}

static void
test_too_large(void **state)
{
    struct backlog backlog = {0};

    (void)state;
    add(&backlog, 10);
    assert_null(backlog_room(&backlog, SIZE_MAX));
    assert_null(backlog_room(&backlog, SIZE_MAX / 2 + 1));
    assert_int_equal(backlog_size(&backlog), 10);
    take(&backlog, 10);
    backlog_done(&backlog);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_gives_back),
        cmocka_unit_test(test_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
