// Filling a template: what becomes of placeholders, every refusal with its member and its reason,
// and the borders of the lengths.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "model/template.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define WORDS(...) ((char *const[]){__VA_ARGS__, NULL})
#define W(literal) ((char *)(literal))

static struct template *
make_with(char *const *argv, char *const *environment, const char *stdin_param)
{
    struct template_source source = {
        .argv = argv, .environment = environment, .stdin_param = stdin_param};
    char text[256] = "";
    struct template *template = template_new(&source, text, sizeof(text));

    if (template == NULL)
        fail_msg("refused: %s", text);
    return template;
}

static struct template *
make(char *const *argv)
{
    return make_with(argv, NULL, NULL);
}

static struct template_filled
fill(const struct template *template, struct span params)
{
    struct argument_fault fault = {.reason = ""};
    struct template_filled filled;

    if (template_fill(template, params, 7, &filled, &fault) != 0)
        fail_msg("%.*s: %s", (int)fault.member.length, fault.member.at, fault.reason);
    return filled;
}

static void
expect_words(char **words, char *const *expected)
{
    size_t i;

    for (i = 0; expected[i] != NULL; i++) {
        assert_non_null(words[i]);
        assert_string_equal(words[i], expected[i]);
    }
    assert_null(words[i]);
}

static void
expect_argv(const struct template *template, const char *params, char *const *expected)
{
    struct template_filled filled = fill(template, span_of(params));

    expect_words(filled.argv, expected);
    assert_null(filled.environment[0]);
    assert_false(span_present(filled.input));
    template_filled_done(&filled);
}

static void
expect_fault(const struct template *template, struct span params, const char *member,
             const char *reason)
{
    struct argument_fault fault = {.reason = ""};
    struct template_filled filled = {.words = &fault};

    if (template_fill(template, params, 7, &filled, &fault) != -EINVAL)
        fail_msg("accepted: %.*s", (int)params.length, params.at);
    assert_ptr_equal(filled.words, &fault); // untouched
    assert_string_equal(fault.reason, reason);
    if (!span_is(fault.member, member))
        fail_msg("%.*s is blamed, not %s", (int)fault.member.length, fault.member.at, member);
}

// ---- filling --------------------------------------------------------------------------------

static void
test_values(void **state)
{
    struct template *template = make(WORDS(W("/bin/x"), W("-s"), W("{a}x{b-_9}"), W("{a}")));

    (void)state;
    expect_argv(template, "{\"a\":\"1\",\"b-_9\":2}",
                WORDS(W("/bin/x"), W("-s"), W("1x2"), W("1")));
    expect_argv(template, " { \"b-_9\" : 1.50E+3 , \"a\" : true } ",
                WORDS(W("/bin/x"), W("-s"), W("truex1.50E+3"), W("true")));
    expect_argv(template, "{\"a\":\"\",\"b-_9\":false}",
                WORDS(W("/bin/x"), W("-s"), W("xfalse"), W("")));
    expect_argv(template, "[-0,\"z\"]", WORDS(W("/bin/x"), W("-s"), W("-0xz"), W("-0")));
    // Escapes in names and values; the last of two wins, whatever the first was.
    expect_argv(template, "{\"a\":null,\"\\u0061\":\"\\u00e4\\n\",\"b-_9\":\"\\\\\\\"\"}",
                WORDS(W("/bin/x"), W("-s"), W("\xC3\xA4\nx\\\""), W("\xC3\xA4\n")));
    template_free(template);
}

// Nothing of a value is looked at by a shell, or by the template again.
static void
test_a_value_stays_one_word(void **state)
{
    struct template *template = make(WORDS(W("x"), W("{a}"), W("in {a}.")));

    (void)state;
    expect_argv(template, "[\"a b  'c' \\\"d\\\" $(e) `f`; {a}{slot}{{ --\\t*\"]",
                WORDS(W("x"), W("a b  'c' \"d\" $(e) `f`; {a}{slot}{{ --\t*"),
                      W("in a b  'c' \"d\" $(e) `f`; {a}{slot}{{ --\t*.")));
    expect_argv(template, "{\"a\":\"--help\"}", WORDS(W("x"), W("--help"), W("in --help.")));
    template_free(template);
}

