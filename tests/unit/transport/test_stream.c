// Stream: output, its errors and timeouts; freeing from inside every callback.
#include "tests/unit/transport/stream_owner.h"

// ---- output ----------------------------------------------------------------------------------

static size_t
drain(int fd, char *into, size_t room)
{
    size_t length = 0;
    ssize_t n;

    while (length < room && (n = read(fd, into + length, room - length)) > 0)
        length += (size_t)n;
    return length;
}

static void
test_big_output(void **state)
{
    enum { PIECE = 300000, PIECES = 20 };
    struct fixture fixture;
    char *piece = malloc(PIECE);
    char *got = malloc((size_t)PIECE * PIECES + 1);
    size_t length = 0;

    (void)state;
    fixture_open(&fixture, reading);
    for (int i = 0; i < PIECES; i++) {
        struct iovec iov[] = {{piece, 1}, {piece + 1, 0}, {piece + 1, PIECE - 1}};

        memset(piece, 'a' + i, PIECE);
        assert_int_equal(stream_write(fixture.owner.stream, iov, 3), 0);
    }
    memset(piece, '?', PIECE); // it was copied
    // It writes as it goes, but the peer has not taken more than its buffers hold.
    assert_in_range(stream_output(fixture.owner.stream), PIECE, PIECE * PIECES);
    while (length < (size_t)PIECE * PIECES) {
        size_t n = drain(fixture.peer, got + length, (size_t)PIECE * PIECES + 1 - length);

        length += n;
        event_base_loop(fixture.loop.base, EVLOOP_ONCE);
    }
    for (size_t i = 0; i < length; i++)
        if (got[i] != (char)('a' + i / PIECE))
            fail_msg("byte %zu is %c", i, got[i]);
    loop_settle(&fixture.loop);
    assert_int_equal(stream_output(fixture.owner.stream), 0);
    assert_true(fixture.owner.sent > 1); // after every write, not only the last
    free(piece);
    free(got);
    fixture_close(&fixture);
}

static void
test_empty_write(void **state)
{
    struct iovec empty = {NULL, 0};
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, reading);
    assert_int_equal(stream_write(fixture.owner.stream, &empty, 0), 0);
    assert_int_equal(stream_write(fixture.owner.stream, &empty, 1), 0);
    assert_int_equal(stream_output(fixture.owner.stream), 0);
    fixture_close(&fixture);
}

// The peer has gone and there is something to send: one end, of the right kind, and no second.
static void
test_write_error(void **state)
{
    static char big[1 << 20];
    struct iovec piece = {big, sizeof(big)};
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, (struct stream_settings){.reads = false});
    assert_int_equal(stream_write(fixture.owner.stream, &piece, 1), 0);
    loop_settle(&fixture.loop);
    assert_int_equal(fixture.owner.failed, 0);
    hang_up(&fixture);
    LOOP_UNTIL(&fixture.loop, fixture.owner.failed > 0);
    assert_int_equal(fixture.owner.last_end, STREAM_END_ERROR);
    assert_true(fixture.owner.error == EPIPE || fixture.owner.error == ECONNRESET);
    assert_int_equal(stream_write(fixture.owner.stream, &piece, 1), 0); // goes nowhere
    loop_settle(&fixture.loop);
    assert_int_equal(fixture.owner.failed, 1);
    fixture_close(&fixture);
}

static void
test_write_timeout(void **state)
{
    static char big[4 << 20];
    struct iovec piece = {big, sizeof(big)};
    struct fixture fixture;
    int64_t began_us = clock_us();

    (void)state;
    fixture_open(&fixture, (struct stream_settings){.reads = true, .write_timeout_us = 150000});
    assert_int_equal(stream_write(fixture.owner.stream, &piece, 1), 0);
    LOOP_UNTIL(&fixture.loop, fixture.owner.failed > 0);
    assert_int_equal(fixture.owner.last_end, STREAM_END_TIMEOUT);
    assert_true(clock_us() - began_us >= 140000); // libevent's clock is a coarse one
    loop_settle(&fixture.loop);
    assert_int_equal(fixture.owner.failed, 1);
    fixture_close(&fixture);
}

