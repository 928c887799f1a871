// Stepping through a text: kinds and spans, containers in each other down to the limit, and where
// and why it ends when it is not JSON.
#include "tests/unit/common/scanner_verdict.h"

// A text of `depth` containers in each other, objects where the pattern says so. *ret_closings is
// where the closing brackets begin.
static size_t
nest(char *text, unsigned depth, unsigned pattern, size_t *ret_closings)
{
    size_t length = 0;

    for (unsigned level = 0; level < depth; level++) {
        if (pattern >> (level % 7) & 1)
            length += (size_t)sprintf(text + length, "{\"a\":");
        else
            text[length++] = '[';
    }
    text[length++] = '1';
    *ret_closings = length;
    for (unsigned level = depth; level-- > 0;)
        text[length++] = pattern >> (level % 7) & 1 ? '}' : ']';
    return length;
}

static void
test_depth_at_the_border(void **state)
{
    static const unsigned depths[] = {0, 1, 2, 63, 64, 65, 127, 128, 129, 1023, 1024};
    char text[8 * (SCANNER_DEPTH_LIMIT + 1)];
    size_t closings;

    (void)state;
    for (size_t i = 0; i < COUNT(depths); i++)
        for (unsigned pattern = 0; pattern < 128; pattern += 9) {
            size_t length = nest(text, depths[i], pattern, &closings);

            assert_int_equal(verdict(text, length, depths[i]), SCAN_OK);
            length = nest(text, depths[i] + 1, pattern, &closings);
            assert_int_equal(verdict(text, length, depths[i]), SCAN_DEPTH);
        }
    // The clamp: asking for more than the limit changes nothing.
    assert_int_equal(verdict(text, nest(text, 1024, 0x55, &closings), 100000), SCAN_OK);
    assert_int_equal(verdict(text, nest(text, 1025, 0x55, &closings), 100000), SCAN_DEPTH);
    // Empty containers count as well.
    assert_int_equal(verdict("[[]]", 4, 1), SCAN_DEPTH);
    assert_int_equal(verdict("[{}]", 4, 1), SCAN_DEPTH);
    assert_int_equal(verdict("[{}]", 4, 2), SCAN_OK);
    assert_int_equal(verdict("[[],[],{}]", 10, 2), SCAN_OK);
}

static void
test_depth_counts_from_the_top_when_entered(void **state)
{
    struct scanner scanner;
    enum json_kind kind = JSON_KIND_NULL;
    struct span span = {0};

    (void)state;
    scanner_init(&scanner, SPAN("[[[[]]]]"), 3);
    assert_true(scanner_enter(&scanner, JSON_KIND_ARRAY));
    assert_true(scanner_element(&scanner));
    assert_false(scanner_value(&scanner, &kind, &span));
    assert_int_equal(scanner.status, SCAN_DEPTH);
    assert_int_equal(scanner_offset(&scanner), 3);
}

// At any depth the closing bracket must be the one of its container.
static void
test_wrong_closing_at_every_level(void **state)
{
    char text[8 * 200];
    size_t closings, length = nest(text, 150, 0x2d, &closings);

    (void)state;
    for (size_t at = closings; at < length; at++) {
        char right = text[at];

        text[at] = right == ']' ? '}' : ']';
        assert_int_equal(verdict(text, length, 1024), SCAN_SYNTAX);
        text[at] = right;
    }
}

