// Arguments: one param by name or by position, every fault named, the borders of the numbers.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "common/arguments.h"

#include <stdlib.h>
#include <string.h>

#define MOST_42   ((unsigned long long)1 << 42)
#define UNTOUCHED 77

static const struct argument n_argument = {.name = "n", .expected = "a whole number"};

// ---- finding ---------------------------------------------------------------------------------

static void
expect_found(const char *params, const char *value, enum json_kind expected_kind)
{
    struct argument_fault fault = {.reason = NULL};
    enum json_kind kind;
    struct span found;

    if (!argument_find(&n_argument, span_of(params), &found, &kind, &fault))
        fail_msg("%s: %s", params, fault.reason);
    if (!span_is(found, value))
        fail_msg("%s: found %.*s", params, (int)found.length, found.at);
    assert_int_equal(kind, expected_kind);
}

static void
test_found(void **state)
{
    (void)state;
    expect_found("{\"n\":5}", "5", JSON_KIND_NUMBER);
    expect_found(" { \"n\" : \"x\" } ", "\"x\"", JSON_KIND_STRING);
    expect_found("{\"\\u006e\":5}", "5", JSON_KIND_NUMBER);
    expect_found("{\"n\":1,\"n\":[2]}", "[2]", JSON_KIND_ARRAY);
    expect_found("{\"n\":1,\"\\u006E\":{\"n\":3}}", "{\"n\":3}", JSON_KIND_OBJECT);
    expect_found("[5]", "5", JSON_KIND_NUMBER);
    expect_found("[ null ]", "null", JSON_KIND_NULL);
    expect_found("[[1,2]]", "[1,2]", JSON_KIND_ARRAY);
    expect_found("[true]", "true", JSON_KIND_TRUE);
}

static void
expect_fault_in(struct span params, const char *member, const char *reason)
{
    struct argument_fault fault = {.reason = NULL};
    enum json_kind kind = UNTOUCHED;
    struct span found = SPAN("untouched");

    assert_false(argument_find(&n_argument, params, &found, &kind, &fault));
    assert_string_equal(fault.reason, reason);
    assert_true(span_is(fault.member, member));
    assert_int_equal(kind, UNTOUCHED);
    assert_true(span_is(found, "untouched"));
}

static void
expect_fault(const char *params, const char *member, const char *reason)
{
    expect_fault_in(span_of(params), member, reason);
}

static void
test_missing(void **state)
{
    (void)state;
    expect_fault_in((struct span){0}, "n", "missing");
    expect_fault("{}", "n", "missing");
    expect_fault("[]", "n", "missing");
}

static void
test_too_much(void **state)
{
    (void)state;
    expect_fault("{\"m\":1}", "m", "unknown member");
    expect_fault("{\"n\":1,\"m\":1}", "m", "unknown member");
    expect_fault("{\"N\":1}", "N", "unknown member");
    expect_fault("{\"nn\":1}", "nn", "unknown member");
    expect_fault("{\"\":1}", "", "unknown member");
    expect_fault("{\"n\\u0000\":1}", "n\\u0000", "unknown member");
    expect_fault("[1,2]", "n", "more than one param");
}

static void
test_no_container(void **state)
{
    (void)state;
    expect_fault("5", "n", "params must be an array or an object");
    expect_fault("\"n\"", "n", "params must be an array or an object");
    expect_fault("null", "n", "params must be an array or an object");
}

// Whatever is no JSON is refused, whichever reason is given.
static void
test_no_json(void **state)
{
    static const char *const texts[] = {
        "[5",  "[5,",  "{\"n\":5", "{\"n\":5,",  "{\"n\":",  "{\"n\"", "{",
        "[",   "[5]]", "[5] x",    "x",          "[x]",      "{n:5}",  "[5,]",
        "[5}", "",     " ",        "{\"n\":5}}", "{\"n\":5]"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct argument_fault fault = {.reason = NULL};
        enum json_kind kind = UNTOUCHED;
        struct span found = {0};

        if (argument_find(&n_argument, span_of(texts[i]), &found, &kind, &fault))
            fail_msg("accepted: %s", texts[i]);
        assert_non_null(fault.reason);
        assert_int_equal(kind, UNTOUCHED);
    }
}

