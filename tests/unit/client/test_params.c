// Params as people type them, and whole calls in one text.
// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/call_text.h"
#include "client/params.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 8

// The params of NULL-terminated words; "! problem" if they are refused. Caller frees.
static char *
of_words(const char *const *texts)
{
    struct span words[WORDS_MAX];
    size_t count = 0;
    size_t length = 0;
    char *problem = NULL;
    char *params;

    while (texts[count] != NULL) {
        words[count] = span_of(texts[count]);
        count++;
    }
    params = params_from_words(words, count, &length, &problem);
    if (params != NULL) {
        assert_int_equal(length, strlen(params));
        return params;
    }
    assert_non_null(problem);
    return problem;
}

#define assert_words(expected, ...)                      \
    do {                                                 \
        const char *const texts[] = {__VA_ARGS__, NULL}; \
        char *got = of_words(texts);                     \
                                                         \
        assert_string_equal(got, expected);              \
        free(got);                                       \
    } while (0)

static void
values_keep_their_bytes(void **state)
{
    (void)state;
    assert_words("{\"n\":1e400}", "n=1e400");
    assert_words("{\"n\":-0}", "n=-0");
    assert_words("{\"n\":0.10}", "n=0.10");
    assert_words("{\"n\":123456789012345678901234567890}", "n=123456789012345678901234567890");
    assert_words("{\"a\":true,\"b\":null,\"c\":[1, 2],\"d\":{\"e\":\"f\"}}", "a=true", "b=null",
                 "c=[1, 2]", "d={\"e\":\"f\"}");
    assert_words("{\"a\":\"x\\u0041\"}", "a=\"x\\u0041\"");
}

static void
other_values_are_strings(void **state)
{
    (void)state;
    assert_words("{\"a\":\"plain words\"}", "a=plain words");
    assert_words("{\"a\":\"\"}", "a=");
    assert_words("{\"a\":\"b=c\"}", "a=b=c");
    assert_words("{\"a\":\"01\",\"b\":\"+1\",\"c\":\"True\",\"d\":\"NaN\"}", "a=01", "b=+1",
                 "c=True", "d=NaN");
    assert_words("{\"a\":\"[1,\"}", "a=[1,");
    assert_words("{\"a\":\"say \\\"hi\\\"\\n\\\\\"}", "a=say \"hi\"\n\\");
    assert_words("{\"k\\\"ey\":1}", "k\"ey=1");
    assert_words("{\"\xc3\xa4\":\"\xf0\x9f\x98\x80\"}", "\xc3\xa4=\xf0\x9f\x98\x80");
}

static void
no_line_break_gets_through(void **state)
{
    (void)state;
    assert_words("{\"a\":[1,  2]}", "a=[1,\r\n2]");
    assert_words("{\"a\":1 }", "a=1\n");
}

static void
bad_words_are_refused(void **state)
{
    (void)state;
    assert_words("'12' is neither key=value nor the one JSON array or object", "12");
    assert_words("'=5' is neither key=value nor the one JSON array or object", "=5");
    assert_words("'a=2': that key came before", "a=1", "b=1", "a=2");
    assert_words("argument 2 is not UTF-8", "a=1", "b=\xff");
    assert_words("argument 1 is not UTF-8", "\xc0\x80=1");
    assert_words("argument 1 is not UTF-8", "a=\xed\xa0\x80");
}

// The params of a JSON text; the problem if it is refused. Caller frees.
static char *
of_json(struct span text, size_t *ret_length)
{
    char *problem = NULL;
    char *params = params_from_json(text, ret_length, &problem);

    if (params == NULL)
        assert_non_null(problem);
    return params != NULL ? params : problem;
}

#define assert_json(expected, text)               \
    do {                                          \
        size_t length = 0;                        \
        char *got = of_json(SPAN(text), &length); \
                                                  \
        assert_string_equal(got, expected);       \
        free(got);                                \
    } while (0)

static void
json_is_checked_and_joined(void **state)
{
    (void)state;
    assert_json("[1.50, -0]", "  [1.50, -0]\n");
    assert_json("{ \"a\" :  1}", "{ \"a\" :\r\n1}");
    assert_json("params are a JSON array or object", "12");
    assert_json("the params are not JSON: unexpected end (at byte 1)", "[");
    assert_true(params_is_json(SPAN(" \n\t[")));
    assert_true(params_is_json(SPAN("{")));
    assert_false(params_is_json(SPAN("a=[]")));
    assert_false(params_is_json(SPAN("")));
    assert_false(params_is_json(SPAN("\0[")));
}

