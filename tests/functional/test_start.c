// The command line, the configuration, and the addresses the daemon takes or refuses.
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define RUN(command, ...) \
    command_run(command, OFFLOADD_PROGRAM, (const char *const[]){__VA_ARGS__, NULL}, NULL, NULL)

static void
expect_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in: %.2000s", part, text);
}

// Runs the daemon to its end and expects the exit status and words on stderr.
static void
expect_refusal(int status, const char *words, const char *const arguments[])
{
    struct command command;

    command_run(&command, OFFLOADD_PROGRAM, arguments, NULL, NULL);
    if (command.status != status)
        fail_msg("exit status %d, expected %d; stderr: %.1000s", command.status, status,
                 command.err);
    expect_contains(command.err, words);
    assert_string_equal(command.out, "");
    command_done(&command);
}

#define EXPECT_REFUSAL(status, words, ...) \
    expect_refusal(status, words, (const char *const[]){__VA_ARGS__, NULL})

static void
expect_answer_at(struct fixture *fixture, const char *address)
{
    expect_result(peer_ask(open_at(fixture, address), REQUEST("1", "sum_squares", "[10]")), "1",
                  "285");
}

static void
test_several_addresses_and_the_ready_file(struct fixture *fixture)
{
    static const char *const listen[] = {"--listen", "tcp:127.0.0.1:0", "--listen", "unix:%F/one",
                                         "--listen", "unix:%F/two",     "--listen", "tcp:[::1]:0",
                                         "--listen", "tcp:localhost:0", NULL};
    char *text, *rest, *address;
    int count = 0;

    daemon_start(&fixture->daemon, listen, NULL);
    text = read_text(fixture->daemon.ready);
    assert_true(text[strlen(text) - 1] == '\n');
    for (rest = text; (address = strsep(&rest, "\n")) != NULL && *address != '\0'; count++) {
        assert_null(strstr(address, ":0"));
        expect_answer_at(fixture, address);
        assert_true(strncmp(address, count == 1 || count == 2 ? "unix:/" : "tcp:", 4) == 0);
    }
    assert_in_range(count, 5, 6); // "localhost" may be two addresses
    free(text);
}

static void
expect_mode(const char *path, mode_t mode)
{
    struct stat info;

    assert_int_equal(lstat(path, &info), 0);
    assert_true(S_ISSOCK(info.st_mode));
    assert_int_equal(info.st_mode & 0777, mode);
}

static void
test_the_socket_is_private(struct fixture *fixture)
{
    expect_mode(fixture->daemon.unix_path, 0600);
}

static void
test_the_mode_of_the_socket(struct fixture *fixture)
{
    expect_mode(fixture->daemon.unix_path, 0660);
}

static void
test_the_socket_of_a_live_daemon_is_refused(struct fixture *fixture)
{
    struct command command;

    RUN(&command, "--config", fixture->daemon.config, "--listen", fixture->daemon.unix_address);
    assert_true(command.status > 0);
    expect_contains(command.err, fixture->daemon.unix_path);
    command_done(&command);
    expect_answer_at(fixture, fixture->daemon.unix_address);
}

static void
test_the_socket_of_a_dead_daemon_is_replaced(struct fixture *fixture)
{
    struct stat info;

    daemon_start(&fixture->daemon, NULL, NULL);
    expect_answer_at(fixture, fixture->daemon.unix_address);
    assert_int_equal(kill(fixture->daemon.pid, SIGKILL), 0);
    daemon_wait(&fixture->daemon);
    daemon_expect_none_left(PATIENCE);
    assert_int_equal(lstat(fixture->daemon.unix_path, &info), 0); // it could not clean up
    daemon_start(&fixture->daemon, NULL, NULL);
    expect_answer_at(fixture, fixture->daemon.unix_address);
}

static void
expect_no_start(struct fixture *fixture)
{
    struct command command;

    RUN(&command, "--config", fixture->daemon.config, "--listen", fixture->daemon.unix_address);
    assert_true(command.status > 0);
    expect_contains(command.err, fixture->daemon.unix_path);
    command_done(&command);
}

static void
test_a_file_in_the_sockets_place_is_refused(struct fixture *fixture)
{
    char *text;

    write_text(fixture->daemon.unix_path, "precious");
    expect_no_start(fixture);
    text = read_text(fixture->daemon.unix_path);
    assert_string_equal(text, "precious");
    free(text);
}

static void
test_a_folder_in_the_sockets_place_is_refused(struct fixture *fixture)
{
    assert_int_equal(mkdir(fixture->daemon.unix_path, 0700), 0);
    expect_no_start(fixture);
    assert_int_equal(rmdir(fixture->daemon.unix_path), 0);
}

