// Lines: any text gives the same lines however it is cut in pieces, and no byte is looked at twice.
// The module is compiled into this test with counting stand-ins for the functions that look at and
// move bytes; the one in the library is not linked.
#include "common/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t searched_bytes, moved_bytes;
static size_t allocations_left = SIZE_MAX;

static void *
counting_memchr(void *at, int byte, size_t size)
{
    void *found = memchr(at, byte, size);

    searched_bytes += found != NULL ? (size_t)((char *)found - (char *)at) + 1 : size;
    return found;
}

static void *
counting_memmove(void *into, const void *from, size_t size)
{
    moved_bytes += size;
    return memmove(into, from, size);
}

static void *
limited_realloc(void *at, size_t size)
{
    if (allocations_left == 0)
        return NULL;
    allocations_left--;
    return realloc(at, size);
}

#define memchr(at, byte, size)    counting_memchr(at, byte, size)
#define memmove(into, from, size) counting_memmove(into, from, size)
#define realloc(at, size)         limited_realloc(at, size)
#include "common/lines.c"
#undef memchr
#undef memmove
#undef realloc

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// What came out, as text: "<line>" for each line, "!" for each one that was too long.
struct record {
    char *text;
    size_t length, capacity;
};

static void
record_add(struct record *record, const char *text, size_t length)
{
    if (record->capacity - record->length < length) {
        record->capacity = (record->length + length) * 2;
        record->text = realloc(record->text, record->capacity);
        assert_non_null(record->text);
    }
    memcpy(record->text + record->length, text, length);
    record->length += length;
}

static void
record_result(struct record *record, enum lines_result result, char *line, size_t length)
{
    if (result == LINES_TOO_LONG) {
        record_add(record, "!", 1);
        return;
    }
    record_add(record, "<", 1);
    record_add(record, line, length);
    record_add(record, ">", 1);
    // The promise: the line and one byte after it may be written to.
    memset(line, '#', length + 1);
}

static void
drain(struct lines *lines, struct record *record)
{
    enum lines_result result;
    char *line;
    size_t length = 0;

    while ((result = lines_next(lines, &line, &length)) != LINES_MORE)
        record_result(record, result, line, length);
    assert_true(lines_pending(lines) <= lines->line_max + 1);
}

static void
finish(struct lines *lines, struct record *record)
{
    enum lines_result result;
    char *line;
    size_t length = 0;

    while ((result = lines_last(lines, &line, &length)) != LINES_MORE)
        record_result(record, result, line, length);
    assert_int_equal(lines_pending(lines), 0);
}

static void
feed(struct lines *lines, const char *text, size_t length)
{
    while (length > 0) {
        size_t size = 0;
        char *room = lines_room(lines, length < 64 ? length : 64, &size);

        assert_non_null(room);
        assert_true(size >= (length < 64 ? length : 64));
        if (size > length)
            size = length;
        memcpy(room, text, size);
        lines_filled(lines, size);
        text += size;
        length -= size;
    }
}

// The definition itself, on the whole text at once.
static void
cut_naively(struct span text, size_t line_max, struct record *record)
{
    size_t from = 0;

    while (from < text.length) {
        size_t to = from, blank = from, length;

        while (to < text.length && text.at[to] != '\n')
            to++;
        length = to - from;
        if (length > 0 && text.at[to - 1] == '\r')
            length--;
        while (blank < from + length && (text.at[blank] == ' ' || text.at[blank] == '\t'))
            blank++;
        if (length > line_max) {
            record_add(record, "!", 1);
        } else if (blank < from + length) {
            record_add(record, "<", 1);
            record_add(record, text.at + from, length);
            record_add(record, ">", 1);
        }
        from = to + 1;
    }
}

static void
expect_record(const struct record *actual, const struct record *expected)
{
    if (actual->length == expected->length &&
        (actual->length == 0 || memcmp(actual->text, expected->text, actual->length) == 0))
        return;
    fail_msg("got '%.*s' instead of '%.*s'", (int)actual->length, actual->text,
             (int)expected->length, expected->text);
}

// Feeds the text in pieces whose ends `is_cut` tells and compares with the definition.
static void
check_pieces(struct span text, size_t line_max, bool (*is_cut)(size_t at, void *context),
             void *context)
{
    struct record actual = {0}, expected = {0};
    struct lines lines;
    size_t from = 0;

    lines_init(&lines, line_max);
    for (size_t at = 1; at <= text.length; at++) {
        if (at < text.length && !is_cut(at, context))
            continue;
        feed(&lines, text.at + from, at - from);
        drain(&lines, &actual);
        from = at;
    }
    finish(&lines, &actual);
    cut_naively(text, line_max, &expected);
    expect_record(&actual, &expected);
    lines_done(&lines);
    free(actual.text);
    free(expected.text);
}

