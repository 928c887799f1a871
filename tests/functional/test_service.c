// The daemon under a service manager: what it says and when, the sockets it is given, and
// server.drain. The same on a real systemd is in tests/system.
#include "harness.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONFIG_ENV                                                       \
    "[pool env]\ncommand = /usr/bin/env\nmethods = env\nprocesses = 1\n" \
    "[pool fds]\ncommand = /bin/ls /proc/self/fd\nmethods = fds\nprocesses = 1\n"

// ---- the manager's side -----------------------------------------------------------------------

struct manager {
    int fd;
    char variable[128]; // NOTIFY_SOCKET=...
    char heard[8192];   // every message, each with a line "--" behind it
};

static void
manager_open(struct manager *manager, const struct fixture *fixture)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    snprintf(name.sun_path, sizeof(name.sun_path), "%s/notify", fixture->daemon.folder);
    snprintf(manager->variable, sizeof(manager->variable), "NOTIFY_SOCKET=%s", name.sun_path);
    manager->heard[0] = '\0';
    manager->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(manager->fd, (struct sockaddr *)&name, sizeof(name)), 0);
}

static bool
manager_heard(struct manager *manager, const char *text)
{
    size_t length = strlen(manager->heard);
    ssize_t n;

    while ((n = recv(manager->fd, manager->heard + length, sizeof(manager->heard) - length - 4,
                     0)) >= 0) {
        strcpy(manager->heard + length + n, "--\n");
        length += (size_t)n + 3;
    }
    return strstr(manager->heard, text) != NULL;
}

static void
manager_await(struct manager *manager, const char *text)
{
    int64_t deadline = deadline_in(PATIENCE);

    while (!manager_heard(manager, text)) {
        if (deadline_passed(deadline))
            fail_msg("'%s' was not said, but: %s", text, manager->heard);
        deadline_pause();
    }
}

// ---- what it says -------------------------------------------------------------------------------

static void
test_a_life(struct fixture *fixture)
{
    struct manager manager;
    const char *environment[] = {manager.variable, "WATCHDOG_USEC=300000", NULL};

    manager_open(&manager, fixture);
    daemon_configure(&fixture->daemon, CONFIG_FAULTY);
    daemon_start(&fixture->daemon, NULL, environment);
    manager_await(&manager, "READY=1\nWATCHDOG=1\nSTATUS=Serving; jobs: 0 running, 0 queued; "
                            "workers: 2; sessions: 0\n");
    assert_null(strstr(manager.heard, "STOPPING"));
    manager_await(&manager, "--\nWATCHDOG=1\n--\n");
    fixture_adopt(fixture);
    fixture_forget(fixture);
    assert_int_equal(kill(fixture->daemon.pid, SIGTERM), 0);
    manager_await(&manager, "STOPPING=1\n");
    assert_int_equal(daemon_wait(&fixture->daemon), 0);
    daemon_expect_none_left(0);
    close(manager.fd);
}

// The loop alone keeps the watchdog quiet: a daemon that does not run says nothing.
static void
test_a_stopped_loop_is_silent(struct fixture *fixture)
{
    struct manager manager;
    const char *environment[] = {manager.variable, "WATCHDOG_USEC=30000", NULL};

    manager_open(&manager, fixture);
    daemon_start(&fixture->daemon, NULL, environment);
    manager_await(&manager, "READY=1\n");
    assert_int_equal(kill(fixture->daemon.pid, SIGSTOP), 0);
    assert_int_equal(waitpid(fixture->daemon.pid, NULL, WUNTRACED), fixture->daemon.pid);
    manager_heard(&manager, "");
    manager.heard[0] = '\0';
    usleep(200000); // many times WATCHDOG_USEC; a slow machine makes the test weaker, not wrong
    assert_false(manager_heard(&manager, "WATCHDOG=1"));
    assert_int_equal(kill(fixture->daemon.pid, SIGCONT), 0);
    manager_await(&manager, "WATCHDOG=1");
    fixture_adopt(fixture);
    close(manager.fd);
}

// Nobody reads what it says, then nobody is there: it serves all the same.
static void
test_a_manager_that_is_gone(struct fixture *fixture)
{
    struct manager manager;
    const char *environment[] = {manager.variable, NULL};

    manager_open(&manager, fixture);
    daemon_start(&fixture->daemon, NULL, environment);
    manager_await(&manager, "READY=1\n");
    close(manager.fd);
    fixture_adopt(fixture);
    expect_result(peer_ask(open_tcp(fixture), REQUEST("1", "sum_squares", "[10]")), "1", "285");
}

// ---- sockets that are passed ----------------------------------------------------------------

static int
listen_at(const struct sockaddr *name, socklen_t length)
{
    int fd = socket(name->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, name, length), 0);
    assert_int_equal(listen(fd, 16), 0);
    return fd;
}

static int
listen_unix(const struct fixture *fixture, char *ret_address, size_t size)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    snprintf(name.sun_path, sizeof(name.sun_path), "%s", fixture->daemon.unix_path);
    snprintf(ret_address, size, "unix:%s", name.sun_path);
    return listen_at((struct sockaddr *)&name, sizeof(name));
}

static int
listen_tcp(char *ret_address, size_t size)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(name);
    int fd = listen_at((struct sockaddr *)&name, sizeof(name));

    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &length), 0);
    snprintf(ret_address, size, "tcp:127.0.0.1:%u", ntohs(name.sin_port));
    return fd;
}

