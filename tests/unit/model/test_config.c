// The configuration: what is read, the defaults, and that what is printed is read back.

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
without_a_file_there_are_defaults(void **state)
{
    struct config_error error;
    struct config *config;

    (void)state;
    setenv("RUNTIME_DIRECTORY", "/run/o", 1);
    config = config_load(&(struct config_source){0}, &error);
    assert_non_null(config);
    assert_int_equal(config->listen_count, 2);
    check_listen(config, 0, "unix:/run/o/offloadd.sock");
    check_listen(config, 1, "tcp:127.0.0.1:7707");
    assert_int_equal(config->socket_mode, 0600);
    assert_int_equal(config->drain_timeout_us, 30000000);
    assert_int_equal(config->write_timeout_us, 60000000);
    assert_int_equal(config->line_timeout_us, 60000000);
    assert_int_equal(config->session_timeout_us, 0);
    assert_int_equal(config->limits.line_max, LIMIT_LINE_MAX);
    assert_int_equal(config->limits.depth_max, LIMIT_DEPTH_MAX);
    assert_int_equal(config->limits.batch_max, LIMIT_BATCH_MAX);
    assert_int_equal(config->limits.gather_max, LIMIT_GATHER_MAX);
    assert_int_equal(config->limits.gather_depth_max, LIMIT_GATHER_DEPTH_MAX);
    assert_int_equal(config->limits.in_flight_max, LIMIT_IN_FLIGHT_MAX);
    assert_int_equal(config->limits.sessions_max, LIMIT_SESSIONS_MAX);
    assert_int_equal(config->limits.queue_max, LIMIT_QUEUE_MAX);
    assert_int_equal(config->limits.queue_memory_max, LIMIT_QUEUE_MEMORY_MAX);
    assert_int_equal(config->limits.output_max, LIMIT_OUTPUT_MAX);
    assert_int_equal(config->log_level, LOG_LEVEL_INFO);
    assert_int_equal(config->weight_count, 0);
    assert_int_equal(config_weight(config, 0), 100);
    assert_int_equal(config->pool_count, 1);
    assert_string_equal(config->pools[0].name, "cpu");
    assert_int_equal(config->pools[0].kind, POOL_BUILTIN);
    assert_null(config->pools[0].argv);
    check_words(config->pools[0].methods, WORDS("echo", "sum_squares"));
    assert_in_range(config->pools[0].processes, 1, 1024);
    assert_int_equal(config->pools[0].threads, 1);
    config_free(config);
}

// The table that --help and the manual show must say what the code does.
static void
documented_defaults_are_the_defaults(void **state)
{
    size_t count;
    const struct config_key_info *keys = config_keys(&count);
    struct config_error error;
    struct config *config = config_load(&(struct config_source){0}, &error);
    char *text;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    (void)state;
    assert_non_null(config);
    assert_int_equal(config_print(config, stream), 0);
    fclose(stream);
    for (size_t i = 0; i < count; i++) {
        char line[256];

        if (keys[i].standard[0] == '\0' || strcmp(keys[i].key, "listen") == 0 ||
            strcmp(keys[i].key, "builtin") == 0 || strcmp(keys[i].key, "processes") == 0 ||
            strcmp(keys[i].key, "in-flight") == 0) // threads says it
            continue;
        snprintf(line, sizeof(line), "\n%s = %s\n", keys[i].key, keys[i].standard);
        if (strstr(text, line) == NULL)
            fail_msg("not printed: %s", line + 1);
    }
    free(text);
    config_free(config);
}

