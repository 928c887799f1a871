// Out of memory in transport/: nothing is made by halves, and a stream loses no byte of its input.
#include "tests/unit/failing_malloc.h"
#include "tests/unit/loop.h"
#include "transport/listener.h"
#include "transport/stream.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

struct owner {
    size_t lines;
    size_t bytes;
    int ends;
};

static void
line_cb(void *context, char *line, size_t length)
{
    struct owner *owner = context;

    (void)line;
    owner->lines++;
    owner->bytes += length;
}

static void
end_cb(void *context, enum stream_end end, int error)
{
    struct owner *owner = context;

    assert_int_equal(end, STREAM_END_EOF);
    assert_int_equal(error, 0);
    owner->ends++;
}

static const struct stream_callbacks callbacks = {.line = line_cb, .end = end_cb};

static void
test_turn(void **state)
{
    struct loop loop;

    (void)state;
    loop_open(&loop);
    FAIL_EACH_ALLOCATION(run)
    {
        struct turn *turn = turn_new(loop.base);

        assert_int_equal(turn == NULL, allocation_failed());
        turn_free(turn);
    }
    loop_close(&loop);
}

// The descriptor is still the caller's then.
static void
test_new_stream(void **state)
{
    struct loop loop;

    (void)state;
    loop_open(&loop);
    FAIL_EACH_ALLOCATION(run)
    {
        struct stream_settings settings = {.reads = true};
        struct stream *stream;
        int ends[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        settings.fd = ends[0];
        stream = stream_new(loop.base, loop.turn, &settings, &callbacks, NULL);
        assert_int_equal(stream == NULL, allocation_failed());
        if (stream == NULL)
            assert_int_equal(close(settings.fd), 0);
        stream_free(stream);
        loop_settle(&loop);
        close(ends[1]);
    }
    loop_close(&loop);
}

static void
test_listener(void **state)
{
    struct address address = {.kind = ADDRESS_TCP, .host = "127.0.0.1"};
    struct loop loop;

    (void)state;
    loop_open(&loop);
    FAIL_EACH_ALLOCATION(run)
    {
        struct listener_error error = {.text = ""};
        struct listener *listener =
            listener_new(loop.base, &address, 0, &(struct listener_callbacks){0}, NULL, &error);

        assert_int_equal(listener == NULL, allocation_failed());
        assert_int_equal(error.text[0] == '\0', listener != NULL);
        listener_free(listener);
    }
    loop_close(&loop);
}

// A long line, many short ones and the end of the input, whichever allocation fails.
static void
test_input_is_not_lost(void **state)
{
    enum { LONG = 100000, SHORT = 1000 };
    static char text[LONG + 1 + 2 * SHORT];
    struct loop loop;

    (void)state;
    memset(text, 'x', LONG);
    text[LONG] = '\n';
    for (size_t i = LONG + 1; i < sizeof(text); i += 2)
        memcpy(text + i, "y\n", 2);
    loop_open(&loop);
    FAIL_EACH_ALLOCATION(run)
    {
        struct owner owner = {0};
        struct stream_settings settings = {.reads = true, .line_max = LONG};
        struct stream *stream;
        size_t sent = 0;
        size_t budget = allocations_until_failure;
        int ends[2];

        allocations_until_failure = 0; // what is made first succeeds
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        settings.fd = ends[0];
        stream = stream_new(loop.base, loop.turn, &settings, &callbacks, &owner);
        allocations_until_failure = budget;
        while (sent < sizeof(text)) {
            ssize_t n = write(ends[1], text + sent, sizeof(text) - sent);

            sent += n > 0 ? (size_t)n : 0;
            loop_turn(&loop);
        }
        close(ends[1]);
        LOOP_UNTIL(&loop, owner.ends == 1);
        allocation_failed();
        assert_int_equal(owner.lines, SHORT + 1);
        assert_int_equal(owner.bytes, LONG + SHORT);
        stream_free(stream);
        loop_settle(&loop);
    }
    loop_close(&loop);
}

// Nothing more comes that could wake the stream: it tries again by itself.
static void
test_input_is_taken_later(void **state)
{
    struct loop loop;

    (void)state;
    loop_open(&loop);
    FAIL_EACH_ALLOCATION(run)
    {
        struct owner owner = {0};
        struct stream_settings settings = {.reads = true, .line_max = 100};
        size_t budget = allocations_until_failure;
        struct stream *stream;
        int ends[2];

        allocations_until_failure = 0;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        settings.fd = ends[0];
        stream = stream_new(loop.base, loop.turn, &settings, &callbacks, &owner);
        allocations_until_failure = budget;
        assert_int_equal(write(ends[1], "a\nb\n", 4), 4);
        LOOP_UNTIL(&loop, owner.lines == 2);
        stream_free(stream);
        loop_settle(&loop);
        close(ends[1]);
    }
    loop_close(&loop);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turn),
        cmocka_unit_test(test_new_stream),
        cmocka_unit_test(test_listener),
        cmocka_unit_test(test_input_is_not_lost),
        cmocka_unit_test(test_input_is_taken_later),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