// A peer that takes a little now and then is slow, not gone: every byte taken puts the end off.
static void
test_slow_peer_does_not_time_out(void **state)
{
    static char big[2 << 20];
    static char got[sizeof(big)];
    struct iovec piece = {big, sizeof(big)};
    struct fixture fixture;
    size_t length = 0;

    (void)state;
    fixture_open(&fixture, (struct stream_settings){.reads = true, .write_timeout_us = 800000});
    assert_int_equal(stream_write(fixture.owner.stream, &piece, 1), 0);
    while (length < sizeof(big)) {
        int64_t next_us = clock_us() + 40000;

        LOOP_UNTIL(&fixture.loop, clock_us() >= next_us);
        length += drain(fixture.peer, got, 128 << 10);
    }
    assert_int_equal(fixture.owner.failed, 0);
    // And an idle stream never times out.
    loop_settle(&fixture.loop);
    assert_int_equal(stream_output(fixture.owner.stream), 0);
    {
        int64_t later_us = clock_us() + 900000;

        LOOP_UNTIL(&fixture.loop, clock_us() >= later_us);
    }
    assert_int_equal(fixture.owner.failed, 0);
    fixture_close(&fixture);
}

static void
test_pipes(void **state)
{
    struct iovec piece = {(char *)"to\n", 3};
    struct owner in = {0};
    struct owner out = {0};
    struct loop loop;
    int ends[2];

    (void)state;
    loop_open(&loop);
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    in.stream = stream_new(loop.base, loop.turn,
                           &(struct stream_settings){.fd = ends[0], .reads = true, .line_max = 10},
                           &callbacks, &in);
    out.stream = stream_new(loop.base, loop.turn, &(struct stream_settings){.fd = ends[1]},
                            &callbacks, &out);
    assert_int_equal(stream_write(out.stream, &piece, 1), 0);
    LOOP_UNTIL(&loop, in.lines == 1);
    stream_free(out.stream);
    LOOP_UNTIL(&loop, in.eof == 1);
    stream_free(in.stream);
    loop_close(&loop);
    free(in.text);
    assert_int_equal(fcntl(ends[0], F_GETFD), -1); // closed by stream_free
    assert_int_equal(fcntl(ends[1], F_GETFD), -1);
}

static void
open_pipe(struct owner *owner, struct loop *loop, int ends[2], struct stream_settings settings)
{
    memset(owner, 0, sizeof(*owner));
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    settings.fd = ends[settings.reads ? 0 : 1];
    owner->stream = stream_new(loop->base, loop->turn, &settings, &callbacks, owner);
    assert_non_null(owner->stream);
}

static void
close_pipe(struct owner *owner, struct loop *loop, int peer)
{
    stream_free(owner->stream);
    close(peer);
    loop_settle(loop);
    free(owner->text);
}

// Wide enough for what is written, from the moment on that it was not, and once only.
static void
test_pipe_to_write_widens(void **state)
{
    enum { WIDE = 256 << 10 };
    static char much[3 * WIDE];
    struct iovec piece = {much, 60000};
    struct owner owner;
    struct loop loop;
    int ends[2];

    (void)state;
    loop_open(&loop);
    open_pipe(&owner, &loop, ends, (struct stream_settings){.pipe_max = WIDE});
    assert_int_equal(stream_write(owner.stream, &piece, 1), 0);
    loop_settle(&loop);
    assert_int_equal(fcntl(ends[1], F_GETPIPE_SZ), 65536);
    assert_int_equal(stream_write(owner.stream, &piece, 1), 0);
    loop_settle(&loop);
    assert_int_equal(stream_output(owner.stream), 0);
    assert_int_equal(fcntl(ends[1], F_GETPIPE_SZ), WIDE);
    piece.iov_len = sizeof(much);
    assert_int_equal(stream_write(owner.stream, &piece, 1), 0);
    loop_settle(&loop);
    assert_true(stream_output(owner.stream) > 0);
    assert_int_equal(fcntl(ends[1], F_GETPIPE_SZ), WIDE);
    close_pipe(&owner, &loop, ends[0]);
    loop_close(&loop);
}

