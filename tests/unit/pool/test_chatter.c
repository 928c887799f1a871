// Chatter: what a worker says on stderr goes to the log, not too fast, and its end is remembered.
#include "common/log.h"
#include "pool/chatter.h"
#include "pool/tail.h"
#include "tests/unit/capture.h"
#include "tests/unit/loop.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct fixture {
    struct loop loop;
    struct chatter *chatter;
    struct capture capture;
    int in; // where the worker writes
};

static void
fixture_open(struct fixture *fixture)
{
    int ends[2];

    loop_open(&fixture->loop);
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    fixture->in = ends[1];
    fixture->chatter = chatter_new(fixture->loop.base, ends[0], "worker test/0");
    assert_non_null(fixture->chatter);
    capture_begin(&fixture->capture);
}

// Returns what was logged; the caller frees it.
static char *
fixture_close(struct fixture *fixture)
{
    char *text;

    close(fixture->in);
    loop_settle(&fixture->loop);
    chatter_free(fixture->chatter);
    text = capture_end(&fixture->capture);
    loop_close(&fixture->loop);
    return text;
}

static void
say(struct fixture *fixture, const char *text)
{
    assert_int_equal(write(fixture->in, text, strlen(text)), strlen(text));
}

static void
test_lines_are_logged(void **state)
{
    struct fixture fixture;
    char *log;

    (void)state;
    fixture_open(&fixture);
    say(&fixture, "first\nsec");
    loop_settle(&fixture.loop);
    say(&fixture, "ond\n\x1b[31mred\xff\nunfinished");
    log = fixture_close(&fixture);
    assert_int_equal(count_of(log, "worker test/0: stderr: "), 4);
    assert_non_null(strstr(log, "stderr: first\n"));
    assert_non_null(strstr(log, "stderr: second\n"));
    assert_non_null(strstr(log, "stderr: \\x1b[31mred\\xff\n"));
    assert_non_null(strstr(log, "stderr: unfinished\n"));
    free(log);
}

static void
test_rate(void **state)
{
    struct fixture fixture;
    char *log;

    (void)state;
    fixture_open(&fixture);
    for (int i = 0; i < 1000; i++)
        say(&fixture, "spam\n");
    loop_settle(&fixture.loop);
    {
        int64_t later_us = clock_us() + 1050000;

        LOOP_UNTIL(&fixture.loop, clock_us() >= later_us);
    }
    say(&fixture, "calm again\n");
    log = fixture_close(&fixture);
    assert_int_equal(count_of(log, "stderr: spam\n"), 50);
    assert_non_null(strstr(log, "950 lines of its stderr were dropped"));
    assert_non_null(strstr(log, "calm again"));
    free(log);
}

static void
test_very_long_line(void **state)
{
    static char line[20001];
    struct fixture fixture;
    char *log;

    (void)state;
    fixture_open(&fixture);
    memset(line, 'x', sizeof(line) - 1);
    say(&fixture, line);
    say(&fixture, "\nshort\n");
    log = fixture_close(&fixture);
    assert_int_equal(count_of(log, "stderr: xxxxxxxxxx"), 1); // its beginning
    assert_non_null(strstr(log, "stderr: short\n"));
    assert_true(strlen(log) < 1600);
    free(log);
}

static void
expect_tail(struct fixture *fixture, const char *text, size_t length)
{
    struct span tail = chatter_tail(fixture->chatter);

    assert_int_equal(tail.length, length);
    assert_memory_equal(tail.at, text, length);
}

// Read at this moment, whole lines or not, without a turn of the loop.
static void
test_tail(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    expect_tail(&fixture, "", 0);
    say(&fixture, "one\ntw");
    expect_tail(&fixture, "one\ntw", 6);
    say(&fixture, "o");
    expect_tail(&fixture, "one\ntwo", 7);
    free(fixture_close(&fixture));
}

// Whatever the pieces are, the tail is the last 4 KiB of all.
static void
test_tail_of_much(void **state)
{
    static const size_t pieces[] = {1, 4095, 1, 5000, 3, 4096, 100, 16384, 20000, 7};
    static char all[60000];
    struct fixture fixture;
    size_t length = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (char)('a' + i * 7 / 26 % 26);
    fixture_open(&fixture);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        assert_int_equal(write(fixture.in, all + length, pieces[i]), pieces[i]);
        length += pieces[i];
        if (length > TAIL_MAX)
            expect_tail(&fixture, all + length - TAIL_MAX, TAIL_MAX);
        else
            expect_tail(&fixture, all, length);
    }
    free(fixture_close(&fixture));
}

// A worker dies with its pipe full: the last words are the pipe's last bytes.
static void
test_tail_of_a_full_pipe(void **state)
{
    struct fixture fixture;
    char block[1024];

    (void)state;
    fixture_open(&fixture);
    memset(block, 'x', sizeof(block));
    for (int i = 0; i < 63; i++)
        assert_int_equal(write(fixture.in, block, sizeof(block)), sizeof(block));
    memcpy(block + sizeof(block) - 10, "last words", 10);
    assert_int_equal(write(fixture.in, block, sizeof(block)), sizeof(block));
    {
        struct span tail = chatter_tail(fixture.chatter);

        assert_int_equal(tail.length, TAIL_MAX);
        assert_memory_equal(tail.at + tail.length - 10, "last words", 10);
    }
    free(fixture_close(&fixture));
}

// At the end of the pipe the loop is left in peace: a turn waits for the tick.
static void
test_end_of_the_pipe(void **state)
{
    struct fixture fixture;
    int turns = 0;
    int64_t later_us;

    (void)state;
    fixture_open(&fixture);
    say(&fixture, "bye\n");
    close(fixture.in);
    loop_settle(&fixture.loop);
    later_us = clock_us() + 100000;
    for (; clock_us() < later_us; turns++)
        event_base_loop(fixture.loop.base, EVLOOP_ONCE);
    assert_true(turns < 50);
    expect_tail(&fixture, "bye\n", 4);
    fixture.in = dup(0);
    free(fixture_close(&fixture));
    chatter_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_are_logged), cmocka_unit_test(test_rate),
        cmocka_unit_test(test_very_long_line),   cmocka_unit_test(test_tail),
        cmocka_unit_test(test_tail_of_much),     cmocka_unit_test(test_tail_of_a_full_pipe),
        cmocka_unit_test(test_end_of_the_pipe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