static void
test_kinds_and_spans(void **state)
{
    static const struct {
        const char *text;
        enum json_kind kind;
        const char *value;
    } cases[] = {
        {" null ", JSON_KIND_NULL, "null"},
        {"true", JSON_KIND_TRUE, "true"},
        {"\tfalse", JSON_KIND_FALSE, "false"},
        {"-1.5e3 ", JSON_KIND_NUMBER, "-1.5e3"},
        {" \"a\\\"b\" ", JSON_KIND_STRING, "\"a\\\"b\""},
        {" [ 1 , 2 ] ", JSON_KIND_ARRAY, "[ 1 , 2 ]"},
        {"\n{ \"a\" : { } }\n", JSON_KIND_OBJECT, "{ \"a\" : { } }"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scanner scanner;
        enum json_kind kind = JSON_KIND_NULL, peeked = JSON_KIND_NULL;
        struct span span = {0};

        scanner_init(&scanner, span_of(cases[i].text), 8);
        assert_true(scanner_peek(&scanner, &peeked));
        assert_int_equal(scanner_offset(&scanner), 0);
        assert_true(scanner_value(&scanner, &kind, &span));
        assert_int_equal(kind, cases[i].kind);
        assert_int_equal(peeked, kind);
        assert_true(span_is(span, cases[i].value));
        assert_true(scanner_finish(&scanner));
        assert_int_equal(scanner_offset(&scanner), strlen(cases[i].text));
    }
}

static void
test_stepping(void **state)
{
    struct scanner scanner;
    struct span name = {0}, value = {0};
    enum json_kind kind = JSON_KIND_NULL;

    (void)state;
    scanner_init(&scanner, SPAN(" { \"a\" : [ 1 , [ ] , \"x\" ] , \"b\\n\" : { } } "), 8);
    assert_true(scanner_enter(&scanner, JSON_KIND_OBJECT));
    assert_int_equal(scanner.depth, 1);
    assert_true(scanner_member(&scanner, &name));
    assert_true(span_is(name, "a"));
    assert_true(scanner_enter(&scanner, JSON_KIND_ARRAY));
    assert_true(scanner_element(&scanner));
    assert_true(scanner_value(&scanner, &kind, &value));
    assert_true(span_is(value, "1"));
    assert_true(scanner_element(&scanner));
    assert_true(scanner_enter(&scanner, JSON_KIND_ARRAY));
    assert_false(scanner_element(&scanner));
    assert_int_equal(scanner.depth, 2);
    assert_true(scanner_element(&scanner));
    assert_true(scanner_value(&scanner, &kind, &value));
    assert_true(span_is(value, "\"x\""));
    assert_false(scanner_element(&scanner));
    assert_true(scanner_member(&scanner, &name));
    assert_true(span_is(name, "b\\n"));
    assert_true(scanner_enter(&scanner, JSON_KIND_OBJECT));
    assert_false(scanner_member(&scanner, &name));
    assert_false(scanner_member(&scanner, &name));
    assert_int_equal(scanner.status, SCAN_OK);
    assert_int_equal(scanner.depth, 0);
    assert_true(scanner_finish(&scanner));
}

static void
test_errors_stay_and_outputs_are_untouched(void **state)
{
    struct scanner scanner;
    struct span span = SPAN("before");
    enum json_kind kind = JSON_KIND_TRUE;
    const char *reason;

    (void)state;
    scanner_init(&scanner, SPAN("[1 2]"), 8);
    assert_false(scanner_value(&scanner, &kind, &span));
    assert_int_equal(scanner.status, SCAN_SYNTAX);
    assert_int_equal(scanner_offset(&scanner), 3);
    reason = scanner.reason;
    assert_string_equal(reason, "expected ',' or ']'");
    assert_false(scanner_value(&scanner, &kind, &span));
    assert_false(scanner_peek(&scanner, &kind));
    assert_false(scanner_enter(&scanner, JSON_KIND_ARRAY));
    assert_false(scanner_member(&scanner, &span));
    assert_false(scanner_element(&scanner));
    assert_false(scanner_finish(&scanner));
    assert_ptr_equal(scanner.reason, reason);
    assert_int_equal(scanner_offset(&scanner), 3);
    assert_int_equal(kind, JSON_KIND_TRUE);
    assert_true(span_is(span, "before"));
}

static void
test_entering_the_wrong_kind(void **state)
{
    struct scanner scanner;

    (void)state;
    scanner_init(&scanner, SPAN("{}"), 8);
    assert_false(scanner_enter(&scanner, JSON_KIND_ARRAY));
    assert_int_equal(scanner.status, SCAN_SYNTAX);
    scanner_init(&scanner, SPAN(""), 8);
    assert_false(scanner_enter(&scanner, JSON_KIND_OBJECT));
    assert_string_equal(scanner.reason, "unexpected end");
    // An entered container that was not left is not finished.
    scanner_init(&scanner, SPAN("["), 8);
    assert_true(scanner_enter(&scanner, JSON_KIND_ARRAY));
    assert_false(scanner_finish(&scanner));
    assert_int_equal(scanner.status, SCAN_SYNTAX);
}

static void
test_where_and_why(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
        const char *reason;
    } cases[] = {
        {"", 0, "unexpected end"},
        {"{\"a\"}", 4, "expected ':' after a member's name"},
        {"{\"a\":1", 6, "unexpected end"},
        {"{\"a\":1]", 6, "expected ',' or '}'"},
        {"{a}", 1, "expected a member's name"},
        {"[1,]", 3, "expected a value"},
        {"[nul]", 1, "expected true, false or null"},
        {"[-x]", 2, "expected a digit"},
        {"[\"a\nb\"]", 3, "a control character in a string must be escaped"},
        {"[\"a\\qb\"]", 3, "unknown escape in a string"},
        {"[\"a\\u00x0\"]", 3, "expected four hexadecimal digits after \\u"},
        {"[\"ab\xff\"]", 4, "a string is not UTF-8"},
        {"[] x", 3, "expected nothing more"},
        {"[[[1]]]", 2, "nested too deep"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scanner scanner;
        enum json_kind kind = JSON_KIND_NULL;
        struct span span = {0};

        scanner_init(&scanner, span_of(cases[i].text), 2);
        if (scanner_value(&scanner, &kind, &span))
            assert_false(scanner_finish(&scanner));
        assert_string_equal(scanner.reason, cases[i].reason);
        assert_int_equal(scanner_offset(&scanner), cases[i].offset);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depth_at_the_border),
        cmocka_unit_test(test_depth_counts_from_the_top_when_entered),
        cmocka_unit_test(test_wrong_closing_at_every_level),
        cmocka_unit_test(test_kinds_and_spans),
        cmocka_unit_test(test_stepping),
        cmocka_unit_test(test_errors_stay_and_outputs_are_untouched),
        cmocka_unit_test(test_entering_the_wrong_kind),
        cmocka_unit_test(test_where_and_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