static bool
cut_at_two(size_t at, void *context)
{
    const size_t *cuts = context;

    return at == cuts[0] || at == cuts[1];
}

static bool
cut_by_chance(size_t at, void *context)
{
    unsigned *state = context;

    (void)at;
    *state = *state * 1103515245u + 12345u;
    return (*state >> 16) % 5 == 0;
}

static bool
cut_always(size_t at, void *context)
{
    (void)at;
    (void)context;
    return true;
}

static const struct span texts[] = {
    SPAN(""),
    SPAN("\n"),
    SPAN("a"),
    SPAN("a\n"),
    SPAN("a\nb"),
    SPAN("\n\na\n\n"),
    SPAN("a\r\nb\r\n"),
    SPAN("a\rb\r\r\n\r\n"),
    SPAN("a\r"),
    SPAN("\r"),
    SPAN(" \t\n \t\r\n  x  \n"),
    SPAN("12345678\n"),     // just fits
    SPAN("12345678\r\n"),   //
    SPAN("12345678\r"),     //
    SPAN("12345678"),       //
    SPAN("123456789\n"),    // one too long
    SPAN("123456789\r\n"),  //
    SPAN("12345678\r\r\n"), //
    SPAN("12345678\rx\n"),  //
    SPAN("123456789"),      //
    SPAN("         \n"),    // blank, but too long
    SPAN("a\n1234567890123456\nb\n1234567890123456789\r\nc"),
    SPAN("1234567890\n1234567890\n1234567890"),
    SPAN("1234567890123456789012345678901234567890"),
    SPAN("\0\n\0\0\r\n"),
    SPAN("{\"a\":1}\n\r\n[2]\n \n3"),
};

static void
test_every_pair_of_cuts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t line_max = 7; line_max <= 9; line_max++)
            for (size_t first = 0; first <= texts[i].length; first++)
                for (size_t second = first; second <= texts[i].length; second++) {
                    size_t cuts[] = {first, second};

                    check_pieces(texts[i], line_max, cut_at_two, cuts);
                }
}

static void
test_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t line_max = 0; line_max < 12; line_max++)
            check_pieces(texts[i], line_max, cut_always, NULL);
}

// Long texts of lines of all lengths, many over the limit and over the first size of the buffer.
static void
test_random_texts_and_cuts(void **state)
{
    static const char letters[] = "aaaaaaaaaaaaab \t\r\n";
    size_t size = 40000;
    char *text = malloc(size);

    (void)state;
    assert_non_null(text);
    for (unsigned seed = 1; seed <= 60; seed++) {
        unsigned chance = seed;
        size_t newline_every = (size_t)1 << (seed % 14);

        for (size_t i = 0; i < size; i++) {
            chance = chance * 1103515245u + 12345u;
            text[i] = letters[(chance >> 16) % (sizeof(letters) - 2)];
            if ((chance >> 8) % newline_every == 0)
                text[i] = '\n';
        }
        check_pieces((struct span){text, size}, (size_t)1 << (seed % 15), cut_by_chance, &chance);
        if (seed % 10 == 0)
            check_pieces((struct span){text, size}, 5000, cut_always, NULL);
    }
    free(text);
}

// Known as soon as it can be known, told once, and the rest is not kept.
static void
test_too_long_is_told_at_once(void **state)
{
    struct lines lines;
    char *line;
    size_t length = 0, size = 0;
    char block[1000];

    (void)state;
    memset(block, 'x', sizeof(block));
    lines_init(&lines, 2500);
    feed(&lines, block, 1000);
    assert_int_equal(lines_next(&lines, &line, &length), LINES_MORE);
    feed(&lines, block, 1000);
    assert_int_equal(lines_next(&lines, &line, &length), LINES_MORE);
    feed(&lines, block, 1000);
    assert_int_equal(lines_next(&lines, &line, &length), LINES_TOO_LONG);
    for (int i = 0; i < 1000; i++) {
        feed(&lines, block, 1000);
        assert_int_equal(lines_next(&lines, &line, &length), LINES_MORE);
        assert_int_equal(lines_pending(&lines), 0);
    }
    assert_true(lines.capacity <= 4096);
    feed(&lines, "x\r\nok\n", 6);
    assert_int_equal(lines_next(&lines, &line, &length), LINES_LINE);
    assert_int_equal(length, 2);
    assert_memory_equal(line, "ok", 2);
    assert_int_equal(lines_next(&lines, &line, &length), LINES_MORE);
    // At the end of the input in the middle of skipping nothing more is told.
    for (int i = 0; i < 3; i++)
        feed(&lines, block, 1000);
    assert_int_equal(lines_next(&lines, &line, &length), LINES_TOO_LONG);
    feed(&lines, block, 1000);
    assert_int_equal(lines_last(&lines, &line, &length), LINES_MORE);
    assert_int_equal(lines_pending(&lines), 0);
    assert_non_null(lines_room(&lines, 1, &size));
    lines_done(&lines);
}

