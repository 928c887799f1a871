// Out of memory in common/: every allocation fails in turn; nothing crashes, nothing leaks, outputs
// stay as they were, and what is reused works again.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "common/arguments.h"
#include "common/errors.h"
#include "common/lines.h"
#include "common/message.h"
#include "tests/unit/failing_malloc.h"

static const struct message_limits limits = {.depth_max = 16, .batch_max = 1000};

static void
test_messages(void **state)
{
    char line[8192] = "[1";
    struct messages messages;
    struct message_fault fault;

    (void)state;
    for (int i = 0; i < 300; i++)
        strcat(line, ",{\"jsonrpc\":\"2.0\"}");
    strcat(line, "]");
    FAIL_EACH_ALLOCATION(run)
    {
        enum message_status status;

        messages_init(&messages);
        status = messages_parse(&messages, line, strlen(line), &limits, &fault);
        assert_int_equal(status, allocation_failed() ? MESSAGES_NO_MEMORY : MESSAGES_OK);
        if (status != MESSAGES_OK) {
            assert_int_equal(messages.count, 0);
            assert_string_equal(fault.reason, "out of memory");
        }
        // The scratch is good for the next line.
        assert_int_equal(messages_parse(&messages, line, strlen(line), &limits, NULL), MESSAGES_OK);
        assert_int_equal(messages.count, 301);
        messages_done(&messages);
    }
}

static void
test_join(void **state)
{
    struct iovec iov[] = {{(char *)"ab", 2}, {(char *)"c", 1}};

    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        size_t length = 77;
        char *text = message_join(iov, 2, &length);

        assert_int_equal(text == NULL, allocation_failed());
        assert_int_equal(length, text == NULL ? 77 : 3);
        free(text);
    }
}

static void
test_quote(void **state)
{
    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        size_t length = 77;
        char *text = message_quote(SPAN("\x01\x02\"\xff"), &length);

        assert_int_equal(text == NULL, allocation_failed());
        assert_int_equal(length == 77, text == NULL);
        free(text);
    }
}

static void
test_errors(void **state)
{
    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        size_t length = 77;
        char *text = error_object(ERROR_BUSY, SPAN("{}"), &length);

        assert_int_equal(text == NULL, allocation_failed());
        assert_int_equal(length == 77, text == NULL);
        free(text);
    }
    FAIL_EACH_ALLOCATION(run)
    {
        size_t length = 77;
        char *text = error_object_format(ERROR_BUSY, &length, "{\"max\":%d}", 5);

        assert_int_equal(text == NULL, allocation_failed());
        assert_int_equal(length == 77, text == NULL);
        free(text);
    }
}

static void
test_argument_error(void **state)
{
    static const struct argument argument = {.name = "n", .expected = "a number"};
    struct argument_fault fault = {.member = SPAN("m"), .reason = "unknown member"};

    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        size_t length = 77;
        char *text = argument_error(&argument, &fault, &length);

        assert_int_equal(text == NULL, allocation_failed());
        assert_int_equal(length == 77, text == NULL);
        free(text);
    }
}

// What is in the buffer already survives a failure to make more room.
static void
test_lines(void **state)
{
    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        struct lines lines;
        size_t size = 77;
        size_t length;
        char *line;

        lines_init(&lines, 100000);
        for (int i = 0; i < 3000; i++) {
            char *room = lines_room(&lines, 10, &size);

            if (room == NULL) {
                assert_true(allocation_failed());
                room = lines_room(&lines, 10, &size); // memory is there again
            }
            memcpy(room, "0123456789", 10);
            lines_filled(&lines, 10);
        }
        allocation_failed();
        memcpy(lines_room(&lines, 1, &size), "\n", 1);
        lines_filled(&lines, 1);
        assert_int_equal(lines_next(&lines, &line, &length), LINES_LINE);
        assert_int_equal(length, 30000);
        for (size_t i = 0; i < length; i++)
            assert_int_equal(line[i], '0' + (int)(i % 10));
        lines_done(&lines);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),       cmocka_unit_test(test_join),
        cmocka_unit_test(test_quote),          cmocka_unit_test(test_errors),
        cmocka_unit_test(test_argument_error), cmocka_unit_test(test_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