static const char everything[] = "# a comment\n"
                                 "; another\n"
                                 "\n"
                                 "[server] ; behind a section\n"
                                 "listen = tcp:127.0.0.1:0 unix:/tmp/a.sock ; behind a value\n"
                                 "    tcp:[::1]:1 ; behind a further line\n"
                                 "  ; alone between them\n"
                                 "\n"
                                 "\tunix:/tmp/b;c#d.sock\n"
                                 "listen = tcp:localhost:0\n"
                                 "socket-mode = 660\n"
                                 "drain-timeout = 1min 30s\r\n"
                                 "write-timeout: 1500ms\n"
                                 "line-timeout = 20s\n"
                                 "idle-timeout = 1h\n"
                                 "line-max=1K\n"
                                 "depth-max = 1024\n"
                                 "batch-max = 1\n"
                                 "gather-max = 8\n"
                                 "gather-depth-max = 2\n"
                                 "in-flight-max = 2\n"
                                 "sessions-max = 3\n"
                                 "queue-max = 4\n"
                                 "queue-memory-max = 1G\n"
                                 "output-max = 5000\n"
                                 "log-level = debug\n"
                                 "weight = root:400 1000:1 4294967294:10000\n"
                                 "  7:99 ; as before\n"
                                 "  8:101\n"
                                 "  9:5\n"
                                 "[ pool  image-2_X ]\n"
                                 "  program = /usr/bin/env -i A=b [c] \"d\n"
                                 "  e'\n"
                                 "methods = resize crop.fast\n"
                                 "processes = 7\n"
                                 "in-flight = 8\n"
                                 "timeout-queue = 1min\n"
                                 "timeout-run = 1500ms\n"
                                 "timeout-silence = 2s\n"
                                 "timeout-total = 2h\n"
                                 "kill-delay = 0s\n"
                                 "wait-ready = yes\n"
                                 "timeout-start = 5s\n"
                                 "crash-limit = 7\n"
                                 "idle-timeout = 1h\n"
                                 "max-jobs = 50\n"
                                 "max-age = 1d\n"
                                 "memory-max = 1G\n"
                                 "cpu-weight = 10000\n"
                                 "cpu-time-max = 90s\n"
                                 "open-files-max = 256\n"
                                 "nice = 10\n"
                                 "user = nobody\n"
                                 "group = nogroup\n"
                                 "directory = /tmp\n"
                                 "environment = A={slot} B=\n"
                                 "[pool cpu]\n"
                                 "builtin = on\n"
                                 "methods = sum_squares\n"
                                 "threads = 2\n"
                                 "[pool plugged]\n"
                                 "plugin = /usr/lib/a.so\n"
                                 "methods = plugged-in\n"
                                 "processes = 2..5\n"
                                 "[pool commanded]\n"
                                 "command = /bin/cat {file} -n\n"
                                 "methods = show\n"
                                 "stdin = text\n"
                                 "[pool image-2_X]\n"
                                 "methods = and-more"; // no newline at the end

