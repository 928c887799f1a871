// stdin as lines with their numbers, and stdout that never blocks the loop.
#include "client/input.h"
#include "client/loop.h"
#include "client/output.h"

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_TEST (100 * 1024) // more than one read, as input.c needs it

struct reading {
    struct event_base *base;
    struct input *input;
    int writer;
    int saved;
    bool ended;
    char seen[1024]; // "1:line;2:line;"
};

static void
ready_cb(void *context)
{
    struct reading *reading = context;
    enum input_result result;
    struct input_record taken;

    while ((result = input_next(reading->input, &taken)) != INPUT_WAIT) {
        size_t used = strlen(reading->seen);
        int number = (int)taken.record.number;
        size_t length = taken.record.length;

        if (result == INPUT_RECORD)
            snprintf(reading->seen + used, sizeof(reading->seen) - used, "%d:%.*s;", number,
                     length > 10 ? 0 : (int)length, taken.record.text);
        else if (result == INPUT_TOO_LONG)
            snprintf(reading->seen + used, sizeof(reading->seen) - used, "%d!;", number);
        else
            break;
    }
    reading->ended = result == INPUT_END;
    if (result == INPUT_WAIT)
        input_wait(reading->input);
}

static void
start_reading(struct reading *reading)
{
    int ends[2];

    memset(reading, 0, sizeof(*reading));
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
    reading->saved = dup(STDIN_FILENO);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    reading->writer = ends[1];
    reading->base = loop_new();
    reading->input =
        input_new(reading->base, STDIN_FILENO, RECORDS_JSON, LINE_MAX_TEST, ready_cb, reading);
    assert_non_null(reading->input);
    ready_cb(reading);
}

static void
feed(struct reading *reading, const char *text, size_t length)
{
    assert_int_equal(write(reading->writer, text, length), length);
    for (unsigned i = 0; i < 20; i++)
        event_base_loop(reading->base, EVLOOP_NONBLOCK);
}

static void
stop_reading(struct reading *reading)
{
    close(reading->writer);
    for (unsigned i = 0; i < 20; i++)
        event_base_loop(reading->base, EVLOOP_NONBLOCK);
    assert_true(reading->ended);
    input_free(reading->input);
    event_base_free(reading->base);
    dup2(reading->saved, STDIN_FILENO);
    close(reading->saved);
}

static void
lines_keep_their_numbers(void **state)
{
    static const char text[] = "\n1\r\n  \n\n{}\nlast";
    struct reading reading;

    (void)state;
    for (size_t cut = 0; cut < sizeof(text) - 1; cut++) {
        start_reading(&reading);
        if (cut > 0)
            feed(&reading, text, cut);
        feed(&reading, text + cut, sizeof(text) - 1 - cut);
        stop_reading(&reading);
        assert_string_equal(reading.seen, "2:1;5:{};6:last;");
    }
}

static void
a_line_too_long_is_left_out(void **state)
{
    size_t size = LINE_MAX_TEST + 50;
    char *text = malloc(size);
    struct reading reading;

    (void)state;
    memset(text, 'x', size);
    start_reading(&reading);
    feed(&reading, "a\n\n", 3);
    feed(&reading, text, size);
    feed(&reading, "xyz", 3);
    feed(&reading, "\n\nb\n", 4);
    feed(&reading, text, size);
    feed(&reading, "\nc\n", 3);
    feed(&reading, text, LINE_MAX_TEST); // just fits
    feed(&reading, "\n", 1);
    stop_reading(&reading);
    assert_string_equal(reading.seen, "1:a;3!;5:b;6!;7:c;8:;");
    free(text);
}

// Each combination of several lists; the last changes fastest.
static void
words_are_combined(void **state)
{
    static const char *const words[] = {"a", "", ":::", "1", "2", "3"};
    struct input *input = input_new_words(words, 6);
    struct input_record taken;

    (void)state;
    assert_int_equal(input_total(input), 6);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(input_next(input, &taken), INPUT_RECORD);
        assert_int_equal(taken.record.number, i + 1);
        assert_ptr_equal(taken.record.text, words[i / 3]);
        assert_int_equal(taken.fields->count, 2);
        assert_true(span_is(taken.fields->items[0], words[i / 3]));
        assert_true(span_is(taken.fields->items[1], words[3 + i % 3]));
    }
    assert_int_equal(input_next(input, &taken), INPUT_END);
    assert_int_equal(input_next(input, &taken), INPUT_END);
    input_free(input);
    input = input_new_words(words, 3); // one list is empty
    assert_int_equal(input_total(input), 0);
    assert_int_equal(input_next(input, &taken), INPUT_END);
    input_free(input);
}

