// Capture: what is kept, told and dropped of a pipe, in reads that the test decides, and its two
// ends.
#include "pool/capture.h"
#include "tests/unit/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct fixture {
    struct loop loop;
    struct capture *capture;
    int in;          // the writing end
    char told[1024]; // the pieces, each with a '|' behind it
    int ended;
};

static void
piece_cb(void *context, struct capture *capture, struct span bytes)
{
    struct fixture *fixture = context;
    size_t length = strlen(fixture->told);

    assert_ptr_equal(capture, fixture->capture);
    assert_int_equal(fixture->ended, 0);
    snprintf(fixture->told + length, sizeof(fixture->told) - length, "%.*s|", (int)bytes.length,
             bytes.at);
}

static void
end_cb(void *context, struct capture *capture)
{
    struct fixture *fixture = context;

    assert_ptr_equal(capture, fixture->capture);
    fixture->ended++;
}

static void
fixture_open(struct fixture *fixture, size_t kept_max)
{
    static const struct capture_callbacks callbacks = {.piece = piece_cb, .end = end_cb};
    int ends[2];

    memset(fixture, 0, sizeof(*fixture));
    signal(SIGPIPE, SIG_IGN);
    loop_open(&fixture->loop);
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    fixture->in = ends[1];
    fixture->capture = capture_new(fixture->loop.base, ends[0], kept_max, &callbacks, fixture);
    assert_non_null(fixture->capture);
}

static void
fixture_close(struct fixture *fixture)
{
    capture_free(fixture->capture);
    errno = 0;
    assert_int_equal(write(fixture->in, "x", 1), -1); // its end is closed
    assert_int_equal(errno, EPIPE);
    close(fixture->in);
    loop_close(&fixture->loop);
}

static void
say(struct fixture *fixture, const char *text)
{
    assert_int_equal(write(fixture->in, text, strlen(text)), strlen(text));
    loop_settle(&fixture->loop);
}

static void
expect(const struct fixture *fixture, const char *told, const char *kept)
{
    struct span all = capture_kept(fixture->capture);

    assert_string_equal(fixture->told, told);
    if (!span_is(all, kept))
        fail_msg("kept: %.*s", (int)all.length, all.at);
}

static void
test_pieces(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 100);
    expect(&fixture, "", "");
    say(&fixture, "one");
    say(&fixture, "two\xC3");
    expect(&fixture, "one|two|", "onetwo\xC3");
    say(&fixture, "\xA4");
    expect(&fixture, "one|two|\xC3\xA4|", "onetwo\xC3\xA4");
    say(&fixture, "\xF0\x9F");
    say(&fixture, "\x98");
    expect(&fixture, "one|two|\xC3\xA4|", "onetwo\xC3\xA4\xF0\x9F\x98");
    assert_int_equal(fixture.ended, 0);
    assert_int_equal(capture_total(fixture.capture), 11);
    assert_false(capture_truncated(fixture.capture));
    fixture_close(&fixture);
}

// At the end there is nothing more to wait for.
static void
test_end(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 100);
    say(&fixture, "a\xC3");
    close(fixture.in);
    loop_settle(&fixture.loop);
    expect(&fixture, "a|\xC3|", "a\xC3");
    assert_int_equal(fixture.ended, 1);
    capture_finish(fixture.capture);
    assert_int_equal(fixture.ended, 1);
    capture_free(fixture.capture);
    capture_free(NULL);
    loop_close(&fixture.loop);
}

// After the cut nothing is added, though there would be room again.
static void
test_truncated(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 4);
    say(&fixture, "ab");
    say(&fixture, "\xE2\x82\xAC");
    expect(&fixture, "ab|", "ab");
    assert_true(capture_truncated(fixture.capture));
    say(&fixture, "cd");
    expect(&fixture, "ab|", "ab");
    assert_int_equal(capture_total(fixture.capture), 7);
    assert_true(span_is(capture_tail(fixture.capture), "ab\xE2\x82\xAC"
                                                       "cd"));
    fixture_close(&fixture);
}

// The bound itself is not a cut.
static void
test_exactly_full(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 4);
    say(&fixture, "abcd");
    expect(&fixture, "abcd|", "abcd");
    assert_false(capture_truncated(fixture.capture));
    say(&fixture, "e");
    expect(&fixture, "abcd|", "abcd");
    assert_true(capture_truncated(fixture.capture));
    fixture_close(&fixture);
}

// What is in the pipe is read, all of it, and then no more, though the writer lives.
static void
test_finish(void **state)
{
    static char block[65536];
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, sizeof(block));
    memset(block, 'x', sizeof(block));
    assert_int_equal(write(fixture.in, block, sizeof(block)), sizeof(block));
    capture_finish(fixture.capture);
    assert_int_equal(fixture.ended, 1);
    assert_int_equal(capture_kept(fixture.capture).length, sizeof(block));
    assert_int_equal(strlen(fixture.told), sizeof(fixture.told) - 1);
    capture_finish(fixture.capture);
    assert_int_equal(fixture.ended, 1);
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),    cmocka_unit_test(test_end),
        cmocka_unit_test(test_truncated), cmocka_unit_test(test_exactly_full),
        cmocka_unit_test(test_finish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