// The other end is the one that waits for room: a full pipe is the sign.
static void
test_pipe_to_read_widens(void **state)
{
    enum { WIDE = 256 << 10 };
    static char full[65536];
    struct owner owner;
    struct loop loop;
    int ends[2];

    (void)state;
    loop_open(&loop);
    open_pipe(&owner, &loop, ends,
              (struct stream_settings){.reads = true, .line_max = 1 << 20, .pipe_max = WIDE});
    say_bytes(ends[1], full, sizeof(full) - 1);
    loop_settle(&loop);
    assert_int_equal(fcntl(ends[0], F_GETPIPE_SZ), 65536);
    for (int i = 0; i < 4; i++) { // it begins with small reads
        say_bytes(ends[1], full, sizeof(full));
        loop_settle(&loop);
    }
    assert_int_equal(fcntl(ends[0], F_GETPIPE_SZ), WIDE);
    say_bytes(ends[1], "\n", 1);
    LOOP_UNTIL(&loop, owner.lines == 1);
    assert_int_equal(owner.length, 5 * sizeof(full)); // the bar included
    close_pipe(&owner, &loop, ends[1]);
    loop_close(&loop);
}

// What is no pipe, or may not be widened, goes on as it is.
static void
test_no_pipe_does_not_widen(void **state)
{
    static char much[1 << 20];
    struct iovec piece = {much, sizeof(much)};
    struct fixture fixture;
    struct owner owner;
    int ends[2];

    (void)state;
    fixture_open(&fixture, (struct stream_settings){.reads = true, .pipe_max = 1 << 18});
    assert_int_equal(stream_write(fixture.owner.stream, &piece, 1), 0);
    loop_settle(&fixture.loop);
    assert_int_equal(fixture.owner.failed, 0);
    assert_true(stream_output(fixture.owner.stream) > 0);
    open_pipe(&owner, &fixture.loop, ends, (struct stream_settings){.pipe_max = 0});
    assert_int_equal(stream_write(owner.stream, &piece, 1), 0);
    loop_settle(&fixture.loop);
    assert_int_equal(fcntl(ends[1], F_GETPIPE_SZ), 65536);
    close_pipe(&owner, &fixture.loop, ends[0]);
    fixture_close(&fixture);
}

// ---- freeing ---------------------------------------------------------------------------------

// Everything at once is on its way when the stream goes: nothing may come after that (the callbacks
// check it), and nothing may leak.
static void
check_free_in(const char *callback, const char *input, bool drop_peer)
{
    struct iovec piece = {(char *)"answer\n", 7};
    struct fixture fixture;

    fixture_open(&fixture,
                 (struct stream_settings){.reads = true, .line_max = 4, .unfinished_line = true});
    fixture.owner.free_in = callback;
    say(&fixture, input);
    if (drop_peer)
        hang_up(&fixture);
    else
        assert_int_equal(stream_write(fixture.owner.stream, &piece, 1), 0);
    LOOP_UNTIL(&fixture.loop, fixture.owner.stream == NULL);
    loop_settle(&fixture.loop);
    fixture_close(&fixture);
}

static void
test_free_inside_callbacks(void **state)
{
    (void)state;
    check_free_in("line", "a\nb\nc\n", false);
    check_free_in("line", "a\nb\nc", true);
    check_free_in("line", "a", true); // the unfinished line, from inside the end of input
    check_free_in("too_long", "abcdefg\nb\n", false);
    check_free_in("sent", "a\nb\n", false);
    check_free_in("end", "a\n", true);
}

static void
test_free_from_outside(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, reading);
    say_lines(fixture.peer, 200);
    loop_turn(&fixture.loop); // more lines wait
    stream_free(fixture.owner.stream);
    fixture.owner.stream = NULL;
    loop_settle(&fixture.loop);
    stream_free(NULL);
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_big_output),
        cmocka_unit_test(test_empty_write),
        cmocka_unit_test(test_write_error),
        cmocka_unit_test(test_write_timeout),
        cmocka_unit_test(test_slow_peer_does_not_time_out),
        cmocka_unit_test(test_pipes),
        cmocka_unit_test(test_pipe_to_write_widens),
        cmocka_unit_test(test_pipe_to_read_widens),
        cmocka_unit_test(test_no_pipe_does_not_widen),
        cmocka_unit_test(test_free_inside_callbacks),
        cmocka_unit_test(test_free_from_outside),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
