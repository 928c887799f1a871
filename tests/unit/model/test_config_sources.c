// The configuration's sources: what overrides what, among files, drop-ins and the command line.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "config_folder.h"

static void
drop_ins_override_in_the_order_of_their_names(void **state)
{
    struct config *config;

    folder_write(*state, "offloadd.conf",
                 "[server]\nlisten = unix:/a unix:/b\nbatch-max = 1\nqueue-max = 1\n"
                 "[pool p]\nprogram = /bin/a b\nmethods = x y\n");
    folder_write(*state, "offloadd.conf.d/20-b.conf",
                 "[server]\nbatch-max = 3\n[pool q]\nbuiltin = yes\n");
    folder_write(*state, "offloadd.conf.d/10-a.conf",
                 "[server]\nbatch-max = 2\nlisten = unix:/c\nlisten = unix:/d\n"
                 "[pool p]\nmethods = z\n");
    folder_write(*state, "offloadd.conf.d/30-not-read.conf~", "nonsense");
    folder_write(*state, "offloadd.conf.d/.hidden.conf", "nonsense");
    folder_write(*state, "offloadd.conf.d/README", "nonsense");
    config = folder_load(*state, NULL);
    assert_int_equal(config->limits.batch_max, 3);
    assert_int_equal(config->limits.queue_max, 1);
    assert_int_equal(config->listen_count, 2);
    check_listen(config, 0, "unix:/c");
    check_listen(config, 1, "unix:/d");
    assert_int_equal(config->pool_count, 2);
    check_words(config->pools[0].argv, WORDS("/bin/a", "b"));
    check_words(config->pools[0].methods, WORDS("z"));
    assert_string_equal(config->pools[1].name, "q");
    config_free(config);
}

// A drop-in can turn a built-in pool into another.
static void
builtin_can_be_taken_back(void **state)
{
    struct config *config;

    folder_write(*state, "offloadd.conf", "[pool p]\nbuiltin = yes\n");
    folder_write(*state, "offloadd.conf.d/a.conf",
                 "[pool p]\nbuiltin = no\nprogram = /bin/a\nmethods = x\n");
    config = folder_load(*state, NULL);
    assert_int_equal(config->pools[0].kind, POOL_PROGRAM);
    config_free(config);
}

static void
the_command_line_overrides_files(void **state)
{
    static const char *const sets[] = {"server.batch-max=5",    "pool.p.methods= q r ",
                                       "pool.new.builtin=yes",  "server.batch-max=6",
                                       "pool.p.processes=auto", "server.listen=unix:/ignored"};
    static const char *const listen[] = {"tcp:127.0.0.1:0", "unix:/z"};
    struct folder *folder = *state;
    const struct config_source source = {
        .path = folder->path, .sets = sets, .set_count = 6, .listen = listen, .listen_count = 2};
    struct config *config;

    folder_write(folder, "offloadd.conf",
                 "[server]\nlisten = unix:/a\nbatch-max = 1\n"
                 "[pool p]\nprogram = /bin/a\nmethods = x y\nprocesses = 1024\n");
    config = config_load(&source, &folder->error);
    assert_non_null(config);
    assert_int_equal(config->limits.batch_max, 6);
    assert_int_equal(config->listen_count, 2);
    check_listen(config, 0, "tcp:127.0.0.1:0");
    check_listen(config, 1, "unix:/z");
    check_words(config->pools[0].methods, WORDS("q", "r"));
    assert_in_range(config->pools[0].processes, 1, 1023);
    assert_string_equal(config->pools[1].name, "new");
    config_free(config);
}

static void
the_implied_pool_can_be_set(void **state)
{
    struct config *config = folder_try(*state, "pool.cpu.processes=2");

    assert_null(config); // the file was named, and there is none
    folder_write(*state, "offloadd.conf", "[server]\n");
    config = folder_load(*state, "pool.cpu.processes=2");
    assert_int_equal(config->pool_count, 1);
    assert_string_equal(config->pools[0].name, "cpu");
    assert_int_equal(config->pools[0].processes, 2);
    config_free(config);
    config = folder_load(*state, "pool.other.builtin=yes");
    assert_int_equal(config->pool_count, 2);
    assert_string_equal(config->pools[1].name, "other");
    config_free(config);
}

static void
a_named_pool_replaces_the_implied_one(void **state)
{
    struct config *config;

    folder_write(*state, "offloadd.conf", "[pool a]\nbuiltin = yes\n");
    config = folder_load(*state, NULL);
    assert_int_equal(config->pool_count, 1);
    assert_string_equal(config->pools[0].name, "a");
    config_free(config);
}

static void
an_optional_file_may_be_missing(void **state)
{
    struct folder *folder = *state;
    const struct config_source source = {.path = folder->path, .path_optional = true};
    struct config *config;

    folder_write(folder, "offloadd.conf.d/a.conf", "[server]\nbatch-max = 3\n");
    config = config_load(&source, &folder->error);
    assert_non_null(config);
    assert_int_equal(config->limits.batch_max, 3);
    config_free(config);
}

static void
a_relative_program_of_the_command_line_becomes_absolute(void **state)
{
    char directory[512];
    char expected[600];
    struct config *config;

    assert_non_null(getcwd(directory, sizeof(directory)));
    snprintf(expected, sizeof(expected), "%s/./worker", directory);
    folder_write(*state, "offloadd.conf", "[pool p]\nprogram = /bin/a\nmethods = x\n");
    config = folder_load(*state, "pool.p.program=./worker -v");
    check_words(config->pools[0].argv, WORDS(expected, "-v"));
    config_free(config);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(drop_ins_override_in_the_order_of_their_names),
        IN_FOLDER(builtin_can_be_taken_back),
        IN_FOLDER(the_command_line_overrides_files),
        IN_FOLDER(the_implied_pool_can_be_set),
        IN_FOLDER(a_named_pool_replaces_the_implied_one),
        IN_FOLDER(an_optional_file_may_be_missing),
        IN_FOLDER(a_relative_program_of_the_command_line_becomes_absolute),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