static void
check_everything(const struct config *config)
{
    assert_int_equal(config->listen_count, 5);
    check_listen(config, 0, "tcp:127.0.0.1:0");
    check_listen(config, 1, "unix:/tmp/a.sock");
    check_listen(config, 2, "tcp:[::1]:1");
    check_listen(config, 3, "unix:/tmp/b;c#d.sock");
    check_listen(config, 4, "tcp:localhost:0");
    assert_int_equal(config->socket_mode, 0660);
    assert_int_equal(config->drain_timeout_us, 90000000);
    assert_int_equal(config->write_timeout_us, 1500000);
    assert_int_equal(config->line_timeout_us, 20000000);
    assert_int_equal(config->session_timeout_us, 3600000000);
    assert_int_equal(config->limits.line_max, 1024);
    assert_int_equal(config->limits.depth_max, 1024);
    assert_int_equal(config->limits.batch_max, 1);
    assert_int_equal(config->limits.gather_max, 8);
    assert_int_equal(config->limits.gather_depth_max, 2);
    assert_int_equal(config->limits.in_flight_max, 2);
    assert_int_equal(config->limits.sessions_max, 3);
    assert_int_equal(config->limits.queue_max, 4);
    assert_int_equal(config->limits.queue_memory_max, 1073741824);
    assert_int_equal(config->limits.output_max, 5000);
    assert_int_equal(config->log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(config->weight_count, 6);
    assert_int_equal(config_weight(config, 0), 400);
    assert_int_equal(config_weight(config, 1000), 1);
    assert_int_equal(config_weight(config, 4294967294), 10000);
    assert_int_equal(config_weight(config, 7), 99);
    assert_int_equal(config_weight(config, 9), 5);
    assert_int_equal(config_weight(config, 10), 100);
    assert_int_equal(config->pool_count, 4);
    assert_string_equal(config->pools[0].name, "image-2_X");
    assert_int_equal(config->pools[0].kind, POOL_PROGRAM);
    check_words(config->pools[0].argv, WORDS("/usr/bin/env", "-i", "A=b", "[c]", "\"d", "e'"));
    check_words(config->pools[0].methods, WORDS("resize", "crop.fast", "and-more"));
    assert_int_equal(config->pools[0].processes, 7);
    assert_int_equal(config->pools[0].in_flight, 8);
    assert_int_equal(config_slots(&config->pools[0]), 8);
    assert_int_equal(config->pools[0].timeouts.us[TIMEOUT_QUEUE], 60000000);
    assert_int_equal(config->pools[0].timeouts.us[TIMEOUT_RUN], 1500000);
    assert_int_equal(config->pools[0].timeouts.us[TIMEOUT_SILENCE], 2000000);
    assert_int_equal(config->pools[0].timeouts.us[TIMEOUT_TOTAL], 7200000000);
    assert_int_equal(config->pools[0].kill_delay_us, 0);
    assert_true(config->pools[0].wait_ready);
    assert_int_equal(config->pools[0].start_timeout_us, 5000000);
    assert_int_equal(config->pools[0].crash_limit, 7);
    assert_int_equal(config->pools[0].idle_timeout_us, 3600000000);
    assert_int_equal(config->pools[0].max_jobs, 50);
    assert_int_equal(config->pools[0].max_age_us, 86400000000);
    assert_int_equal(config->pools[0].memory_max, 1073741824);
    assert_int_equal(config->pools[0].cpu_weight, 10000);
    assert_int_equal(config->pools[0].cpu_time_max_us, 90000000);
    assert_int_equal(config->pools[0].open_files_max, 256);
    assert_int_equal(config->pools[0].nice, 10);
    assert_string_equal(config->pools[0].user, "nobody");
    assert_string_equal(config->pools[0].group, "nogroup");
    assert_string_equal(config->pools[0].directory, "/tmp");
    check_words(config->pools[0].environment, WORDS("A={slot}", "B="));
    assert_int_equal(config->pools[2].kind, POOL_PLUGIN);
    assert_string_equal(config->pools[2].plugin, "/usr/lib/a.so");
    assert_int_equal(config->pools[2].processes_min, 2);
    assert_int_equal(config->pools[2].processes, 5);
    assert_int_equal(config->pools[3].kind, POOL_COMMAND);
    check_words(config->pools[3].command, WORDS("/bin/cat", "{file}", "-n"));
    assert_string_equal(config->pools[3].stdin_param, "text");
    assert_string_equal(config->pools[1].name, "cpu");
    check_words(config->pools[1].methods, WORDS("sum_squares"));
    assert_int_equal(config->pools[1].threads, 2);
    assert_int_equal(config_slots(&config->pools[1]), 2);
    assert_false(timeouts_any(&config->pools[1].timeouts));
    assert_int_equal(config->pools[1].kill_delay_us, 5000000);
    assert_false(config->pools[1].wait_ready);
    assert_int_equal(config->pools[1].start_timeout_us, 60000000);
    assert_int_equal(config->pools[1].crash_limit, 3);
}

static void
every_key_is_read(void **state)
{
    struct config *config;

    folder_write(*state, "offloadd.conf", everything);
    config = folder_load(*state, NULL);
    check_everything(config);
    config_free(config);
}

static char *
printed(const struct config *config)
{
    char *text;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    assert_non_null(stream);
    assert_int_equal(config_print(config, stream), 0);
    fclose(stream);
    return text;
}

// The caller's is what was read the second time.
static struct config *
read_back(void *state, const char *text)
{
    struct config *config;
    char *first;
    char *second;

    folder_write(state, "offloadd.conf", text);
    config = folder_load(state, NULL);
    first = printed(config);
    config_free(config);
    folder_write(state, "offloadd.conf", first);
    config = folder_load(state, NULL);
    second = printed(config);
    assert_string_equal(second, first);
    free(first);
    free(second);
    return config;
}

static void
what_is_printed_is_read_back(void **state)
{
    struct config *config = read_back(*state, everything);

    check_everything(config);
    config_free(config);
}

// A list that is printed over several lines may hold what at the start of a line is a section.
static void
a_long_command_with_brackets_is_read_back(void **state)
{
    static const char *const words[] = {"/usr/bin/env",
                                        "A=0123456789012345678901234567890123456789",
                                        "B=0123456789012345678901234567890123456789",
                                        "[",
                                        "[",
                                        "-f",
                                        "{file}",
                                        "]"};
    struct config *config = read_back(*state, "[pool a]\n"
                                              "command = /usr/bin/env\n"
                                              "    A=0123456789012345678901234567890123456789\n"
                                              "    B=0123456789012345678901234567890123456789"
                                              " [ [ -f {file} ]\n"
                                              "methods = a\n");

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_string_equal(config->pools[0].command[i], words[i]);
    assert_null(config->pools[0].command[sizeof(words) / sizeof(words[0])]);
    config_free(config);
}

// Nor may a line of a list begin like a key: an indented key is a mistake.
static void
a_long_command_with_keys_is_read_back(void **state)
{
    static const char *const words[] = {"/usr/bin/env",
                                        "A=0123456789012345678901234567890123456789",
                                        "nice=5",
                                        "user:me",
                                        "nice",
                                        "=",
                                        "B=0123456789012345678901234567890123456789",
                                        "listen=2"};
    struct config *config = read_back(*state, "[pool a]\n"
                                              "command = /usr/bin/env\n"
                                              "    A=0123456789012345678901234567890123456789"
                                              " nice=5 user:me nice\n"
                                              "    = B=0123456789012345678901234567890123456789\n"
                                              "    listen=2\n"
                                              "methods = a\n");

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_string_equal(config->pools[0].command[i], words[i]);
    assert_null(config->pools[0].command[sizeof(words) / sizeof(words[0])]);
    config_free(config);
}

// A list that fits no line, in words of the greatest length.
static void
long_lists_are_read_back(void **state)
{
    char set[4096] = "pool.cpu.program=/bin/sh";
    struct config *config;
    char *first;
    char *second;

    for (int i = 0; i < 15; i++)
        sprintf(set + strlen(set), " %0190d", i);
    folder_write(*state, "offloadd.conf", "[pool cpu]\nmethods = m\n");
    config = folder_load(*state, set);
    first = printed(config);
    config_free(config);
    folder_write(*state, "offloadd.conf", first);
    config = folder_load(*state, NULL);
    assert_int_equal(strlen(config->pools[0].argv[15]), 190);
    assert_null(config->pools[0].argv[16]);
    second = printed(config);
    assert_string_equal(second, first);
    config_free(config);
    free(first);
    free(second);
}

static void
every_key_is_printed(void **state)
{
    size_t count;
    const struct config_key_info *keys = config_keys(&count);
    struct config *config;
    char *text;

    folder_write(*state, "offloadd.conf", everything);
    config = folder_load(*state, NULL);
    text = printed(config);
    for (size_t i = 0; i < count; i++) {
        char line[64];

        snprintf(line, sizeof(line), "\n%s = ", keys[i].key);
        if (strstr(text, line) == NULL)
            fail_msg("%s is not printed", keys[i].key);
    }
    config_free(config);
    free(text);
}

static void
printing_to_a_full_disk_fails(void **state)
{
    struct config_error error;
    struct config *config = config_load(&(struct config_source){0}, &error);
    FILE *full = fopen("/dev/full", "we");

    (void)state;
    assert_non_null(config);
    assert_non_null(full);
    assert_int_equal(config_print(config, full), -1);
    fclose(full);
    config_free(config);
}

// inih alone would cut the section's name at 49 bytes.
static void
long_names_are_kept(void **state)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_012345678";
    char text[256];
    struct config *config;

    assert_int_equal(strlen(name), CONFIG_POOL_NAME_MAX);
    snprintf(text, sizeof(text), "\xef\xbb\xbf[pool %s]\nbuiltin=yes\n", name);
    folder_write(*state, "offloadd.conf", text);
    config = folder_load(*state, NULL);
    assert_string_equal(config->pools[0].name, name);
    config_free(config);
}

