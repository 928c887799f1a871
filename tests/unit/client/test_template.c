// Templates: what is filled in where, and that nothing filled in gets out of its place.
// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/template.h"

#include <stdio.h>
#include <stdlib.h>

#define WORDS_MAX 8

static size_t
count_words(const char *const *words)
{
    size_t count = 0;

    while (words[count] != NULL)
        count++;
    return count;
}

static struct fields
fields_of(struct span *items, const char *const *texts)
{
    struct fields fields = {.items = items, .count = count_words(texts)};

    for (size_t i = 0; i < fields.count; i++)
        items[i] = span_of(texts[i]);
    return fields;
}

// What the words make of a record, "!sentence" if it cannot be filled in, "?sentence" if they are
// no template.
static char *
fill(enum template_kind kind, const char *const *names, const char *const *record,
     const char *const *words)
{
    struct span name_items[WORDS_MAX], field_items[WORDS_MAX];
    struct fields name_fields = fields_of(name_items, names);
    struct fields fields = fields_of(field_items, record);
    char *problem = NULL;
    char *text = NULL;
    size_t length;
    struct template *template =
        template_new(kind, words, count_words(words), &name_fields, &problem);

    if (template == NULL) {
        assert_int_not_equal(asprintf(&text, "?%s", problem), -1);
        free(problem);
        return text;
    }
    text = template_fill(template, &fields, 42, &length, &problem);
    template_free(template);
    if (text == NULL) {
        assert_int_not_equal(asprintf(&text, "!%s", problem), -1);
        free(problem);
        return text;
    }
    assert_int_equal(strlen(text), length);
    return text;
}

#define LIST(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
#define EXPECT_NAMED(expected, kind, names, record, ...)             \
    do {                                                             \
        char *filled = fill(kind, names, record, LIST(__VA_ARGS__)); \
                                                                     \
        assert_string_equal(filled, expected);                       \
        free(filled);                                                \
    } while (0)
#define EXPECT(expected, record, ...) \
    EXPECT_NAMED(expected, TEMPLATE_PARAMS, LIST(), record, __VA_ARGS__)

static void
members_elements_and_whole_texts(void **state)
{
    (void)state;
    EXPECT("{\"a\":1,\"b\":\"x y\",\"c\":\"42\"}", LIST("1", "x y"), "a={1}", "b={2}", "c=\"{#}\"");
    EXPECT("[\"x\",42,true]", LIST("x"), "{}", "{#}", "true");
    EXPECT("{\"n\":5, \"s\":\"5\"}", LIST("5"), "{\"n\":{}, \"s\":\"{}\"}");
    EXPECT("[[1,2],{\"a\":\"\\\"\"}]", LIST("\""), "[[1,2],{\"a\":\"{}\"}]");
    EXPECT("{\"a\":\"\"}", LIST("x"), "a=");
    EXPECT("{\"a\":\"b=c\"}", LIST("x"), "a=b=c");
    EXPECT("{\"{\":\"}\"}", LIST("x"), "{=}");
}

// JSON when filled in is JSON; between quotes it is a string, whatever it is.
static void
what_is_json(void **state)
{
    (void)state;
    EXPECT("{\"a\":1e400}", LIST("1e400"), "a={}");
    EXPECT("{\"a\":[1, 2]}", LIST("[1,\n2]"), "a={}");
    EXPECT("{\"a\":\"01\"}", LIST("01"), "a={}");
    EXPECT("{\"a\":\"null\"}", LIST("null"), "a=\"{}\"");
    EXPECT("{\"a\":12}", LIST("2"), "a=1{}");
    EXPECT("{\"a\":\"2x\"}", LIST("2"), "a={}x");
    EXPECT("{\"a\":\"\"}", LIST(""), "a={}");
    EXPECT("{\"a\":[\"x\",1]}", LIST("x", "1"), "a=[{1},{2}]");
}

static void
nothing_gets_out_of_its_place(void **state)
{
    static const char evil[] = "\",\"b\":\"\\\n\x01";

    (void)state;
    EXPECT("{\"a\":\"\\\",\\\"b\\\":\\\"\\\\\\n\\u0001\"}", LIST(evil), "a={}");
    EXPECT("{\"a\":\"<\\\",\\\"b\\\":\\\"\\\\\\n\\u0001>\"}", LIST(evil), "a=\"<{}>\"");
    EXPECT("{\"a\":\"\\\"{\\\",\\\"b\\\":\\\"\\\\\\n\\u0001\"}", LIST(evil), "{\"a\":\"\\\"{{}\"}");
    EXPECT("[\"{1}\"]", LIST("{1}"), "{}"); // it is not looked at again
    EXPECT("!it is not UTF-8", LIST("\xff"), "{}");
    EXPECT_NAMED("[\"gzip\",\"-9\",\"a;rm -rf {}\"]", TEMPLATE_COMMAND, LIST(), LIST("a;rm -rf {}"),
                 "gzip", "-9", "{}");
}