// "METHOD|PARAMS" of a call, "!PROBLEM" if it is refused. Caller frees.
static char *
show(bool good, struct call_text *call, char *problem)
{
    char *text;

    if (!good) {
        assert_non_null(problem);
        assert_true(asprintf(&text, "!%s", problem) >= 0);
        free(problem);
        return text;
    }
    assert_int_equal(call->method_length, strlen(call->method));
    assert_int_equal(call->params_length, call->params != NULL ? strlen(call->params) : 0);
    assert_true(asprintf(&text, "%s|%s", call->method, call->params != NULL ? call->params : "") >=
                0);
    call_text_done(call);
    return text;
}

#define assert_call(parse, expected, text)              \
    do {                                                \
        struct call_text call;                          \
        char *problem = NULL;                           \
        bool good = parse(SPAN(text), &call, &problem); \
        char *got = show(good, &call, problem);         \
                                                        \
        assert_string_equal(got, expected);             \
        free(got);                                      \
    } while (0)

static void
arguments_are_cut_at_white_space(void **state)
{
    (void)state;
    assert_call(call_text_from_argument, "sleep|{\"delay\":1}", "sleep delay=1");
    assert_call(call_text_from_argument, "sleep|", "  sleep \n");
    assert_call(call_text_from_argument, "sleep|[1, 2]", "sleep [1, 2]");
    assert_call(call_text_from_argument, "m|{\"a\":\"b c\",\"d\":[1, 2],\"e\":\"f\"}",
                "m a=\"b c\"\td=[1, 2]  e=f");
    assert_call(call_text_from_argument, "m|{\"a\":\"\\\"b\",\"c\":\"d\\\"x\"}", "m a=\"b c=d\"x");
    assert_call(call_text_from_argument, "m\"x|", "m\"x");
    assert_call(call_text_from_argument, "m|[1,  2]", " {\"method\":\"m\",\"params\":[1,\r\n2]}");
    assert_call(call_text_from_argument, "!\"method\" is missing", "{}");
}

static void
bad_arguments_are_refused(void **state)
{
    (void)state;
    assert_call(call_text_from_argument, "!the method's name is empty", "");
    assert_call(call_text_from_argument, "!the method's name is empty", " \t");
    assert_call(call_text_from_argument, "!the method's name is not UTF-8", "\xff");
    assert_call(call_text_from_argument,
                "!'5' is neither key=value nor the one JSON array or object", "m 5");
    assert_call(call_text_from_argument,
                "!the params are not JSON: expected nothing more (at byte 3)", "m [] a=1");
}

static void
json_calls_are_strict(void **state)
{
    (void)state;
    assert_call(call_text_from_json, "sleep|[1e400]", "{\"method\":\"sleep\",\"params\":[1e400]}");
    assert_call(call_text_from_json, "ab|", " {\"meth\\u006fd\":\"a\\u0062\"} ");
    assert_call(call_text_from_json, "b|", "{\"method\":\"a\",\"method\":\"b\"}");
    assert_call(call_text_from_json, "!not a JSON object", "[1]");
    assert_call(call_text_from_json, "!\"method\" is missing", "{}");
    assert_call(call_text_from_json, "!\"method\" is empty", "{\"method\":\"\"}");
    assert_call(call_text_from_json, "!\"method\" is not a string", "{\"method\":1}");
    assert_call(call_text_from_json, "!\"params\" is not an array or object",
                "{\"method\":\"a\",\"params\":1}");
    assert_call(call_text_from_json, "!a member other than \"method\", \"params\" and \"options\"",
                "{\"method\":\"a\",\"id\":1}");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_keep_their_bytes),
        cmocka_unit_test(other_values_are_strings),
        cmocka_unit_test(no_line_break_gets_through),
        cmocka_unit_test(bad_words_are_refused),
        cmocka_unit_test(json_is_checked_and_joined),
        cmocka_unit_test(arguments_are_cut_at_white_space),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test(json_calls_are_strict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