static void
the_nearest_key_is_found_for_every_key(void **state)
{
    size_t count;
    const struct config_key_info *keys = config_keys(&count);
    struct folder *folder = *state;

    folder_write(folder, "offloadd.conf", "[pool cpu]\nbuiltin = yes\n");
    for (size_t i = 0; i < count; i++) {
        const char *section = strcmp(keys[i].section, "pool") == 0 ? "pool.cpu" : "server";
        char set[128];
        char expected[128];

        snprintf(set, sizeof(set), "%s.%sx=1", section, keys[i].key);
        snprintf(expected, sizeof(expected), "(did you mean '%s'?)", keys[i].key);
        assert_null(folder_try(folder, set));
        if (strstr(folder->error.text, expected) == NULL)
            fail_msg("%s", folder->error.text);
    }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_file_there_are_defaults),
        cmocka_unit_test(documented_defaults_are_the_defaults),
        IN_FOLDER(every_key_is_read),
        IN_FOLDER(what_is_printed_is_read_back),
        IN_FOLDER(a_long_command_with_brackets_is_read_back),
        IN_FOLDER(a_long_command_with_keys_is_read_back),
        IN_FOLDER(long_lists_are_read_back),
        IN_FOLDER(every_key_is_printed),
        cmocka_unit_test(printing_to_a_full_disk_fails),
        IN_FOLDER(long_names_are_kept),
        IN_FOLDER(the_nearest_key_is_found_for_every_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