static void
test_braces_and_slot(void **state)
{
    struct template *template =
        make(WORDS(W("/{{x}}"), W("{{a}}"), W("{{{a}}}"), W("{slot}{slot}"), W("")));

    (void)state;
    expect_argv(template, "[5]", WORDS(W("/{x}"), W("{a}"), W("{5}"), W("77"), W("")));
    template_free(template);
    template = make(WORDS(W("x"), W("{slot}")));
    {
        struct argument_fault fault;
        struct template_filled filled;

        assert_int_equal(template_fill(template, (struct span){0}, UINT_MAX, &filled, &fault), 0);
        assert_string_equal(filled.argv[1], "4294967295");
        template_filled_done(&filled);
    }
    expect_fault(template, SPAN("{\"slot\":1}"), "slot", "unknown member");
    template_free(template);
}

static void
test_no_params(void **state)
{
    struct template *template = make(WORDS(W("/bin/true")));

    (void)state;
    expect_argv(template, NULL, WORDS(W("/bin/true")));
    expect_argv(template, "{}", WORDS(W("/bin/true")));
    expect_argv(template, "[]", WORDS(W("/bin/true")));
    expect_fault(template, SPAN("[1]"), "params", "too many params");
    expect_fault(template, SPAN("{\"\":1}"), "", "unknown member");
    template_free(template);
    template_free(NULL);
}

static void
test_environment(void **state)
{
    struct template *template =
        make_with(WORDS(W("x"), W("{b}")), WORDS(W("GPU={slot}"), W("E="), W("B={b}={a}")), NULL);
    struct template_filled filled = fill(template, SPAN("[\"first\",\"2\"]"));

    (void)state;
    expect_words(filled.argv, WORDS(W("x"), W("first")));
    expect_words(filled.environment, WORDS(W("GPU=7"), W("E="), W("B=first=2")));
    template_filled_done(&filled);
    template_free(template);
    template = make_with(NULL, WORDS(W("GPU={slot}")), NULL);
    filled = fill(template, (struct span){0});
    assert_null(filled.argv[0]);
    expect_words(filled.environment, WORDS(W("GPU=7")));
    template_filled_done(&filled);
    template_free(template);
}

static void
expect_input(const struct template *template, const char *params, struct span expected)
{
    struct template_filled filled = fill(template, span_of(params));

    assert_int_equal(span_present(filled.input), span_present(expected));
    assert_true(span_equal(filled.input, expected));
    template_filled_done(&filled);
}

static void
test_stdin(void **state)
{
    struct template *template = make_with(WORDS(W("x"), W("{a}")), NULL, "data");

    (void)state;
    expect_input(template, "{\"a\":1,\"data\":\"x\\u0000\\ny\"}", SPAN("x\0\ny"));
    expect_input(template, "{\"a\":1,\"data\":\"\"}", SPAN(""));
    expect_input(template, "{\"data\":{ \"b\":[1e999]},\"a\":1}", SPAN("{ \"b\":[1e999]}"));
    expect_input(template, "{\"a\":1,\"data\":null}", SPAN("null"));
    expect_input(template, "[1,\"by position\"]", SPAN("by position"));
    expect_input(template, "{\"a\":1}", (struct span){0});
    expect_fault(template, SPAN("{\"data\":\"x\"}"), "a", "missing");
    template_free(template);
    // Both a placeholder and stdin: what a placeholder demands holds.
    template = make_with(WORDS(W("x"), W("{a}")), NULL, "a");
    expect_input(template, "[12]", SPAN("12"));
    expect_fault(template, SPAN("{}"), "a", "missing");
    expect_fault(template, SPAN("[[]]"), "a", "wrong type");
    template_free(template);
}

// ---- refusals -------------------------------------------------------------------------------

static void
test_faults(void **state)
{
    struct template *template = make(WORDS(W("x"), W("{a}"), W("{b}")));

    (void)state;
    expect_fault(template, (struct span){0}, "a", "missing");
    expect_fault(template, SPAN("{\"a\":1}"), "b", "missing");
    expect_fault(template, SPAN("[1]"), "b", "missing");
    expect_fault(template, SPAN("[1,2,3]"), "params", "too many params");
    expect_fault(template, SPAN("{\"a\":1,\"b\":2,\"A\":3}"), "A", "unknown member");
    expect_fault(template, SPAN("{\"a\\u0000\":1}"), "a\\u0000", "unknown member");
    expect_fault(template, SPAN("{\"a\":1,\"b\":null}"), "b", "wrong type");
    expect_fault(template, SPAN("{\"a\":[\"1\"],\"b\":1}"), "a", "wrong type");
    expect_fault(template, SPAN("[1,{}]"), "b", "wrong type");
    expect_fault(template, SPAN("[\"x\\u0000y\",2]"), "a", "holds a NUL");
    expect_fault(template, SPAN("5"), "params", "params must be an array or an object");
    expect_fault(template, SPAN("[1,2"), "params", "not JSON");
    expect_fault(template, SPAN("[1,2] 3"), "params", "not JSON");
    expect_fault(template, SPAN("{\"a\":1,\"b\":x}"), "params", "not JSON");
    template_free(template);
}

