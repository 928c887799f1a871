// Template: which words are templates, and what is said of those that are none.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "model/template.h"

#include <stdio.h>
#include <string.h>

#define WORDS(...) ((char *const[]){__VA_ARGS__, NULL})
#define W(literal) ((char *)(literal))

static void
expect_refused(char *const *argv, char *const *environment, const char *stdin_param,
               const char *expected)
{
    struct template_source source = {
        .argv = argv, .environment = environment, .stdin_param = stdin_param};
    char text[256] = "";

    assert_null(template_new(&source, text, sizeof(text)));
    assert_string_equal(text, expected);
}

static void
expect_accepted(char *const *argv, const char *stdin_param)
{
    struct template_source source = {.argv = argv, .stdin_param = stdin_param};
    char text[256] = "";
    struct template *template = template_new(&source, text, sizeof(text));

    if (template == NULL)
        fail_msg("refused: %s", text);
    template_free(template);
}

static void
test_refused_words(void **state)
{
    (void)state;
#define NAME_RULE \
    "a placeholder's name has letters, digits, '-' and '_' only ('{{' stands for a brace)"
    expect_refused(WORDS(NULL), NULL, NULL, "argument 0: there is no program");
    expect_refused(WORDS(W("")), NULL, NULL, "argument 0: there is no program");
    expect_refused(WORDS(W("/bin/{a}")), NULL, NULL, "argument 0: no placeholder may stand here");
    expect_refused(WORDS(W("/{slot}")), NULL, NULL, "argument 0: no placeholder may stand here");
    expect_refused(WORDS(W("x"), W("ok"), W("{a")), NULL, NULL,
                   "argument 2: '{' without '}' ('{{' stands for a brace)");
    expect_refused(WORDS(W("x"), W("{")), NULL, NULL,
                   "argument 1: '{' without '}' ('{{' stands for a brace)");
    expect_refused(WORDS(W("x"), W("a}b")), NULL, NULL,
                   "argument 1: '}' without '{' ('}}' stands for a brace)");
    expect_refused(WORDS(W("x"), W("{a}}")), NULL, NULL,
                   "argument 1: '}' without '{' ('}}' stands for a brace)");
    expect_refused(WORDS(W("x"), W("{}")), NULL, NULL, "argument 1: '{}' has no name");
    expect_refused(WORDS(W("x"), W("{a b}")), NULL, NULL, "argument 1: " NAME_RULE);
    expect_refused(WORDS(W("x"), W("{a{b}}")), NULL, NULL, "argument 1: " NAME_RULE);
    expect_refused(WORDS(W("x"), W("{\xC3\xA4}")), NULL, NULL, "argument 1: " NAME_RULE);
}

static void
test_refused_environment_and_stdin(void **state)
{
    static const char stdin_rule[] =
        "the param for stdin cannot have this name (letters, digits, '-' and '_')";

    (void)state;
    expect_refused(NULL, WORDS(W("A=1"), W("B")), NULL, "environment value 2: must be NAME=VALUE");
    expect_refused(NULL, WORDS(W("=1")), NULL, "environment value 1: must be NAME=VALUE");
    expect_refused(NULL, WORDS(W("A{x}=1")), NULL,
                   "environment value 1: no placeholder may stand here");
    expect_refused(WORDS(W("x")), NULL, "", stdin_rule);
    expect_refused(WORDS(W("x")), NULL, "slot", stdin_rule);
    expect_refused(WORDS(W("x")), NULL, "a b", stdin_rule);
}

static void
test_refused_sizes(void **state)
{
    static char word[TEMPLATE_ARGUMENT_MAX + 1];
    static char names[TEMPLATE_PARAMS_MAX + 1][8];
    char *argv[TEMPLATE_PARAMS_MAX + 3] = {W("x")};

    (void)state;
    memset(word, 'w', TEMPLATE_ARGUMENT_MAX);
    expect_refused(WORDS(W("x"), word), NULL, NULL, "argument 1: too long");
    memcpy(word + TEMPLATE_ARGUMENT_MAX - 10, "{slot}\0", 7); // the number may have ten digits
    expect_refused(WORDS(W("x"), word), NULL, NULL, "argument 1: too long");
    word[TEMPLATE_ARGUMENT_MAX - 16] = '\0';
    expect_refused(WORDS(word, word, word, word, word, word, word, word, word), NULL, NULL,
                   "argument 8: too long");
    memset(word, 'n', sizeof(word) - 1);
    word[0] = '{';
    memcpy(word + 1 + TEMPLATE_NAME_MAX, "}", 2);
    expect_accepted(WORDS(W("x"), word), NULL);
    memcpy(word + 1 + TEMPLATE_NAME_MAX, "n}", 3);
    expect_refused(WORDS(W("x"), word), NULL, NULL, "argument 1: a placeholder's name is too long");
    for (int i = 0; i <= TEMPLATE_PARAMS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "{p%d}", i);
        argv[i + 1] = names[i];
    }
    expect_refused(argv, NULL, NULL, "argument 65: too many placeholders");
    argv[TEMPLATE_PARAMS_MAX + 1] = NULL;
    expect_refused(argv, NULL, "more", "too many placeholders");
    expect_accepted(argv, "p63");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_words),
        cmocka_unit_test(test_refused_environment_and_stdin),
        cmocka_unit_test(test_refused_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
