// The log: what reaches stderr, to the byte, and that foreign text can neither forge a line nor
// steer a terminal.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_SIZE 8192

// Stderr is a pipe for the length of a test; what was logged is read from its other end.
struct capture {
    int saved;
    int reader;
    char text[OUTPUT_SIZE];
    size_t length;
};

static int
begin(void **state)
{
    struct capture *capture = calloc(1, sizeof(*capture));
    int ends[2];

    assert_non_null(capture);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    capture->saved = dup(STDERR_FILENO);
    capture->reader = ends[0];
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
    unsetenv("JOURNAL_STREAM");
    log_set_level(LOG_LEVEL_INFO);
    *state = capture;
    return 0;
}

static int
end(void **state)
{
    struct capture *capture = *state;

    dup2(capture->saved, STDERR_FILENO);
    close(capture->saved);
    close(capture->reader);
    free(capture);
    return 0;
}

// What was logged since the last call.
static const char *
logged(struct capture *capture)
{
    ssize_t length;

    fcntl(capture->reader, F_SETFL, O_NONBLOCK);
    length = read(capture->reader, capture->text, sizeof(capture->text) - 1);
    capture->length = length < 0 ? 0 : (size_t)length;
    capture->text[capture->length] = '\0';
    return capture->text;
}

// The part behind "HH:MM:SS.mmm ".
static const char *
behind_time(const char *line)
{
    static const char shape[] = "dd:dd:dd.ddd ";

    for (size_t i = 0; shape[i] != '\0'; i++)
        if (shape[i] == 'd' ? line[i] < '0' || line[i] > '9' : line[i] != shape[i])
            fail_msg("no time of day: %s", line);
    return line + strlen(shape);
}

static void
a_line_says_when_how_important_and_who(void **state)
{
    log_info("session 12", "took %d bytes of \xc3\xa4", 7);
    assert_string_equal(behind_time(logged(*state)), "info session 12: took 7 bytes of \xc3\xa4\n");
    log_error("pool cpu", "x");
    assert_string_equal(behind_time(logged(*state)), "error pool cpu: x\n");
}

static void
the_level_decides(void **state)
{
    log_debug("s", "dropped");
    assert_string_equal(logged(*state), "");
    log_set_level(LOG_LEVEL_ERROR);
    assert_int_equal(log_get_level(), LOG_LEVEL_ERROR);
    log_warning("s", "dropped");
    log_notice("s", "dropped");
    log_info("s", "dropped");
    assert_string_equal(logged(*state), "");
    log_error("s", "kept");
    assert_string_equal(behind_time(logged(*state)), "error s: kept\n");
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("s", "kept");
    assert_string_equal(behind_time(logged(*state)), "debug s: kept\n");
}

static void
set_journal(long inode_offset)
{
    struct stat status;
    char stream[64];

    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev,
             (uintmax_t)((long)status.st_ino + inode_offset));
    setenv("JOURNAL_STREAM", stream, 1);
}

static void
the_journal_gets_priorities(void **state)
{
    set_journal(0);
    log_error("a", "1");
    log_warning("a", "2");
    log_notice("a", "3");
    log_info("a", "4");
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("a", "5");
    assert_string_equal(logged(*state), "<3>a: 1\n<4>a: 2\n<5>a: 3\n<6>a: 4\n<7>a: 5\n");
}

// A child of a service whose stderr was redirected inherits the variable, but not the journal.
static void
another_stream_is_not_the_journal(void **state)
{
    static const char *const wrong[] = {"", "x", "1", "1:", ":1", "1:2"};

    set_journal(1);
    log_info("a", "1");
    assert_string_equal(behind_time(logged(*state)), "info a: 1\n");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        setenv("JOURNAL_STREAM", wrong[i], 1);
        log_info("a", "1");
        assert_string_equal(behind_time(logged(*state)), "info a: 1\n");
    }
}

static void
control_characters_cannot_forge_a_line(void **state)
{
    log_info("a\nb", "%s", "x\n<3>forged\r\x1b[2J\x7f\t\xc2\x9b\xff\xc3.\xe2\x82.");
    assert_string_equal(behind_time(logged(*state)), "info a?b: x?<3>forged??[2J????"
                                                     "??.??.\n");
}

static void
long_lines_are_cut_with_an_ellipsis(void **state)
{
    struct capture *capture = *state;
    char text[5000];

    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    log_info("a", "%s", text);
    logged(capture);
    assert_int_equal(capture->length, 2048);
    assert_string_equal(capture->text + 2043, "x...\n");
    log_info(text, "y");
    logged(capture);
    assert_int_equal(capture->length, 2048);
    assert_string_equal(capture->text + 2043, "x...\n");
}