// ---- whole numbers ---------------------------------------------------------------------------

static bool
whole(const char *text, unsigned long long most, unsigned long long *ret,
      struct argument_fault *ret_fault)
{
    return argument_whole_number(&n_argument, JSON_KIND_NUMBER, span_of(text), most, ret,
                                 ret_fault);
}

static void
expect_whole(const char *text, unsigned long long most, unsigned long long expected)
{
    struct argument_fault fault = {.reason = NULL};
    unsigned long long number = UNTOUCHED;

    if (!whole(text, most, &number, &fault))
        fail_msg("%s: %s", text, fault.reason);
    assert_true(number == expected);
}

static void
expect_no_whole(const char *text, unsigned long long most, const char *reason)
{
    struct argument_fault fault = {.reason = NULL};
    unsigned long long number = UNTOUCHED;

    if (whole(text, most, &number, &fault))
        fail_msg("accepted: %s", text);
    assert_string_equal(fault.reason, reason);
    assert_true(span_is(fault.member, "n"));
    assert_true(number == UNTOUCHED);
}

static void
test_whole_borders(void **state)
{
    (void)state;
    expect_whole("0", MOST_42, 0);
    expect_whole("4398046511103", MOST_42, MOST_42 - 1);
    expect_whole("4398046511104", MOST_42, MOST_42);
    expect_no_whole("4398046511105", MOST_42, "too large");
    expect_no_whole("4398046511110", MOST_42, "too large");
    expect_no_whole("43980465111040", MOST_42, "too large");
    expect_whole("18446744073709551615", UINT64_MAX, UINT64_MAX);
    expect_no_whole("18446744073709551616", UINT64_MAX, "too large");
    expect_no_whole("36893488147419103232", UINT64_MAX, "too large");
}

// A bound below 10: a first digit above it is above the bound.
static void
test_whole_small_bound(void **state)
{
    (void)state;
    expect_whole("5", 5, 5);
    expect_no_whole("6", 5, "too large");
    expect_no_whole("9", 5, "too large");
    expect_no_whole("55", 5, "too large");
    expect_whole("0", 0, 0);
    expect_no_whole("1", 0, "too large");
}

static void
test_whole_kinds(void **state)
{
    struct argument_fault fault;
    unsigned long long number = UNTOUCHED;

    (void)state;
    expect_no_whole("-1", MOST_42, "negative");
    expect_no_whole("-0", MOST_42, "negative");
    expect_no_whole("1.0", MOST_42, "not a whole number");
    expect_no_whole("1e3", MOST_42, "not a whole number");
    expect_no_whole("1E3", MOST_42, "not a whole number");
    for (enum json_kind kind = JSON_KIND_NULL; kind <= JSON_KIND_OBJECT; kind++) {
        if (kind == JSON_KIND_NUMBER)
            continue;
        assert_false(argument_whole_number(&n_argument, kind, SPAN("5"), 10, &number, &fault));
        assert_string_equal(fault.reason, "wrong type");
    }
    assert_true(number == UNTOUCHED);
}

static void
test_long_numbers(void **state)
{
    static char digits[100001];

    (void)state;
    memset(digits, '9', sizeof(digits) - 1);
    expect_no_whole(digits, MOST_42, "too large");
    expect_no_whole(digits, UINT64_MAX, "too large");
    memcpy(digits, "1.", 2);
    expect_no_whole(digits, MOST_42, "not a whole number");
}

// ---- numbers ---------------------------------------------------------------------------------

static void
expect_number(const char *text, double most, double expected)
{
    struct argument_fault fault = {.reason = NULL};
    double number = UNTOUCHED;

    if (!argument_number(&n_argument, JSON_KIND_NUMBER, span_of(text), most, &number, &fault))
        fail_msg("%s: %s", text, fault.reason);
    assert_true(number == expected);
}

static void
expect_no_number(const char *text, double most, const char *reason)
{
    struct argument_fault fault = {.reason = NULL};
    double number = UNTOUCHED;

    if (argument_number(&n_argument, JSON_KIND_NUMBER, span_of(text), most, &number, &fault))
        fail_msg("accepted: %s", text);
    assert_string_equal(fault.reason, reason);
    assert_true(number == UNTOUCHED);
}

