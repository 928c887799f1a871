// The configuration as others hold it: how long it lives, and which pools mean the same.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "config_folder.h"

#define PROGRAM "program = /bin/cat\nmethods = a b\n"
#define COMMAND "command = /bin/cat {x}\nmethods = a b\n"

// For every key of a pool a text that differs in that key alone.
static const struct difference {
    const char *key;
    const char *one;
    const char *other;
} differences[] = {
    {"builtin", "builtin = yes\n", "program = /bin/cat\nmethods = echo sum_squares\n"},
    {"program", PROGRAM, "program = /bin/cat -\nmethods = a b\n"},
    {"methods", PROGRAM, "program = /bin/cat\nmethods = b a\n"},
    {"processes", PROGRAM "processes = 2\n", PROGRAM "processes = 1..2\n"},
    {"threads", PROGRAM, PROGRAM "threads = 2\n"},
    {"timeout-queue", PROGRAM, PROGRAM "timeout-queue = 1s\n"},
    {"timeout-run", PROGRAM, PROGRAM "timeout-run = 1s\n"},
    {"timeout-silence", PROGRAM, PROGRAM "timeout-silence = 1s\n"},
    {"timeout-total", PROGRAM, PROGRAM "timeout-total = 1s\n"},
    {"kill-delay", PROGRAM, PROGRAM "kill-delay = 1s\n"},
    {"plugin", "plugin = /a.so\nmethods = a\n", "plugin = /b.so\nmethods = a\n"},
    {"in-flight", PROGRAM, PROGRAM "in-flight = 1\n"},
    {"prefetch", PROGRAM, PROGRAM "prefetch = 1\n"},
    {"wait-ready", PROGRAM, PROGRAM "wait-ready = yes\n"},
    {"timeout-start", PROGRAM, PROGRAM "timeout-start = 1s\n"},
    {"crash-limit", PROGRAM, PROGRAM "crash-limit = 1\n"},
    {"idle-timeout", PROGRAM, PROGRAM "idle-timeout = 1s\n"},
    {"max-jobs", PROGRAM, PROGRAM "max-jobs = 1\n"},
    {"max-age", PROGRAM, PROGRAM "max-age = 1s\n"},
    {"memory-max", PROGRAM, PROGRAM "memory-max = 1G\n"},
    {"cpu-weight", PROGRAM, PROGRAM "cpu-weight = 1\n"},
    {"cpu-time-max", PROGRAM, PROGRAM "cpu-time-max = 1s\n"},
    {"open-files-max", PROGRAM, PROGRAM "open-files-max = 64\n"},
    {"nice", PROGRAM, PROGRAM "nice = 1\n"},
    {"user", PROGRAM, PROGRAM "user = nobody\n"},
    {"group", PROGRAM, PROGRAM "group = nogroup\n"},
    {"directory", PROGRAM, PROGRAM "directory = /\n"},
    {"environment", PROGRAM, PROGRAM "environment = A=1\n"},
    {"command", COMMAND, "command = /bin/cat {y}\nmethods = a b\n"},
    {"stdin", COMMAND, COMMAND "stdin = y\n"},
};
#define DIFFERENCES (sizeof(differences) / sizeof(differences[0]))

static struct config *
load_pool(struct folder *folder, const char *keys)
{
    struct config *config;
    char *text;

    folder_forget(folder);
    assert_true(asprintf(&text, "[pool p]\n%s", keys) > 0);
    folder_write(folder, "offloadd.conf", text);
    free(text);
    config = folder_load(folder, NULL);
    assert_int_equal(config->pool_count, 1);
    return config;
}

static void
pools_differ_in_every_key(void **state)
{
    for (size_t i = 0; i < DIFFERENCES; i++) {
        struct config *one = load_pool(*state, differences[i].one);
        struct config *same = load_pool(*state, differences[i].one);
        struct config *other = load_pool(*state, differences[i].other);

        assert_true(config_same_pool(&one->pools[0], &same->pools[0]));
        if (config_same_pool(&one->pools[0], &other->pools[0]))
            fail_msg("'%s' makes no difference", differences[i].key);
        config_free(one);
        config_free(same);
        config_free(other);
    }
}

static void
every_key_of_a_pool_is_tried(void **state)
{
    size_t count;
    const struct config_key_info *keys = config_keys(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        bool tried = strcmp(keys[i].section, "pool") != 0;

        for (size_t j = 0; j < DIFFERENCES; j++)
            tried |= strcmp(differences[j].key, keys[i].key) == 0;
        if (!tried)
            fail_msg("'%s' is not tried", keys[i].key);
    }
}

static void
names_differ(void **state)
{
    struct folder *folder = *state;
    struct config *config;

    folder_write(folder, "offloadd.conf",
                 "[pool p]\n" PROGRAM "[pool q]\nprogram = /bin/cat\nmethods = a b\n");
    config = folder_load(folder, NULL);
    assert_false(config_same_pool(&config->pools[0], &config->pools[1]));
    config_free(config);
}

// The sanitizer sees what is used after its end, and what is never freed.
static void
the_last_holder_frees(void **state)
{
    struct config *config = load_pool(*state, PROGRAM);
    const struct config *held = config_hold(config);
    const struct config *again = config_hold(held);

    config_free(config);
    assert_string_equal(held->pools[0].name, "p");
    config_free(again);
    assert_string_equal(held->pools[0].name, "p");
    config_free(held);
    config_free(NULL);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(pools_differ_in_every_key),
        cmocka_unit_test(every_key_of_a_pool_is_tried),
        IN_FOLDER(names_differ),
        IN_FOLDER(the_last_holder_frees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