// At the cut no character is torn, wherever it stands: no '?' may come up, and at most three bytes
// are lost.
static void
the_cut_is_between_characters(void **state)
{
    static const char *const characters[] = {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    struct capture *capture = *state;

    for (size_t kind = 0; kind < 3; kind++)
        for (size_t shift = 0; shift < 4; shift++) {
            char text[4096] = "";

            memset(text, 'x', shift);
            while (strlen(text) < 3000)
                strcat(text, characters[kind]);
            log_info("a", "%s", text);
            logged(capture);
            assert_in_range(capture->length, 2045, 2048);
            assert_null(strchr(capture->text, '?'));
            assert_string_equal(capture->text + capture->length - 4, "...\n");
        }
}

static void
a_line_that_just_fits_is_whole(void **state)
{
    struct capture *capture = *state;
    char text[2048];

    set_journal(0);
    memset(text, 'x', sizeof(text));
    text[2048 - strlen("<6>a: \n")] = '\0';
    log_info("a", "%s", text);
    logged(capture);
    assert_int_equal(capture->length, 2048);
    assert_string_equal(capture->text + 2046, "x\n");
    text[2048 - strlen("<6>a: \n")] = 'x';
    text[2049 - strlen("<6>a: \n")] = '\0';
    log_info("a", "%s", text);
    logged(capture);
    assert_int_equal(capture->length, 2048);
    assert_string_equal(capture->text + 2043, "x...\n");
}

static void
errno_survives_and_can_be_printed(void **state)
{
    errno = EPIPE;
    log_info("a", "%m");
    assert_int_equal(errno, EPIPE);
    assert_string_equal(behind_time(logged(*state)), "info a: Broken pipe\n");
}

// The loop must not hang or spin on a log that nobody reads.
static void
a_full_pipe_loses_lines_and_does_not_block(void **state)
{
    struct capture *capture = *state;
    int flags = fcntl(STDERR_FILENO, F_GETFL);
    char text[1024];

    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK);
    errno = 0;
    for (int i = 0; i < 1000; i++)
        log_info("a", "%s", text);
    assert_int_equal(errno, 0);
    logged(capture);
    assert_true(capture->length > 0);
}

static void
a_closed_stderr_is_no_harm(void **state)
{
    (void)state;
    close(STDERR_FILENO);
    errno = 0;
    log_error("a", "nobody hears");
    assert_int_equal(errno, 0);
}

static void
levels_have_names(void **state)
{
    static const char *const wrong[] = {"", "Info", "err", "warn", "6", "info "};

    (void)state;
    for (enum log_level level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
        enum log_level back = 0;

        assert_true(log_parse_level(log_level_name(level), &back));
        assert_int_equal(back, level);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        enum log_level level = LOG_LEVEL_NOTICE;

        assert_false(log_parse_level(wrong[i], &level));
        assert_int_equal(level, LOG_LEVEL_NOTICE);
    }
}

static void
foreign_text_is_escaped(void **state)
{
    static const struct {
        struct span text;
        const char *escaped;
    } rows[] = {
        {{0}, ""},
        {SPAN("plain"), "plain"},
        {SPAN("a\\b"), "a\\\\b"},
        {SPAN("\n\r\t\x1b\x7f"), "\\x0a\\x0d\\x09\\x1b\\x7f"},
        {SPAN("a\0b"), "a\\x00b"},
        {SPAN("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {SPAN("\xc2\x9b"), "\\xc2\\x9b"},                   // a control character of ISO 6429
        {SPAN("\xc0\xaf"), "\\xc0\\xaf"},                   // overlong
        {SPAN("\xe0\x80\xaf"), "\\xe0\\x80\\xaf"},          // overlong
        {SPAN("\xed\xa0\x80"), "\\xed\\xa0\\x80"},          // surrogate
        {SPAN("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80"}, // above U+10FFFF
        {SPAN("\xf5"), "\\xf5"},
        {SPAN("\xe2\x82"), "\\xe2\\x82"}, // cut short
        {SPAN("\xe2\x82x"), "\\xe2\\x82x"},
        {SPAN("\xa4"), "\\xa4"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char into[64];

        assert_ptr_equal(log_escape(rows[i].text, into, sizeof(into)), into);
        assert_string_equal(into, rows[i].escaped);
    }
}

// For every size: the result fits, is the whole text if that fits, and else a beginning of it with
// "..." that cuts no character or escape in two.
static void
escaped_text_is_cut_to_fit(void **state)
{
    const struct span text = SPAN("ab\n\xe2\x82\xac\\cdefghi\x01jk");
    static const char whole[] = "ab\\x0a\xe2\x82\xac\\\\cdefghi\\x01jk";
    static const size_t borders[] = {0, 1, 2, 6, 9, 11, 12, 13, 14, 15, 16, 17, 18, 22, 23, 24};

    (void)state;
    for (size_t size = 8; size < 40; size++) {
        char *into = malloc(size);
        size_t kept;
        bool is_border = false;

        assert_non_null(into);
        log_escape(text, into, size);
        if (sizeof(whole) <= size) {
            assert_string_equal(into, whole);
            free(into);
            continue;
        }
        kept = strlen(into) - 3;
        assert_string_equal(into + kept, "...");
        assert_memory_equal(into, whole, kept);
        for (size_t i = 0; i < sizeof(borders) / sizeof(borders[0]); i++)
            is_border = is_border || borders[i] == kept;
        assert_true(is_border);
        assert_true(kept + 4 + 4 > size); // no longer piece would have fitted
        free(into);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_says_when_how_important_and_who, begin, end),
        cmocka_unit_test_setup_teardown(the_level_decides, begin, end),
        cmocka_unit_test_setup_teardown(the_journal_gets_priorities, begin, end),
        cmocka_unit_test_setup_teardown(another_stream_is_not_the_journal, begin, end),
        cmocka_unit_test_setup_teardown(control_characters_cannot_forge_a_line, begin, end),
        cmocka_unit_test_setup_teardown(long_lines_are_cut_with_an_ellipsis, begin, end),
        cmocka_unit_test_setup_teardown(the_cut_is_between_characters, begin, end),
        cmocka_unit_test_setup_teardown(a_line_that_just_fits_is_whole, begin, end),
        cmocka_unit_test_setup_teardown(errno_survives_and_can_be_printed, begin, end),
        cmocka_unit_test_setup_teardown(a_full_pipe_loses_lines_and_does_not_block, begin, end),
        cmocka_unit_test_setup_teardown(a_closed_stderr_is_no_harm, begin, end),
        cmocka_unit_test(levels_have_names),
        cmocka_unit_test(foreign_text_is_escaped),
        cmocka_unit_test(escaped_text_is_cut_to_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