static void
test_numbers(void **state)
{
    struct argument_fault fault;
    double number = UNTOUCHED;

    (void)state;
    expect_number("0", 10, 0);
    expect_number("0.25", 10, 0.25);
    expect_number("1e1", 10, 10);
    expect_number("1e-400", 10, 0);
    expect_number("10", 10, 10);
    expect_no_number("10.000001", 10, "too large");
    expect_no_number("1e400", 10, "too large");
    expect_no_number("1e400", 1e308, "too large");
    expect_no_number("-0", 10, "negative");
    expect_no_number("-5", 10, "negative");
    assert_false(
        argument_number(&n_argument, JSON_KIND_STRING, SPAN("\"5\""), 10, &number, &fault));
    assert_string_equal(fault.reason, "wrong type");
    assert_true(number == UNTOUCHED);
}

// The number is not the end of its text: what follows in the line must not be read as a part of it.
static void
test_number_in_a_line(void **state)
{
    struct argument_fault fault;
    double number;

    (void)state;
    assert_true(argument_number(&n_argument, JSON_KIND_NUMBER, (struct span){"1299", 2}, 100,
                                &number, &fault));
    assert_true(number == 12);
}

static void
test_number_length(void **state)
{
    char digits[402];

    (void)state;
    memset(digits, '0', sizeof(digits));
    memcpy(digits, "1.", 2);
    digits[400] = '\0';
    expect_number(digits, 10, 1);
    digits[400] = '0';
    digits[401] = '\0';
    expect_no_number(digits, 10, "too many digits");
}

// ---- the error -------------------------------------------------------------------------------

// The error's text, which must be JSON and a -32602; the caller frees it.
static char *
error_text(const struct argument_fault *fault)
{
    size_t length = 0;
    char *text = argument_error(&n_argument, fault, &length);

    assert_non_null(text);
    assert_int_equal(strlen(text), length);
    if (scanner_check(span_of(text), 10) != SCAN_OK)
        fail_msg("not JSON: %s", text);
    assert_non_null(strstr(text, "\"code\":-32602"));
    return text;
}

static void
expect_error(const struct argument_fault *fault, const char *data)
{
    char *text = error_text(fault);

    if (strstr(text, data) == NULL)
        fail_msg("%s is not in %s", data, text);
    free(text);
}

static void
test_error_names_the_member(void **state)
{
    struct argument_fault fault = {.member = SPAN("n"), .reason = "too large"};

    (void)state;
    expect_error(&fault,
                 "\"member\":\"n\",\"reason\":\"too large\",\"expected\":\"a whole number\"");
}

static void
test_error_of_an_unknown_member(void **state)
{
    struct argument_fault fault = {.member = SPAN("\\\"x\\u00e4"), .reason = "unknown member"};

    (void)state;
    expect_error(&fault, "\"member\":\"\\\"x\\u00e4\",\"reason\":\"unknown member\"");
}

// A foreign name of any length leaves the error JSON, and small.
static void
test_error_of_a_long_member(void **state)
{
    char name[1000];

    (void)state;
    for (size_t i = 0; i < sizeof(name); i += 2)
        memcpy(name + i, "\\\\", 2);
    for (size_t length = 250; length <= sizeof(name); length += 2) {
        struct argument_fault fault = {.member = {name, length}, .reason = "unknown member"};
        char *text = error_text(&fault);

        assert_true(strlen(text) < 512);
        free(text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_no_container),
        cmocka_unit_test(test_no_json),
        cmocka_unit_test(test_whole_borders),
        cmocka_unit_test(test_whole_small_bound),
        cmocka_unit_test(test_whole_kinds),
        cmocka_unit_test(test_long_numbers),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_number_in_a_line),
        cmocka_unit_test(test_number_length),
        cmocka_unit_test(test_error_names_the_member),
        cmocka_unit_test(test_error_of_an_unknown_member),
        cmocka_unit_test(test_error_of_a_long_member),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