static void
expect_answer_at(struct fixture *fixture, const char *address)
{
    expect_result(peer_ask(open_at(fixture, address), REQUEST("1", "sleep", "[0]")), "1",
                  "\"Operation completed after 0 seconds\"");
}

// A command's output must not hold that.
static void
expect_clean_children(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    const char *line = peer_ask(peer, REQUEST("1", "env", "[]"));

    check_contains(line, "OFFLOAD_POOL=env");
    assert_null(strstr(line, "LISTEN_"));
    assert_null(strstr(line, "NOTIFY_"));
    assert_null(strstr(line, "WATCHDOG_"));
    line = peer_ask(peer, REQUEST("2", "fds", "[]"));
    check_contains(line, "\"0\\n1\\n2\\n3\\n\""); // ls has the folder open itself
}

static void
test_passed_sockets(struct fixture *fixture)
{
    static const char *const arguments[] = {"--listen", "systemd:one", "--listen", "systemd:2",
                                            NULL};
    struct daemon *daemon = &fixture->daemon;
    char unix_address[128];
    char tcp_address[64];
    char *ready;

    daemon->passed[0] = listen_unix(fixture, unix_address, sizeof(unix_address));
    daemon->passed[1] = listen_tcp(tcp_address, sizeof(tcp_address));
    daemon->passed_count = 2;
    daemon->passed_names = "one:other";
    daemon_configure(daemon, CONFIG_ENV);
    daemon_start(daemon, arguments, NULL);
    ready = read_text(daemon->ready);
    check_contains(ready, unix_address);
    check_contains(ready, tcp_address);
    free(ready);
    expect_answer_at(fixture, unix_address);
    expect_answer_at(fixture, tcp_address);
    expect_clean_children(fixture);
    close(daemon->passed[0]);
    close(daemon->passed[1]);
}

// What was there before the daemon ran is served when it does.
static void
test_a_connection_that_waits(struct fixture *fixture)
{
    static const char *const arguments[] = {"--listen", "tcp:127.0.0.1:0", NULL};
    struct daemon *daemon = &fixture->daemon;
    char address[128];
    struct peer *peer;

    daemon->passed[0] = listen_unix(fixture, address, sizeof(address));
    daemon->passed_count = 1;
    peer = open_at(fixture, address);
    peer_say(peer, REQUEST("1", "sleep", "[0]"));
    daemon_start(daemon, arguments, NULL); // with an address of its own as well
    expect_result(peer_line(peer), "1", "\"Operation completed after 0 seconds\"");
    expect_answer_at(fixture, daemon->tcp_address);
    close(daemon->passed[0]);
}

// Sockets for another process, inherited by accident: not served, and no worker gets them.
static void
test_sockets_of_another(struct fixture *fixture)
{
    struct daemon *daemon = &fixture->daemon;
    char address[64];
    char *ready;

    daemon->passed[0] = listen_tcp(address, sizeof(address));
    daemon->passed_count = 1;
    daemon->passed_to_another = true;
    daemon_configure(daemon, CONFIG_ENV);
    daemon_start(daemon, NULL, NULL);
    ready = read_text(daemon->ready);
    assert_null(strstr(ready, address));
    free(ready);
    expect_clean_children(fixture);
    close(daemon->passed[0]);
}

// ---- server.drain ---------------------------------------------------------------------------

static void
test_drain(struct fixture *fixture)
{
    struct peer *trusted = open_unix(fixture);
    struct peer *other = open_tcp(fixture);
    json_t *data;

    data = expect_error_data(peer_ask(other, REQUEST("1", "server.drain", "[]")), "1",
                             ERROR_UNAUTHORISED);
    json_decref(data);
    peer_say(other, NOTIFICATION("server.drain", "[]")); // no way around it
    expect_result(peer_ask(other, REQUEST("2", "server.ping", "[]")), "2", "\"pong\"");
    peer_say(other, REQUEST("\"runs\"", "nap", "[500]"));
    fixture_await(fixture, "jobs.running", 1);
    peer_say(other, REQUEST("\"waits\"", "nap", "[500]"));
    fixture_await(fixture, "jobs.queued", 1);
    peer_say(trusted,
             "[" REQUEST("3", "server.drain", "[]") "," REQUEST("4", "server.drain", "[]") "]");
    check_contains(peer_line(trusted), "\"state\":\"draining\",\"running\":1,\"queued\":1}");
    expect_error(peer_line(other), "\"waits\"", ERROR_SHUTTING_DOWN);
    fixture_forget(fixture);
    check_contains(peer_line(other), "\"id\":\"runs\",\"result\"");
    peer_expect_end(other);
    peer_expect_end(trusted);
    assert_int_equal(daemon_wait(&fixture->daemon), 0);
    daemon_expect_none_left(0);
}

HARNESS_MAIN(SCENARIO_MANUAL(test_a_life), SCENARIO_MANUAL(test_a_stopped_loop_is_silent),
             SCENARIO_MANUAL(test_a_manager_that_is_gone), SCENARIO_MANUAL(test_passed_sockets),
             SCENARIO_MANUAL(test_a_connection_that_waits),
             SCENARIO_MANUAL(test_sockets_of_another), SCENARIO_CONFIG(test_drain, CONFIG_FAULTY))