// A link is not followed, neither to a file nor to a dead socket.
static void
test_a_link_in_the_sockets_place_is_refused(struct fixture *fixture)
{
    char target[96], seen[96];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ssize_t length;

    snprintf(target, sizeof(target), "%s/target", fixture->daemon.folder);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", target);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd); // dead from now on
    assert_int_equal(symlink(target, fixture->daemon.unix_path), 0);
    expect_no_start(fixture);
    length = readlink(fixture->daemon.unix_path, seen, sizeof(seen) - 1);
    assert_int_equal(length, strlen(target));
    assert_int_equal(access(target, F_OK), 0);
}

static void
test_a_port_in_use_is_refused(struct fixture *fixture)
{
    struct command command;

    RUN(&command, "--config", fixture->daemon.config, "--listen", fixture->daemon.tcp_address);
    assert_true(command.status > 0);
    expect_contains(command.err, fixture->daemon.tcp_address);
    command_done(&command);
}

static void
test_wrong_addresses_are_refused(struct fixture *fixture)
{
    const char *config = fixture->daemon.config;

    EXPECT_REFUSAL(78, "0.0.0.0", "--config", config, "--listen", "tcp:0.0.0.0:0");
    EXPECT_REFUSAL(78, "192.0.2.1", "--config", config, "--listen", "tcp:192.0.2.1:0");
    EXPECT_REFUSAL(78, "bogus", "--config", config, "--listen", "bogus:x");
    EXPECT_REFUSAL(78, "tcp:127.0.0.1", "--config", config, "--listen", "tcp:127.0.0.1:99999");
}

static void
test_a_wrong_configuration_is_refused_with_its_line(struct fixture *fixture)
{
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {"[server]\n\nfrobnicate = 1\n", "offloadd.conf:3:"},
        {"[server]\nline-max = much\n", "offloadd.conf:2:"},
        {"[server]\ndrain-timeout = -1\n", "offloadd.conf:2:"},
        {"# a comment\n\n[nonsense]\nkey = 1\n", "offloadd.conf:"},
        {"[pool cpu]\nbuiltin = yes\nproceses = 2\n", "offloadd.conf:3:"},
        {"[pool cpu]\nbuiltin = yes\nprocesses = 0\n", "offloadd.conf:3:"},
        {"[pool cpu]\nbuiltin = yes\nthreads = -1\n", "offloadd.conf:3:"},
        {"[pool x]\nbuiltin = yes\nprogram = /bin/true\n", "offloadd.conf:"},
        {"[pool x]\nprocesses = 1\n", "offloadd.conf:"},
        {"[server]\nbatch-max = 1\nbatch-max = 2\n", "offloadd.conf:3:"},
        {"this is no line\n", "offloadd.conf:1:"},
        {"[pool x]\nmethods = y\ncommand = /bin/echo {y\n", "offloadd.conf:3: command: argument 1"},
        {"[pool x]\ncommand = /bin/cat\nmethods = gc, revcomp\n",
         "offloadd.conf:3: methods: 'gc,'"},
    };
    struct daemon *daemon = &fixture->daemon;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        daemon_configure(daemon, cases[i].text);
        EXPECT_REFUSAL(78, cases[i].words, "--config", daemon->config);
        EXPECT_REFUSAL(78, cases[i].words, "--config", daemon->config, "--check");
    }
    daemon_configure(daemon, "");
    EXPECT_REFUSAL(78, "frobnicate", "--config", daemon->config, "--set", "server.frobnicate=1");
    EXPECT_REFUSAL(78, "line-max", "--config", daemon->config, "--set", "server.line-max=x");
    EXPECT_REFUSAL(78, "/no/such/file", "--config", "/no/such/file");
}

// What --check prints is a configuration that --check prints again.
static void
test_check(struct fixture *fixture)
{
    struct command first, second;

    daemon_configure(&fixture->daemon, "[server]\nline-max = 64K\n\n[pool mine]\nbuiltin = yes\n"
                                       "processes = 3\n");
    RUN(&first, "--config", fixture->daemon.config, "--check", "--set", "server.batch-max=7");
    assert_int_equal(first.status, 0);
    expect_contains(first.out, "[pool mine]");
    expect_contains(first.out, "line-max = 64K");
    expect_contains(first.out, "batch-max = 7");
    write_text(fixture->daemon.config, first.out);
    RUN(&second, "--config", fixture->daemon.config, "--check");
    assert_int_equal(second.status, 0);
    assert_string_equal(second.out, first.out);
    command_done(&first);
    command_done(&second);
}