// A JSON array of one string of so many letters.
static struct span
long_params(size_t length)
{
    static char params[TEMPLATE_ARGUMENT_MAX + 8];

    memset(params, 'v', length + 2);
    memcpy(params, "[\"", 2);
    memcpy(params + 2 + length, "\"]", 2);
    return (struct span){.at = params, .length = length + 4};
}

static void
expect_longest(const struct template *template, size_t longest)
{
    struct template_filled filled = fill(template, long_params(longest));

    template_filled_done(&filled);
    expect_fault(template, long_params(longest + 1), "a", "too long");
}

static void
test_lengths(void **state)
{
    struct template *template = make(WORDS(W("x"), W("{a}")));

    (void)state;
    expect_longest(template, TEMPLATE_ARGUMENT_MAX - 1);
    template_free(template);
    template = make(WORDS(W("x"), W("--size={a}")));
    expect_longest(template, TEMPLATE_ARGUMENT_MAX - 8);
    template_free(template);
    template = make(WORDS(W("x"), W("{a}{a}")));
    expect_longest(template, TEMPLATE_ARGUMENT_MAX / 2 - 1);
    template_free(template);
    // Nine times the value and its NUL, and four bytes more, are exactly the total.
    template = make(WORDS(W("123"), W("{a}"), W("{a}"), W("{a}"), W("{a}"), W("{a}"), W("{a}"),
                          W("{a}"), W("{a}"), W("{a}")));
    expect_longest(template, (TEMPLATE_TOTAL_MAX - 4) / 9 - 1);
    template_free(template);
}

static void
expect_error(const struct template *template, struct argument_fault fault, const char *data)
{
    size_t length = 0;
    char *text = template_error(template, &fault, &length);

    assert_non_null(text);
    assert_int_equal(strlen(text), length);
    assert_int_equal(scanner_check(span_of(text), 10), SCAN_OK);
    assert_non_null(strstr(text, "\"code\":-32602"));
    if (strstr(text, data) == NULL)
        fail_msg("%s is not in %s", data, text);
    free(text);
}

static void
test_error(void **state)
{
    struct template *template = make_with(WORDS(W("x"), W("{in}"), W("{size}")), NULL, "data");

    (void)state;
    expect_error(template, (struct argument_fault){.member = SPAN("size"), .reason = "missing"},
                 "{\"member\":\"size\",\"reason\":\"missing\",\"expected\":\"a string, a number, "
                 "true or false\"}");
    expect_error(
        template, (struct argument_fault){.member = SPAN("\\\"x"), .reason = "unknown member"},
        "{\"member\":\"\\\"x\",\"reason\":\"unknown member\",\"expected\":\"only in, size, "
        "data, each a string, a number, true or false; data, for stdin, may be any JSON\"}");
    template_free(template);
    template = make_with(WORDS(W("x")), NULL, "data");
    expect_error(template, (struct argument_fault){.member = SPAN("y"), .reason = "unknown member"},
                 "\"expected\":\"only data, which is for stdin: any JSON\"");
    template_free(template);
    template = make_with(WORDS(W("x"), W("{data}"), W("{in}")), NULL, "data"); // a word too
    expect_error(template, (struct argument_fault){.member = SPAN("y"), .reason = "unknown member"},
                 "\"expected\":\"only data, in, each a string, a number, true or false\"");
    template_free(template);
    template = make(WORDS(W("x")));
    expect_error(template, (struct argument_fault){.member = SPAN("y"), .reason = "unknown member"},
                 "\"expected\":\"only {}, as this command has no params\"");
    template_free(template);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),          cmocka_unit_test(test_a_value_stays_one_word),
        cmocka_unit_test(test_braces_and_slot), cmocka_unit_test(test_no_params),
        cmocka_unit_test(test_environment),     cmocka_unit_test(test_stdin),
        cmocka_unit_test(test_faults),          cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
