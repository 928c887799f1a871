// A command in JSON: text and base64, what was cut, pieces of output; whatever the bytes are, it is
// JSON.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "common/scanner.h"
#include "pool/command_json.h"

#include <stdlib.h>
#include <string.h>

static void
expect_json(char *json, size_t length, const char *expected)
{
    assert_non_null(json);
    assert_int_equal(strlen(json), length);
    assert_string_equal(json, expected);
    assert_int_equal(scanner_check(span_of(json), 10), SCAN_OK);
    free(json);
}

static void
expect_result(struct command_output out, struct command_output err, const char *expected)
{
    struct command_result result = {.death = {.cause = DEATH_EXIT}, .output = {out, err}};
    size_t length = 0;
    char *json = command_result_json(&result, &length);

    expect_json(json, length, expected);
}

static void
test_result(void **state)
{
    struct command_output nothing = {0};

    (void)state;
    expect_result(nothing, nothing, "{\"exit_code\":0,\"stdout\":\"\",\"stderr\":\"\"}");
    expect_result((struct command_output){.bytes = SPAN("a\"\n\0\xC3\xA4")},
                  (struct command_output){.bytes = SPAN("e")},
                  "{\"exit_code\":0,\"stdout\":\"a\\\"\\n\\u0000\xC3\xA4\",\"stderr\":\"e\"}");
    expect_result((struct command_output){.bytes = SPAN("\xFF")}, nothing,
                  "{\"exit_code\":0,\"stdout_base64\":\"/w==\",\"stderr\":\"\"}");
    expect_result(nothing, (struct command_output){.bytes = SPAN("foo\xC3")},
                  "{\"exit_code\":0,\"stdout\":\"\",\"stderr_base64\":\"Zm9vww==\"}");
}

static void
test_truncated_result(void **state)
{
    (void)state;
    expect_result((struct command_output){.bytes = SPAN("ab"), .truncated = true, .total = 3},
                  (struct command_output){.bytes = SPAN("e"), .total = 1},
                  "{\"exit_code\":0,\"stdout\":\"ab\",\"stdout_bytes\":3,\"stderr\":\"e\","
                  "\"truncated\":true}");
    expect_result(
        (struct command_output){0},
        (struct command_output){.bytes = SPAN("\xFE"), .truncated = true, .total = UINT64_MAX},
        "{\"exit_code\":0,\"stdout\":\"\",\"stderr_base64\":\"/g==\","
        "\"stderr_bytes\":18446744073709551615,\"truncated\":true}");
}

static void
test_succeeded(void **state)
{
    struct command_result result = {.death = {.cause = DEATH_EXIT}};

    (void)state;
    assert_true(command_succeeded(&result));
    result.death.exit_code = 1;
    assert_false(command_succeeded(&result));
    result.death = (struct death){.cause = DEATH_SIGNAL, .signal = 9};
    assert_false(command_succeeded(&result));
    result.death = (struct death){.cause = DEATH_START};
    assert_false(command_succeeded(&result));
}

static void
test_output(void **state)
{
    size_t length = 0;
    char *json = command_output_json(COMMAND_STDOUT, SPAN("a\tb"), 1, &length);

    (void)state;
    expect_json(json, length,
                "{\"kind\":\"output\",\"stream\":\"stdout\",\"text\":\"a\\tb\",\"seq\":1}");
    json = command_output_json(COMMAND_STDERR, SPAN("\x80"), UINT64_MAX, &length);
    expect_json(json, length,
                "{\"kind\":\"output\",\"stream\":\"stderr\",\"base64\":\"gA==\","
                "\"seq\":18446744073709551615}");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_result),
        cmocka_unit_test(test_truncated_result),
        cmocka_unit_test(test_succeeded),
        cmocka_unit_test(test_output),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