// What is not there yet is no error, but --check tells of it, and of nothing else.
static void
test_check_warns_of_what_is_missing(struct fixture *fixture)
{
    static const char text[] =
        "[pool a]\nprogram = /nowhere/worker\nmethods = a\n"
        "[pool b]\ncommand = %F/plain {x}\nmethods = b\ndirectory = /nowhere\n"
        "[pool c]\nplugin = %F\nmethods = c\nuser = nobody-at-all\ngroup = none-at-all\n"
        "[pool d]\nprogram = /bin/cat\nmethods = d\ndirectory = /\n"
        "[pool e]\nplugin = %F/plain\nmethods = e\ndirectory = %F/plain\n"
        "[pool f]\nbuiltin = yes\n";
    const char *folder = fixture->daemon.folder;
    struct command command;
    char path[128], expected[1024];

    snprintf(path, sizeof(path), "%s/plain", folder);
    write_text(path, "");
    assert_int_equal(chmod(path, 0644), 0);
    daemon_configure(&fixture->daemon, text);
    RUN(&command, "--config", fixture->daemon.config, "--check");
    assert_int_equal(command.status, 0);
    expect_contains(command.out, "[pool f]");
    snprintf(expected, sizeof(expected),
             "offloadd: warning: [pool a] program: /nowhere/worker: No such file or directory\n"
             "offloadd: warning: [pool b] command: %s/plain: it is not executable\n"
             "offloadd: warning: [pool b] directory: /nowhere: No such file or directory\n"
             "offloadd: warning: [pool c] plugin: %s: it is not a file\n"
             "offloadd: warning: [pool c] user: nobody-at-all: there is no such user\n"
             "offloadd: warning: [pool c] group: none-at-all: there is no such group\n"
             "offloadd: warning: [pool e] directory: %s/plain: it is not a directory\n",
             folder, folder, folder);
    assert_string_equal(command.err, expected);
    command_done(&command);
    assert_int_equal(unlink(path), 0);
}

// Not so a user who is missing when the daemon starts: there could be no such pool, and why must
// not be left to be guessed.
static void
test_a_missing_user_is_refused(struct fixture *fixture)
{
    daemon_configure(&fixture->daemon, "[pool a]\nbuiltin = yes\n"
                                       "[pool b]\nbuiltin = yes\nuser = nobody-at-all\n");
    EXPECT_REFUSAL(78, "[pool b] user: nobody-at-all: there is no such user", "--config",
                   fixture->daemon.config);
    daemon_configure(&fixture->daemon, "[pool c]\nbuiltin = yes\ngroup = none-at-all\n");
    EXPECT_REFUSAL(78, "[pool c] group: none-at-all: there is no such group", "--config",
                   fixture->daemon.config);
}

static void
test_wrong_usage(struct fixture *fixture)
{
    (void)fixture;
    EXPECT_REFUSAL(64, "--frobnicate", "--frobnicate");
    EXPECT_REFUSAL(64, "surplus", "surplus");
    EXPECT_REFUSAL(64, "--listen", "--listen");
    EXPECT_REFUSAL(64, "'x'", "-x");
}

static void
test_version_and_help(struct fixture *fixture)
{
    static const char *const options[] = {"--config", "--listen",  "--set", "--ready-file",
                                          "--check",  "--version", "--help"};
    struct command command;

    (void)fixture;
    RUN(&command, "--version");
    assert_int_equal(command.status, 0);
    expect_contains(command.out, OFFLOAD_VERSION);
    command_done(&command);
    RUN(&command, "--help");
    assert_int_equal(command.status, 0);
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        expect_contains(command.out, options[i]);
    command_done(&command);
}

HARNESS_MAIN(SCENARIO_MANUAL(test_several_addresses_and_the_ready_file),
             SCENARIO(test_the_socket_is_private),
             SCENARIO(test_the_mode_of_the_socket, "--set", "server.socket-mode=0660"),
             SCENARIO(test_the_socket_of_a_live_daemon_is_refused),
             SCENARIO_MANUAL(test_the_socket_of_a_dead_daemon_is_replaced),
             SCENARIO_MANUAL(test_a_file_in_the_sockets_place_is_refused),
             SCENARIO_MANUAL(test_a_folder_in_the_sockets_place_is_refused),
             SCENARIO_MANUAL(test_a_link_in_the_sockets_place_is_refused),
             SCENARIO(test_a_port_in_use_is_refused),
             SCENARIO_MANUAL(test_wrong_addresses_are_refused),
             SCENARIO_MANUAL(test_a_wrong_configuration_is_refused_with_its_line),
             SCENARIO_MANUAL(test_check), SCENARIO_MANUAL(test_check_warns_of_what_is_missing),
             SCENARIO_MANUAL(test_a_missing_user_is_refused), SCENARIO_MANUAL(test_wrong_usage),
             SCENARIO_MANUAL(test_version_and_help))
