// Options: the command line of offloadd, and that --help tells about all of it.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "daemon/options.h"
#include "tests/unit/capture.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_MAX 16

// Parses a command line, given as words.
static bool
parse(struct options *options, const char *const *words)
{
    static char program[] = "offloadd";
    char *argv[ARGUMENTS_MAX + 2] = {program};
    int argc = 1;

    while (words[argc - 1] != NULL) {
        argv[argc] = (char *)words[argc - 1];
        argc++;
    }
    optind = 0; // getopt_long starts anew
    return options_parse(options, argc, argv);
}
#define PARSE(options, ...) parse(options, (const char *const[]){__VA_ARGS__, NULL})

static void
test_none(void **state)
{
    struct options options;

    (void)state;
    assert_true(PARSE(&options, NULL));
    assert_non_null(options.source.path);
    assert_true(options.source.path_optional);
    assert_int_equal(options.source.set_count, 0);
    assert_int_equal(options.source.listen_count, 0);
    assert_null(options.ready_file);
    assert_false(options.check || options.help || options.version);
    options_done(&options);
}

static void
test_all(void **state)
{
    struct options options;

    (void)state;
    assert_true(PARSE(&options, "--config", "a.conf", "--listen", "tcp:1:2", "--set", "a.b=1",
                      "--listen=unix:/x", "--set=", "--ready-file", "r", "--check"));
    assert_string_equal(options.source.path, "a.conf");
    assert_false(options.source.path_optional); // named, so it must be there
    assert_int_equal(options.source.listen_count, 2);
    assert_string_equal(options.source.listen[0], "tcp:1:2");
    assert_string_equal(options.source.listen[1], "unix:/x");
    assert_int_equal(options.source.set_count, 2);
    assert_string_equal(options.source.sets[0], "a.b=1");
    assert_string_equal(options.source.sets[1], "");
    assert_string_equal(options.ready_file, "r");
    assert_true(options.check);
    options_done(&options);
    assert_true(PARSE(&options, "--help"));
    assert_true(options.help);
    options_done(&options);
    assert_true(PARSE(&options, "--version"));
    assert_true(options.version);
    options_done(&options);
}

static void
test_last_one_wins(void **state)
{
    struct options options;

    (void)state;
    assert_true(
        PARSE(&options, "--config", "a", "--config", "b", "--ready-file=1", "--ready-file=2"));
    assert_string_equal(options.source.path, "b");
    assert_string_equal(options.ready_file, "2");
    options_done(&options);
}

static void
check_wrong(const char *const *words, const char *part)
{
    struct capture capture;
    struct options options;
    char *text;
    bool good;

    capture_begin(&capture);
    good = parse(&options, words);
    text = capture_end(&capture);
    options_done(&options);
    assert_false(good);
    if (strstr(text, part) == NULL)
        fail_msg("not %s: %s", part, text);
    free(text);
}
#define CHECK_WRONG(part, ...) check_wrong((const char *const[]){__VA_ARGS__, NULL}, part)

static void
test_wrong(void **state)
{
    (void)state;
    CHECK_WRONG("--bogus", "--bogus");
    CHECK_WRONG("config", "--config");
    CHECK_WRONG("listen", "--listen", "tcp:1:2", "--listen");
    CHECK_WRONG("check", "--check=yes");
    CHECK_WRONG("unexpected argument 'file'", "file");
    CHECK_WRONG("unexpected argument 'file'", "--check", "--", "file");
    CHECK_WRONG("x", "-x");
}

static void
test_help(void **state)
{
    static const char *const names[] = {
        "--config FILE", "--listen ADDRESS", "--set SECTION.KEY=", "--ready-file FILE",
        "--check",       "--help",           "--version"};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    options_help(out);
    fclose(out);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strstr(text, names[i]) == NULL)
            fail_msg("%s is missing", names[i]);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        if (strlen(line) > 110)
            fail_msg("too long: %s", line);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),          cmocka_unit_test(test_all),
        cmocka_unit_test(test_last_one_wins), cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_help),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
