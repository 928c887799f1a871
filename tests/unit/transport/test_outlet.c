// Outlet: what is put in comes out at the other end of a pipe, in order and whole, whether it was
// gathered or went past, and whatever the kernel took of it at a time.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "transport/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STEPS      3000
#define PIECES_MAX 20
#define PIECE_MAX  30000
#define PIPE_SIZE  65536

struct fixture {
    struct outlet outlet;
    int reader;
    int writer;
    uint64_t put; // bytes, so far; byte n is a mark of n
    uint64_t taken;
};

static char
mark(uint64_t n)
{
    return (char)(n * 31 + n / 256);
}

static void
fixture_open(struct fixture *fixture)
{
    int ends[2];

    memset(fixture, 0, sizeof(*fixture));
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    assert_int_equal(fcntl(ends[1], F_GETPIPE_SZ), PIPE_SIZE);
    fixture->reader = ends[0];
    fixture->writer = ends[1];
    outlet_init(&fixture->outlet, ends[1]);
}

static void
fixture_close(struct fixture *fixture)
{
    outlet_done(&fixture->outlet);
    close(fixture->reader);
    close(fixture->writer);
}

// Puts pieces of these sizes; what they were in is overwritten at once.
static void
put(struct fixture *fixture, const size_t *sizes, int count, bool open)
{
    static char room[PIECES_MAX * PIECE_MAX + 200000];
    struct iovec iov[PIECES_MAX];
    size_t length = 0;

    for (int i = 0; i < count; i++) {
        iov[i] =
            (struct iovec){.iov_base = sizes[i] > 0 ? room + length : NULL, .iov_len = sizes[i]};
        for (size_t k = 0; k < sizes[i]; k++)
            room[length++] = mark(fixture->put++);
    }
    assert_int_equal(outlet_put(&fixture->outlet, iov, count, open), length);
    memset(room, '?', length);
}

// Reads so many bytes, or what there is.
static void
take(struct fixture *fixture, size_t most)
{
    static char room[4 * PIPE_SIZE];
    ssize_t n = read(fixture->reader, room, most < sizeof(room) ? most : sizeof(room));

    for (ssize_t i = 0; i < n; i++)
        if (room[i] != mark(fixture->taken++))
            fail_msg("byte %llu is wrong", (unsigned long long)fixture->taken - 1);
}

static void
take_all(struct fixture *fixture)
{
    while (fixture->taken < fixture->put) {
        assert_int_equal(outlet_send(&fixture->outlet), 0);
        take(fixture, SIZE_MAX);
    }
    assert_int_equal(outlet_size(&fixture->outlet), 0);
}

static void
test_random(void **state)
{
    unsigned seed = (unsigned)time(NULL);
    struct fixture fixture;

    (void)state;
    print_message("seed %u\n", seed);
    srandom(seed);
    fixture_open(&fixture);
    for (int step = 0; step < STEPS; step++) {
        size_t sizes[PIECES_MAX];
        int count = (int)(random() % (PIECES_MAX + 1));

        for (int i = 0; i < count; i++)
            sizes[i] = random() % 4 == 0 ? (size_t)random() % PIECE_MAX : (size_t)random() % 8;
        put(&fixture, sizes, count, random() % 4 != 0);
        if (random() % 2 == 0)
            assert_int_equal(outlet_send(&fixture.outlet), 0);
        take(&fixture, 1 + (size_t)random() % (3 * PIPE_SIZE));
        if (outlet_size(&fixture.outlet) > 1000000)
            take_all(&fixture);
    }
    take_all(&fixture);
    fixture_close(&fixture);
}

// Much goes to the kernel as it comes, and no memory is kept for it.
static void
test_large_goes_past(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    put(&fixture, (size_t[]){10, 0, OUTLET_EARLY, 1}, 4, true);
    assert_int_equal(outlet_size(&fixture.outlet), 0);
    assert_null(fixture.outlet.backlog.bytes);
    take(&fixture, SIZE_MAX);
    assert_int_equal(fixture.taken, fixture.put);
    fixture_close(&fixture);
}

// Behind what waits, in the same call; only the rest is copied.
static void
test_large_behind_small(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    put(&fixture, (size_t[]){100}, 1, true);
    assert_int_equal(outlet_size(&fixture.outlet), 100);
    put(&fixture, (size_t[]){50, 100000, 50}, 3, true);
    assert_int_equal(outlet_size(&fixture.outlet), 100 + 100100 - PIPE_SIZE);
    take_all(&fixture);
    fixture_close(&fixture);
}

// The kernel has no room at all, and none even for what waits already.
static void
test_full(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    put(&fixture, (size_t[]){PIPE_SIZE}, 1, true);
    put(&fixture, (size_t[]){PIPE_SIZE, 7}, 2, true);
    assert_int_equal(outlet_size(&fixture.outlet), PIPE_SIZE + 7);
    put(&fixture, (size_t[]){3}, 1, true);
    assert_int_equal(outlet_size(&fixture.outlet), PIPE_SIZE + 10);
    take(&fixture, 4096);
    put(&fixture, (size_t[]){OUTLET_EARLY}, 1, true);
    assert_int_equal(outlet_size(&fixture.outlet), PIPE_SIZE + 10 + OUTLET_EARLY - 4096);
    take_all(&fixture);
    fixture_close(&fixture);
}

// Its owner knows that there is no room, or what comes is little: nothing is tried.
static void
test_kept(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    put(&fixture, (size_t[]){OUTLET_EARLY - 1}, 1, true);
    assert_int_equal(outlet_size(&fixture.outlet), OUTLET_EARLY - 1);
    put(&fixture, (size_t[]){OUTLET_EARLY}, 1, false);
    assert_int_equal(outlet_size(&fixture.outlet), 2 * OUTLET_EARLY - 1);
    put(&fixture, (size_t[]){1}, 1, true); // little, but together they are much
    assert_int_equal(outlet_size(&fixture.outlet), 0);
    take_all(&fixture);
    fixture_close(&fixture);
}

static void
test_error_is_told_by_send(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    close(fixture.reader);
    fixture.reader = open("/dev/null", O_RDONLY | O_CLOEXEC);
    put(&fixture, (size_t[]){100000}, 1, true);
    assert_int_equal(outlet_send(&fixture.outlet), -EPIPE);
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_large_goes_past),
        cmocka_unit_test(test_large_behind_small),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_error_is_told_by_send),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
