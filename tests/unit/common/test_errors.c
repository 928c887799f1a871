// The table of errors: complete, unique, and the specification's words where it has some.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "common/errors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
codes_and_names_are_unique(void **state)
{
    size_t count;
    const struct error_info *table = error_table(&count);

    (void)state;
    assert_int_equal(count, 15);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(table[i].code, table[j].code);
            assert_string_not_equal(table[i].name, table[j].name);
            assert_string_not_equal(table[i].text, table[j].text);
        }
}

// JSON-RPC 2.0, section 5.1.
static void
texts_are_those_of_the_specification(void **state)
{
    static const struct {
        int code;
        const char *text;
    } rows[] = {
        {-32700, "Parse error"},    {-32600, "Invalid Request"}, {-32601, "Method not found"},
        {-32602, "Invalid params"}, {-32603, "Internal error"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(error_info(rows[i].code)->text, rows[i].text);
}

// Everything else must stay in the range that section 5.1 leaves to servers, but for -32800.
static void
own_codes_are_in_the_servers_range(void **state)
{
    size_t count;
    const struct error_info *table = error_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++)
        if (table[i].code > -32600)
            assert_in_range(-table[i].code, 32000, 32099);
        else
            assert_true(table[i].code >= -32603 || table[i].code == -32700 ||
                        table[i].code == -32800);
}

// Names go into JSON and scripts, texts go into JSON between quotes as they are.
static void
words_can_be_printed_anywhere(void **state)
{
    size_t count;
    const struct error_info *table = error_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_true(strlen(table[i].name) > 0);
        assert_int_equal(strspn(table[i].name, "abcdefghijklmnopqrstuvwxyz_"),
                         strlen(table[i].name));
        assert_true(strlen(table[i].text) > 0);
        assert_null(strpbrk(table[i].text, "\"\\\n"));
        assert_int_equal(table[i].meaning[strlen(table[i].meaning) - 1], '.');
    }
}

// An error never looks like success, nor like the shell's 126 and 127 or a status that a client's
// own troubles have.
static void
exit_statuses_can_be_told_apart(void **state)
{
    size_t count;
    const struct error_info *table = error_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_in_range(table[i].exit_status, 1, 130);
        assert_true(table[i].exit_status != 126 && table[i].exit_status != 127);
        assert_int_not_equal(table[i].exit_status, EXIT_STATUS_USAGE);
        assert_int_not_equal(table[i].exit_status, EXIT_STATUS_UNAVAILABLE);
        assert_int_not_equal(table[i].exit_status, EXIT_STATUS_CONFIG);
        assert_int_equal(error_exit_status(table[i].code), table[i].exit_status);
        assert_ptr_equal(error_info(table[i].code), &table[i]);
    }
}

static void
a_workers_own_code_is_no_entry(void **state)
{
    static const int codes[] = {0, 1, -1, 32700, -32000, -32099, -32768};

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        assert_null(error_info(codes[i]));
        assert_int_equal(error_exit_status(codes[i]), EXIT_STATUS_JOB);
    }
}

static void
check_method(struct span method, const char *expected_data)
{
    char expected[512];
    size_t length = 0;
    char *object = error_object_method(method, &length);

    snprintf(expected, sizeof(expected),
             "{\"code\":-32601,\"message\":\"Method not found\",\"data\":{\"method\":%s}}",
             expected_data);
    assert_string_equal(object, expected);
    assert_int_equal(length, strlen(object));
    free(object);
}

// Whatever a client calls it, the error is JSON, and short.
static void
the_unknown_method_is_named(void **state)
{
    char long_name[1000];
    char shown[ERROR_METHOD_MAX + 3];

    (void)state;
    check_method(SPAN("prime"), "\"prime\"");
    check_method(SPAN(""), "\"\"");
    check_method(SPAN("a\"\n\\"), "\"a\\\"\\n\\\\\"");
    check_method((struct span){"a\0b", 3}, "\"a\"");
    memset(long_name, 'x', sizeof(long_name));
    snprintf(shown, sizeof(shown), "\"%.*s\"", ERROR_METHOD_MAX, long_name);
    check_method((struct span){long_name, sizeof(long_name)}, shown);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_and_names_are_unique),
        cmocka_unit_test(texts_are_those_of_the_specification),
        cmocka_unit_test(own_codes_are_in_the_servers_range),
        cmocka_unit_test(words_can_be_printed_anywhere),
        cmocka_unit_test(exit_statuses_can_be_told_apart),
        cmocka_unit_test(a_workers_own_code_is_no_entry),
        cmocka_unit_test(the_unknown_method_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
