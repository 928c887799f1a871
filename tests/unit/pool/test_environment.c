// Environment: an allow-list; nothing of the daemon's secrets or of its service manager gets
// through.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "pool/environment.h"

#include <stdlib.h>
#include <string.h>

static const char *
value_of(char **environment, const char *name)
{
    size_t length = strlen(name);

    for (; *environment != NULL; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return *environment + length + 1;
    return NULL;
}

static size_t
count_of(char **environment)
{
    size_t count = 0;

    while (environment[count] != NULL)
        count++;
    return count;
}

static int
clear(void **state)
{
    (void)state;
    return clearenv();
}

static void
test_who_it_is(void **state)
{
    char **environment = environment_new("cpu", 4294967295u, NULL, true);

    (void)state;
    assert_int_equal(count_of(environment), 2);
    assert_string_equal(value_of(environment, "OFFLOAD_POOL"), "cpu");
    assert_string_equal(value_of(environment, "OFFLOAD_SLOT"), "4294967295");
    environment_free(environment);
}

static void
test_allowed(void **state)
{
    static const char *const names[] = {"PATH", "HOME",   "USER",     "LOGNAME", "SHELL",
                                        "LANG", "LC_ALL", "LC_CTYPE", "TZ",      "TMPDIR"};
    size_t count = sizeof(names) / sizeof(names[0]);
    char **environment;

    (void)state;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(setenv(names[i], i == 3 ? "" : "a=b c\n", 1), 0);
    environment = environment_new("cpu", 0, NULL, true);
    assert_int_equal(count_of(environment), count + 2);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(value_of(environment, names[i]), i == 3 ? "" : "a=b c\n");
    environment_free(environment);
}

static void
test_nothing_else(void **state)
{
    static const char *const names[] = {
        "NOTIFY_SOCKET", "LISTEN_FDS",     "LISTEN_PID",    "LD_PRELOAD",     "LD_LIBRARY_PATH",
        "API_TOKEN",     "PATHX",          "XPATH",         "JOURNAL_STREAM", "INVOCATION_ID",
        "OFFLOAD_OTHER", "OFFLOAD_SERVER", "WATCHDOG_USEC", "BASH_ENV",       "ENV",
    };
    char **environment;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(setenv(names[i], "x", 1), 0);
    // What the daemon itself runs under (it may be somebody's worker) does not count either.
    setenv("OFFLOAD_POOL", "outer", 1);
    setenv("OFFLOAD_SLOT", "99", 1);
    environment = environment_new("cpu", 7, NULL, true);
    assert_int_equal(count_of(environment), 2);
    assert_string_equal(value_of(environment, "OFFLOAD_POOL"), "cpu");
    assert_string_equal(value_of(environment, "OFFLOAD_SLOT"), "7");
    environment_free(environment);
    environment_free(NULL);
}

// What the configuration adds wins over the daemon's own, and {slot} is the worker's number; but
// who the worker is cannot be said otherwise.
static void
test_added(void **state)
{
    char *more[] = {(char *)"CUDA_VISIBLE_DEVICES={slot}", (char *)"PATH=/mine",
                    (char *)"TWICE={slot}-{slot}{", (char *)"EMPTY=", NULL};
    char **environment;

    (void)state;
    setenv("PATH", "/daemon", 1);
    setenv("HOME", "/home/x", 1);
    environment = environment_new("cpu", 12, more, true);
    assert_int_equal(count_of(environment), 7);
    assert_string_equal(value_of(environment, "CUDA_VISIBLE_DEVICES"), "12");
    assert_string_equal(value_of(environment, "PATH"), "/mine");
    assert_string_equal(value_of(environment, "TWICE"), "12-12{");
    assert_string_equal(value_of(environment, "EMPTY"), "");
    assert_string_equal(value_of(environment, "HOME"), "/home/x");
    assert_string_equal(value_of(environment, "OFFLOAD_SLOT"), "12");
    environment_free(environment);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_who_it_is, clear),
        cmocka_unit_test_setup(test_allowed, clear),
        cmocka_unit_test_setup(test_nothing_else, clear),
        cmocka_unit_test_setup(test_added, clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
