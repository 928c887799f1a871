// Stream: lines from real sockets, in portions; pausing; the end of the input.
#include "tests/unit/transport/stream_owner.h"

// ---- input -----------------------------------------------------------------------------------

static void
test_lines_across_pieces(void **state)
{
    static const char text[] = "one\r\n\n  \ntwo\nthree \n";
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, reading);
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        say_bytes(fixture.peer, text + i, 1);
        loop_settle(&fixture.loop);
    }
    expect_text(&fixture, "one|two|three |");
    say(&fixture, "four\nfive\nsi");
    loop_settle(&fixture.loop);
    expect_text(&fixture, "one|two|three |four|five|");
    say(&fixture, "x\n");
    loop_settle(&fixture.loop);
    expect_text(&fixture, "one|two|three |four|five|six|");
    fixture_close(&fixture);
}

// Long lines cost few reads, once the stream has met one: that their ends are small reads says
// nothing about what comes next.
static void
test_long_lines_in_few_reads(void **state)
{
    enum { LENGTH = 200000, READ_MAX = 65536, LINES = 5 };
    static char line[LENGTH];
    struct owner owner = {0};
    struct loop loop;
    int ends[2];

    (void)state;
    loop_open(&loop);
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, 4 * READ_MAX), 4 * READ_MAX);
    owner.stream =
        stream_new(loop.base, loop.turn,
                   &(struct stream_settings){.fd = ends[0], .reads = true, .line_max = LENGTH},
                   &callbacks, &owner);
    memset(line, 'x', LENGTH);
    line[LENGTH - 1] = '\n';
    for (size_t i = 1; i <= LINES; i++) {
        int turns = 0;

        say_bytes(ends[1], line, LENGTH);
        for (; owner.lines < i; turns++)
            loop_turn(&loop);
        if (i > 1)
            assert_int_equal(turns, LENGTH / READ_MAX + 1);
    }
    assert_int_equal(owner.length, LINES * LENGTH);
    stream_free(owner.stream);
    close(ends[1]);
    loop_close(&loop);
    free(owner.text);
}

static void
test_too_long(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, (struct stream_settings){.reads = true, .line_max = 5});
    say(&fixture, "12345\n123456\n12\n1234567890123");
    loop_settle(&fixture.loop);
    expect_text(&fixture, "12345|12|");
    assert_int_equal(fixture.owner.too_long, 2);
    say(&fixture, "4567\nab\n");
    loop_settle(&fixture.loop);
    expect_text(&fixture, "12345|12|ab|");
    assert_int_equal(fixture.owner.too_long, 2);
    fixture_close(&fixture);
}

// 1000 lines in one piece: not more than 64 in one turn, and none is forgotten.
static void
test_portions(void **state)
{
    struct fixture fixture;
    size_t before = 0;

    (void)state;
    fixture_open(&fixture, reading);
    say_lines(fixture.peer, 1000);
    while (fixture.owner.lines < 1000) {
        loop_turn(&fixture.loop);
        assert_true(fixture.owner.lines - before <= STREAM_LINES_PER_TURN);
        assert_true(fixture.owner.lines > before);
        before = fixture.owner.lines;
    }
    loop_settle(&fixture.loop);
    assert_int_equal(fixture.owner.lines, 1000);
    fixture_close(&fixture);
}

static void
test_busy_stream_starves_nobody(void **state)
{
    struct fixture fixture;
    struct owner quiet;
    int quiet_peer;
    size_t before;

    (void)state;
    fixture_open(&fixture, reading);
    owner_open(&quiet, &fixture.loop, &quiet_peer, reading);
    say_lines(fixture.peer, 2000);
    loop_turn(&fixture.loop);
    before = fixture.owner.lines;
    assert_true(before >= 1);
    say_bytes(quiet_peer, "now\n", 4);
    loop_turn(&fixture.loop);
    assert_int_equal(quiet.lines, 1);
    assert_true(fixture.owner.lines <= before + STREAM_LINES_PER_TURN);
    stream_free(quiet.stream);
    close(quiet_peer);
    fixture_close(&fixture);
    free(quiet.text);
}

// What the stream does not want stays in the kernel: the peer cannot write without end.
static void
test_pause_holds_the_peer(void **state)
{
    struct fixture fixture;
    static char block[65536];
    size_t written = 0;
    int rounds = 0;

    (void)state;
    fixture_open(&fixture, reading);
    memset(block, '\n', sizeof(block));
    stream_pause(fixture.owner.stream);
    for (;;) {
        ssize_t n = write(fixture.peer, block, sizeof(block));

        if (n > 0)
            written += (size_t)n;
        else if (++rounds > 3)
            break;
        loop_settle(&fixture.loop);
    }
    assert_true(written < (8 << 20));
    fixture_close(&fixture);
}