static void
a_broken_stdin_is_told(void **state)
{
    struct event_base *base = loop_new();
    struct reading reading = {.base = base};
    int saved = dup(STDIN_FILENO);
    int folder = open("/", O_RDONLY | O_CLOEXEC);
    struct input_record taken;

    (void)state;
    dup2(folder, STDIN_FILENO);
    close(folder);
    reading.input = input_new(base, STDIN_FILENO, RECORDS_JSON, LINE_MAX_TEST, ready_cb, &reading);
    ready_cb(&reading);
    event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal(input_next(reading.input, &taken), INPUT_FAILED);
    assert_int_equal(input_error(reading.input), EISDIR);
    input_free(reading.input);
    event_base_free(base);
    dup2(saved, STDIN_FILENO);
    close(saved);
}

struct writing {
    struct event_base *base;
    struct output *output;
    int reader;
    int saved;
    unsigned drained;
    unsigned failed;
};

static void
drained_cb(void *context)
{
    ((struct writing *)context)->drained++;
}

static void
failed_cb(void *context)
{
    ((struct writing *)context)->failed++;
}

static const struct output_handlers handlers = {drained_cb, failed_cb};

static void
start_writing(struct writing *writing)
{
    int ends[2];

    memset(writing, 0, sizeof(*writing));
    signal(SIGPIPE, SIG_IGN);
    fflush(NULL);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    writing->saved = dup(STDOUT_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    writing->reader = ends[0];
    writing->base = loop_new();
    writing->output = output_new(writing->base, &handlers, writing);
}

static void
stop_writing(struct writing *writing)
{
    output_free(writing->output);
    event_base_free(writing->base);
    dup2(writing->saved, STDOUT_FILENO);
    close(writing->saved);
    if (writing->reader >= 0)
        close(writing->reader);
}

static void
a_slow_reader_blocks_nothing_and_gets_everything(void **state)
{
    enum { SIZE = 1 << 20 };
    unsigned char *text = malloc(SIZE);
    unsigned char *got = malloc(SIZE);
    struct writing writing;
    size_t length = 0;

    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        text[i] = (unsigned char)(i * 2654435761u >> 13);
    start_writing(&writing);
    output_add(writing.output, (struct span){(char *)text, SIZE});
    output_push(writing.output); // returns although nobody reads
    assert_true(output_pending(writing.output) > 0);
    while (length < SIZE) {
        ssize_t size = read(writing.reader, got + length, 5000);

        if (size <= 0)
            break;
        length += (size_t)size;
        event_base_loop(writing.base, EVLOOP_NONBLOCK);
    }
    stop_writing(&writing);
    assert_int_equal(length, SIZE);
    assert_memory_equal(got, text, SIZE);
    assert_int_equal(writing.drained, 1);
    assert_int_equal(writing.failed, 0);
    free(text);
    free(got);
}

static void
a_reader_that_goes_is_noticed_at_once(void **state)
{
    struct writing writing;

    (void)state;
    start_writing(&writing);
    event_base_loop(writing.base, EVLOOP_NONBLOCK);
    unsigned before = writing.failed;

    close(writing.reader);
    writing.reader = -1;
    event_base_loop(writing.base, EVLOOP_NONBLOCK); // with nothing to write
    unsigned after = writing.failed;
    int error = output_error(writing.output);

    output_add(writing.output, SPAN("late"));
    size_t kept = output_pending(writing.output);

    stop_writing(&writing);
    assert_int_equal(before, 0);
    assert_int_equal(after, 1);
    assert_int_equal(error, EPIPE);
    assert_int_equal(kept, 0);
}

static void
a_full_disk_is_told(void **state)
{
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    int saved = dup(STDOUT_FILENO);
    int error;

    (void)state;
    fflush(NULL);
    dup2(full, STDOUT_FILENO);
    close(full);
    error = output_line(SPAN("text"));
    dup2(saved, STDOUT_FILENO);
    close(saved);
    assert_int_equal(error, ENOSPC);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_keep_their_numbers),
        cmocka_unit_test(a_line_too_long_is_left_out),
        cmocka_unit_test(words_are_combined),
        cmocka_unit_test(a_broken_stdin_is_told),
        cmocka_unit_test(a_slow_reader_blocks_nothing_and_gets_everything),
        cmocka_unit_test(a_reader_that_goes_is_noticed_at_once),
        cmocka_unit_test(a_full_disk_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