static void
paths_are_cut(void **state)
{
    static const char *const paths[][2] = {
        {"a/b.c/d.tar.gz", "a/b.c/d.tar.gz|a/b.c/d.tar|d.tar.gz|a/b.c|d.tar"},
        {"x", "x|x|x|.|x"},
        {"/y", "/y|/y|y|/|y"},
        {"a.b/c", "a.b/c|a.b/c|c|a.b|c"},
        {".rc", ".rc||.rc|.|"},
        {"a.", "a.|a|a.|.|a"},
        {"", "|||.|"},
        {"d//e.f", "d//e.f|d//e|e.f|d|e"},
        {"d/", "d/|d/||.|"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char *filled =
            fill(TEMPLATE_COMMAND, LIST(), LIST(paths[i][0]), LIST("{}|{.}|{/}|{//}|{/.}"));
        char expected[128];

        snprintf(expected, sizeof(expected), "[\"%s\"]", paths[i][1]);
        assert_string_equal(filled, expected);
        free(filled);
    }
    EXPECT("[\"b\",\"a/b\"]", LIST("a/b.c", "d/e"), "{1/.}", "{1.}");
    EXPECT("[\"a e\"]", LIST("d/a.b", "e"), "{/.}"); // of each field
    EXPECT("[\"\"]", LIST("a"), "{2/}");
}

static void
columns_have_names(void **state)
{
    (void)state;
    EXPECT_NAMED("[\"x\",\"b\",\"{nobody}\",\"x.y b\"]", TEMPLATE_PARAMS, LIST("file", "n.o"),
                 LIST("x.y", "b"), "{file.}", "{n.o}", "{nobody}", "{}");
    EXPECT_NAMED("[\"b\"]", TEMPLATE_PARAMS, LIST("2", "1"), LIST("a", "b"), "{1}");
}

static void
what_is_no_template(void **state)
{
    (void)state;
    EXPECT("?'b' is no key=value, unlike the words before it", LIST("x"), "a=1", "b");
    EXPECT("?'a=1' is a key=value, unlike the words before it", LIST("x"), "b", "a=1");
    EXPECT("?'a=2': that key came before", LIST("x"), "a=1", "a=2");
    EXPECT("?argument 2 is not UTF-8", LIST("x"), "a", "\xff");
    EXPECT("!the params are not JSON: expected ',' or ']': {\"a\":[1}", LIST("x"), "a=[1");
    EXPECT("[\"{}}\",\"{0}\",\"{x}\",\"{1\",\"{%}\"]", LIST("{}"), "{}}", "{0}", "{x}", "{1",
           "{%}");
}

static void
tables_need_no_template(void **state)
{
    struct span items[3] = {SPAN("a"), SPAN("b\""), SPAN("a")};
    struct fields names = {.items = items, .count = 2};
    struct span values[2] = {SPAN("1"), SPAN("x")};
    struct fields fields = {.items = values, .count = 2};
    char *problem = NULL;
    size_t length;
    struct template *template = template_of_names(&names, &problem);
    char *text = template_fill(template, &fields, 1, &length, &problem);

    (void)state;
    assert_string_equal(text, "{\"a\":1,\"b\\\"\":\"x\"}");
    free(text);
    template_free(template);
    names.count = 3;
    assert_null(template_of_names(&names, &problem));
    assert_string_equal(problem, "two columns have the name 'a'");
    free(problem);
    items[1] = SPAN("");
    assert_null(template_of_names(&names, &problem));
    assert_string_equal(problem, "column 2 has no name");
    free(problem);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_elements_and_whole_texts),
        cmocka_unit_test(what_is_json),
        cmocka_unit_test(nothing_gets_out_of_its_place),
        cmocka_unit_test(paths_are_cut),
        cmocka_unit_test(columns_have_names),
        cmocka_unit_test(what_is_no_template),
        cmocka_unit_test(tables_need_no_template),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