static void
test_pause_and_resume(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, reading);
    fixture.owner.pause_at = 2;
    say(&fixture, "1\n2\n3\n4\n5");
    loop_settle(&fixture.loop);
    expect_text(&fixture, "1|2|");
    say(&fixture, "5\n6\n");
    loop_settle(&fixture.loop);
    expect_text(&fixture, "1|2|");
    stream_resume(fixture.owner.stream); // pauses again at the next line
    loop_settle(&fixture.loop);
    expect_text(&fixture, "1|2|3|");
    fixture.owner.pause_at = 0;
    stream_resume(fixture.owner.stream);
    stream_resume(fixture.owner.stream);
    expect_text(&fixture, "1|2|3|"); // never from inside a call
    loop_settle(&fixture.loop);
    expect_text(&fixture, "1|2|3|4|55|6|");
    fixture_close(&fixture);
}

// Paused with hundreds of lines taken already, which wait for the next turns.
static void
test_pause_between_portions(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, reading);
    say_lines(fixture.peer, 300);
    loop_turn(&fixture.loop);
    assert_int_equal(fixture.owner.lines, STREAM_LINES_PER_TURN);
    stream_pause(fixture.owner.stream);
    loop_settle(&fixture.loop);
    assert_int_equal(fixture.owner.lines, STREAM_LINES_PER_TURN);
    stream_resume(fixture.owner.stream);
    loop_settle(&fixture.loop);
    assert_int_equal(fixture.owner.lines, 300);
    fixture_close(&fixture);
}

// Nobody reads a paused stream, and still it learns that its peer has gone.
static void
test_paused_stream_notices_a_gone_peer(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, reading);
    say_lines(fixture.peer, 10);
    stream_pause(fixture.owner.stream);
    loop_settle(&fixture.loop);
    assert_int_equal(fixture.owner.failed, 0);
    hang_up(&fixture);
    LOOP_UNTIL(&fixture.loop, fixture.owner.failed == 1);
    assert_int_equal(fixture.owner.last_end, STREAM_END_ERROR);
    loop_settle(&fixture.loop);
    assert_int_equal(fixture.owner.failed, 1);
    fixture_close(&fixture);
}

// ---- the end of input ------------------------------------------------------------------------

static void
check_unfinished(bool counts, const char *expected)
{
    struct fixture fixture;

    fixture_open(&fixture, (struct stream_settings){.reads = true, .unfinished_line = counts});
    say(&fixture, "one\ntwo");
    shutdown(fixture.peer, SHUT_WR);
    LOOP_UNTIL(&fixture.loop, fixture.owner.eof > 0);
    expect_text(&fixture, expected);
    loop_settle(&fixture.loop);
    assert_int_equal(fixture.owner.eof, 1);
    assert_int_equal(fixture.owner.failed, 0);
    fixture_close(&fixture);
}

static void
test_unfinished_line(void **state)
{
    (void)state;
    check_unfinished(true, "one|two|");
    check_unfinished(false, "one|");
}

static void
test_eof_comes_after_every_line(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, (struct stream_settings){.reads = true, .unfinished_line = true});
    say_lines(fixture.peer, 200);
    say(&fixture, "last");
    shutdown(fixture.peer, SHUT_WR);
    loop_turn(&fixture.loop);
    assert_int_equal(fixture.owner.eof, 0);
    LOOP_UNTIL(&fixture.loop, fixture.owner.eof > 0);
    assert_int_equal(fixture.owner.lines, 201);
    fixture_close(&fixture);
}

static void
test_eof_waits_for_resume(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, (struct stream_settings){.reads = true, .unfinished_line = true});
    fixture.owner.pause_at = 1;
    say(&fixture, "1\n2");
    shutdown(fixture.peer, SHUT_WR);
    loop_settle(&fixture.loop);
    assert_int_equal(fixture.owner.eof, 0);
    expect_text(&fixture, "1|");
    fixture.owner.pause_at = 0;
    stream_resume(fixture.owner.stream);
    LOOP_UNTIL(&fixture.loop, fixture.owner.eof > 0);
    expect_text(&fixture, "1|2|");
    fixture_close(&fixture);
}

static void
test_output_goes_on_after_eof(void **state)
{
    struct iovec answer = {(char *)"answer", 6};
    struct fixture fixture;
    char got[16];

    (void)state;
    fixture_open(&fixture, reading);
    shutdown(fixture.peer, SHUT_WR);
    LOOP_UNTIL(&fixture.loop, fixture.owner.eof > 0);
    assert_false(stream_peer_gone(fixture.owner.stream));
    assert_int_equal(stream_write(fixture.owner.stream, &answer, 1), 0);
    loop_settle(&fixture.loop);
    assert_int_equal(read(fixture.peer, got, sizeof(got)), 6);
    hang_up(&fixture);
    assert_true(stream_peer_gone(fixture.owner.stream));
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_across_pieces),
        cmocka_unit_test(test_long_lines_in_few_reads),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_portions),
        cmocka_unit_test(test_busy_stream_starves_nobody),
        cmocka_unit_test(test_pause_holds_the_peer),
        cmocka_unit_test(test_pause_and_resume),
        cmocka_unit_test(test_pause_between_portions),
        cmocka_unit_test(test_paused_stream_notices_a_gone_peer),
        cmocka_unit_test(test_unfinished_line),
        cmocka_unit_test(test_eof_comes_after_every_line),
        cmocka_unit_test(test_eof_waits_for_resume),
        cmocka_unit_test(test_output_goes_on_after_eof),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