static void
test_last_takes_all_that_is_left(void **state)
{
    struct lines lines;
    struct record record = {0};

    (void)state;
    lines_init(&lines, 100);
    feed(&lines, "a\nb\n\nc", 6);
    finish(&lines, &record);
    assert_int_equal(record.length, 9);
    assert_memory_equal(record.text, "<a><b><c>", 9);
    lines_done(&lines);
    free(record.text);
}

// The cost of one long line in small pieces: every byte is searched once, and moved not at all
// while it only grows.
static void
test_cost_of_a_line_in_small_pieces(void **state)
{
    size_t total = 4 << 20, piece = 64;
    struct lines lines;
    char block[64], *line;
    size_t length = 0;

    (void)state;
    memset(block, 'x', sizeof(block));
    lines_init(&lines, total);
    searched_bytes = moved_bytes = 0;
    for (size_t sent = 0; sent < total; sent += piece) {
        feed(&lines, block, piece);
        assert_int_equal(lines_next(&lines, &line, &length), LINES_MORE);
    }
    feed(&lines, "\n", 1);
    assert_int_equal(lines_next(&lines, &line, &length), LINES_LINE);
    assert_int_equal(length, total);
    assert_int_equal(searched_bytes, total + 1);
    assert_int_equal(moved_bytes, 0);
    assert_true(lines.capacity <= total + 64 + 2);
    lines_done(&lines);
}

// Many lines that do not match the size of the reads: moved at most once each, searched once.
static void
test_cost_of_many_lines(void **state)
{
    size_t total = 1 << 20, line_sizes[] = {1, 2, 80, 1000, 4095, 5000, 30000};
    char *text = malloc(total);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < COUNT(line_sizes); i++) {
        for (size_t piece = 7; piece < 20000; piece = piece * 3 + 1) {
            struct record record = {0};
            struct lines lines;

            memset(text, 'x', total);
            for (size_t at = line_sizes[i]; at < total; at += line_sizes[i])
                text[at - 1] = '\n';
            lines_init(&lines, 1 << 20);
            searched_bytes = moved_bytes = 0;
            for (size_t sent = 0; sent < total; sent += piece) {
                feed(&lines, text + sent, piece < total - sent ? piece : total - sent);
                drain(&lines, &record);
            }
            assert_int_equal(searched_bytes, total);
            assert_true(moved_bytes <= total);
            lines_done(&lines);
            free(record.text);
        }
    }
    free(text);
}

// Lines a little longer than the reads: their beginnings are moved now and then, not every time.
static void
test_cost_of_lines_longer_than_a_read(void **state)
{
    enum { READ = 65536, LINE = READ + 60, LINES = 200 };
    static char text[LINE * LINES];
    struct lines lines;
    size_t length, size, count = 0;
    char *line;

    (void)state;
    memset(text, 'x', sizeof(text));
    for (size_t at = LINE; at <= sizeof(text); at += LINE)
        text[at - 1] = '\n';
    lines_init(&lines, 1 << 20);
    searched_bytes = moved_bytes = 0;
    for (size_t sent = 0; sent < sizeof(text);) {
        char *room = lines_room(&lines, READ, &size);
        size_t piece = sizeof(text) - sent < READ ? sizeof(text) - sent : READ;

        memcpy(room, text + sent, piece);
        lines_filled(&lines, piece);
        sent += piece;
        for (; lines_next(&lines, &line, &length) != LINES_MORE; count++)
            assert_int_equal(length, LINE - 1);
    }
    assert_int_equal(count, LINES);
    assert_int_equal(searched_bytes, sizeof(text));
    assert_true(moved_bytes < sizeof(text) / 2);
    lines_done(&lines);
}

static void
test_memory_stays_in_bounds(void **state)
{
    size_t line_max = 10000, size = 0;
    struct lines lines;
    char *line, *room;
    size_t length = 0;

    (void)state;
    lines_init(&lines, line_max);
    assert_null(lines.buffer);
    for (int i = 0; i < 2000; i++) {
        room = lines_room(&lines, 700, &size);
        assert_non_null(room);
        assert_true(size >= 700);
        memset(room, 'x', 700);
        if (i % 14 == 13)
            room[699] = '\n';
        lines_filled(&lines, 700);
        while (lines_next(&lines, &line, &length) != LINES_MORE)
            assert_int_equal(length, 14 * 700 - 1);
        assert_true(lines.capacity <= line_max + 700 + 2);
    }
    lines_done(&lines);
}

// When all is handed out the next read finds the whole buffer free.
static void
test_room_is_whole_again(void **state)
{
    struct lines lines;
    size_t length = 0, size = 0;
    char *line;

    (void)state;
    lines_init(&lines, 1000);
    feed(&lines, "abc\n", 4);
    assert_int_equal(lines_next(&lines, &line, &length), LINES_LINE);
    assert_ptr_equal(lines_room(&lines, 1, &size), lines.buffer);
    assert_int_equal(size, lines.capacity - 1);
    lines_done(&lines);
}

static void
test_shrink(void **state)
{
    struct lines lines;
    char *line;
    size_t length = 0;

    (void)state;
    lines_init(&lines, 100);
    lines_shrink(&lines);
    feed(&lines, "a\nb", 3);
    assert_int_equal(lines_next(&lines, &line, &length), LINES_LINE);
    lines_shrink(&lines);
    assert_int_equal(lines_pending(&lines), 1);
    feed(&lines, "c\n", 2);
    assert_int_equal(lines_next(&lines, &line, &length), LINES_LINE);
    assert_int_equal(length, 2);
    assert_memory_equal(line, "bc", 2);
    lines_shrink(&lines);
    assert_null(lines.buffer);
    assert_int_equal(lines.capacity, 0);
    feed(&lines, "d\n", 2);
    assert_int_equal(lines_next(&lines, &line, &length), LINES_LINE);
    assert_memory_equal(line, "d", 1);
    lines_done(&lines);
}

static void
test_out_of_memory(void **state)
{
    struct lines lines;
    char *line;
    size_t length, size = 42;

    (void)state;
    lines_init(&lines, 1 << 20);
    allocations_left = 0;
    assert_null(lines_room(&lines, 1, &size));
    assert_int_equal(size, 42);
    allocations_left = 1;
    feed(&lines, "a\nbc", 4);
    assert_null(lines_room(&lines, 100000, &size));
    assert_int_equal(size, 42);
    // Nothing is lost, and it goes on when there is memory again.
    allocations_left = SIZE_MAX;
    assert_null(lines_room(&lines, SIZE_MAX - 1, &size));
    assert_int_equal(lines_next(&lines, &line, &length), LINES_LINE);
    assert_memory_equal(line, "a", 1);
    assert_non_null(lines_room(&lines, 100000, &size));
    feed(&lines, "\n", 1);
    assert_int_equal(lines_next(&lines, &line, &length), LINES_LINE);
    assert_memory_equal(line, "bc", 2);
    lines_done(&lines);
}

// With no bound on the line the arithmetic must not wrap.
static void
test_unbounded(void **state)
{
    struct lines lines;
    char *line;
    size_t length = 0;

    (void)state;
    lines_init(&lines, SIZE_MAX);
    feed(&lines, "abc\n", 4);
    assert_int_equal(lines_next(&lines, &line, &length), LINES_LINE);
    assert_int_equal(length, 3);
    lines_done(&lines);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pair_of_cuts),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_random_texts_and_cuts),
        cmocka_unit_test(test_too_long_is_told_at_once),
        cmocka_unit_test(test_last_takes_all_that_is_left),
        cmocka_unit_test(test_cost_of_a_line_in_small_pieces),
        cmocka_unit_test(test_cost_of_many_lines),
        cmocka_unit_test(test_cost_of_lines_longer_than_a_read),
        cmocka_unit_test(test_memory_stays_in_bounds),
        cmocka_unit_test(test_room_is_whole_again),
        cmocka_unit_test(test_shrink),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_unbounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
