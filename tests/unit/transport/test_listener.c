// Listener: binding safely, above all at the path of a Unix socket, and accepting when descriptors
// run out.
#include "tests/unit/loop.h"
#include "tests/unit/temporary.h"
#include "transport/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

struct owner {
    size_t accepted;
    size_t starved;
    int error;
    int fds[256];
    struct address peer;
};

static void
accepted_cb(void *context, int fd, const struct address *peer)
{
    struct owner *owner = context;

    assert_true(owner->accepted < sizeof(owner->fds) / sizeof(owner->fds[0]));
    owner->fds[owner->accepted++] = fd;
    owner->peer = *peer;
}

static void
starved_cb(void *context, int error)
{
    struct owner *owner = context;

    owner->starved++;
    owner->error = error;
}

static const struct listener_callbacks callbacks = {.accepted = accepted_cb, .starved = starved_cb};

struct fixture {
    struct loop loop;
    struct temporary temporary;
    struct owner owner;
    struct listener_error error;
};

static void
fixture_open(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    loop_open(&fixture->loop);
    temporary_open(&fixture->temporary);
}

static void
close_accepted(struct owner *owner)
{
    while (owner->accepted > 0)
        close(owner->fds[--owner->accepted]);
}

static void
fixture_close(struct fixture *fixture)
{
    close_accepted(&fixture->owner);
    temporary_close(&fixture->temporary);
    loop_close(&fixture->loop);
}

static struct listener *
listen_at(struct fixture *fixture, const struct address *address, mode_t mode)
{
    return listener_new(fixture->loop.base, address, mode, &callbacks, &fixture->owner,
                        &fixture->error);
}

static struct address
unix_address(struct fixture *fixture, const char *name)
{
    struct address address = {.kind = ADDRESS_UNIX};
    const char *path;

    path = temporary_path(&fixture->temporary, name);
    assert_true(strlen(path) < sizeof(address.path));
    memcpy(address.path, path, strlen(path) + 1);
    return address;
}

static int
connect_to(const struct address *address)
{
    struct sockaddr_storage name;
    socklen_t length;
    int fd;

    assert_int_equal(address_resolve(address, 0, &name, &length), 0);
    fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&name, length) == 0)
        return fd;
    close(fd);
    return -1;
}

static void
expect_refused(struct fixture *fixture, const struct address *address, const char *why)
{
    assert_null(listen_at(fixture, address, 0600));
    if (strstr(fixture->error.text, why) == NULL)
        fail_msg("%s", fixture->error.text);
}

// ---- TCP -------------------------------------------------------------------------------------

static void
check_accepted_socket(int fd)
{
    socklen_t length = sizeof(int);
    int on = 0;

    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &length), 0);
    assert_int_not_equal(on, 0);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &length), 0);
    assert_int_not_equal(on, 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void
test_tcp(void **state)
{
    struct address any = {.kind = ADDRESS_TCP, .host = "127.0.0.1"};
    struct listener *listener;
    struct fixture fixture;
    struct address bound;
    int fd;

    (void)state;
    fixture_open(&fixture);
    listener = listen_at(&fixture, &any, 0);
    assert_non_null(listener);
    bound = *listener_address(listener);
    assert_int_equal(bound.kind, ADDRESS_TCP);
    assert_string_equal(bound.host, "127.0.0.1");
    assert_int_not_equal(bound.port, 0);
    fd = connect_to(&bound);
    assert_true(fd >= 0);
    LOOP_UNTIL(&fixture.loop, fixture.owner.accepted == 1);
    check_accepted_socket(fixture.owner.fds[0]);
    assert_int_equal(fixture.owner.peer.kind, ADDRESS_TCP);
    assert_string_equal(fixture.owner.peer.host, "127.0.0.1");
    expect_refused(&fixture, &bound, strerror(EADDRINUSE));
    listener_free(listener);
    assert_int_equal(connect_to(&bound), -1);
    close(fd);
    fixture_close(&fixture);
}

// At once after the end of the one before, with a connection still in TIME_WAIT.
static void
test_tcp_again(void **state)
{
    struct address address = {.kind = ADDRESS_TCP, .host = "127.0.0.1"};
    struct listener *listener;
    struct fixture fixture;
    int fd;

    (void)state;
    fixture_open(&fixture);
    listener = listen_at(&fixture, &address, 0);
    address = *listener_address(listener);
    fd = connect_to(&address);
    LOOP_UNTIL(&fixture.loop, fixture.owner.accepted == 1);
    close_accepted(&fixture.owner); // the server's side closes first
    listener_free(listener);
    close(fd);
    listener = listen_at(&fixture, &address, 0);
    assert_non_null(listener);
    listener_free(listener);
    fixture_close(&fixture);
}

// ---- the path of a Unix socket ---------------------------------------------------------------

static void
check_mode(mode_t mode)
{
    struct fixture fixture;
    struct listener *listener;
    struct address address;
    struct stat status;
    mode_t before = umask(077);

    fixture_open(&fixture);
    address = unix_address(&fixture, "socket");
    listener = listen_at(&fixture, &address, mode);
    assert_non_null(listener);
    assert_int_equal(stat(address.path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 07777, mode);
    assert_int_equal(umask(before), 077); // it was put back
    listener_free(listener);
    assert_int_equal(lstat(address.path, &status), -1);
    fixture_close(&fixture);
}

static void
test_mode(void **state)
{
    (void)state;
    check_mode(0600);
    check_mode(0660);
    check_mode(0666);
    check_mode(0777);
}

static void
test_unix_accepts(void **state)
{
    struct listener *listener;
    struct fixture fixture;
    struct address address;
    int fd;

    (void)state;
    fixture_open(&fixture);
    address = unix_address(&fixture, "socket");
    listener = listen_at(&fixture, &address, 0600);
    fd = connect_to(&address);
    assert_true(fd >= 0);
    LOOP_UNTIL(&fixture.loop, fixture.owner.accepted == 1);
    assert_int_equal(fixture.owner.peer.kind, ADDRESS_UNIX);
    assert_true(fcntl(fixture.owner.fds[0], F_GETFL) & O_NONBLOCK);
    close(fd);
    listener_free(listener);
    fixture_close(&fixture);
}

static void
test_live_socket_is_refused(void **state)
{
    struct listener *listener;
    struct fixture fixture;
    struct address address;
    int fd;

    (void)state;
    fixture_open(&fixture);
    address = unix_address(&fixture, "socket");
    listener = listen_at(&fixture, &address, 0600);
    expect_refused(&fixture, &address, "a running process serves that socket already");
    fd = connect_to(&address); // it is still there, and serves
    assert_true(fd >= 0);
    close(fd);
    listener_free(listener);
    fixture_close(&fixture);
}

// Alive too: its backlog is full, because it is busy.
static void
test_live_socket_with_a_full_backlog(void **state)
{
    struct sockaddr_storage name;
    struct fixture fixture;
    struct address address;
    socklen_t length;
    int clients[2];
    int fd;

    (void)state;
    fixture_open(&fixture);
    address = unix_address(&fixture, "socket");
    assert_int_equal(address_resolve(&address, 0, &name, &length), 0);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, length), 0);
    assert_int_equal(listen(fd, 0), 0);
    for (int i = 0; i < 2; i++) {
        clients[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(clients[i], (struct sockaddr *)&name, length);
    }
    expect_refused(&fixture, &address, "a running process serves that socket already");
    close(clients[0]);
    close(clients[1]);
    close(fd);
    fixture_close(&fixture);
}

static void
test_dead_socket_is_replaced(void **state)
{
    struct sockaddr_storage name;
    struct listener *listener;
    struct fixture fixture;
    struct address address;
    socklen_t length;
    int fd;

    (void)state;
    fixture_open(&fixture);
    address = unix_address(&fixture, "socket");
    assert_int_equal(address_resolve(&address, 0, &name, &length), 0);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, length), 0);
    close(fd); // the file stays, as after a crash
    listener = listen_at(&fixture, &address, 0600);
    assert_non_null(listener);
    fd = connect_to(&address);
    assert_true(fd >= 0);
    close(fd);
    listener_free(listener);
    fixture_close(&fixture);
}

static void
test_file_is_left_alone(void **state)
{
    struct fixture fixture;
    struct address address;
    char text[16];

    (void)state;
    fixture_open(&fixture);
    temporary_write(&fixture.temporary, "file", "precious", 0600);
    address = unix_address(&fixture, "file");
    expect_refused(&fixture, &address, "something that is not a socket stands there");
    assert_string_equal(temporary_read(&fixture.temporary, "file", text, sizeof(text)), "precious");
    fixture_close(&fixture);
}

// A link is not followed, wherever it leads: to a file, to a dead socket, to nothing.
static void
test_link_is_left_alone(void **state)
{
    static const char *const targets[] = {"file", "dead", "nothing"};
    struct sockaddr_storage name;
    struct fixture fixture;
    struct address address;
    struct stat status;
    socklen_t length;
    int fd;

    (void)state;
    fixture_open(&fixture);
    temporary_write(&fixture.temporary, "file", "precious", 0600);
    address = unix_address(&fixture, "dead");
    assert_int_equal(address_resolve(&address, 0, &name, &length), 0);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, length), 0);
    close(fd);
    address = unix_address(&fixture, "link");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(symlink(targets[i], address.path), 0);
        expect_refused(&fixture, &address, "something that is not a socket stands there");
        assert_int_equal(lstat(address.path, &status), 0);
        assert_true(S_ISLNK(status.st_mode));
        unlink(address.path);
    }
    assert_int_equal(lstat(temporary_path(&fixture.temporary, "dead"), &status), 0);
    assert_int_equal(lstat(temporary_path(&fixture.temporary, "nothing"), &status), -1);
    fixture_close(&fixture);
}

static void
test_no_such_folder(void **state)
{
    struct fixture fixture;
    struct address address;

    (void)state;
    fixture_open(&fixture);
    address = unix_address(&fixture, "missing/socket");
    expect_refused(&fixture, &address, strerror(ENOENT));
    fixture_close(&fixture);
}

// Somebody has put another socket in its place meanwhile: not ours to remove.
static void
test_unlinks_only_its_own(void **state)
{
    struct listener *first;
    struct listener *second;
    struct fixture fixture;
    struct address address;
    struct address aside;
    int fd;

    (void)state;
    fixture_open(&fixture);
    address = unix_address(&fixture, "socket");
    aside = unix_address(&fixture, "aside");
    first = listen_at(&fixture, &address, 0600);
    assert_int_equal(rename(address.path, aside.path), 0);
    second = listen_at(&fixture, &address, 0600);
    assert_non_null(second);
    listener_free(first);
    fd = connect_to(&address);
    assert_true(fd >= 0);
    close(fd);
    listener_free(second);
    listener_free(NULL);
    fixture_close(&fixture);
}

// ---- accepting -------------------------------------------------------------------------------

static void
test_bounded_portions(void **state)
{
    enum { CLIENTS = 100 };
    struct listener *listener;
    struct fixture fixture;
    struct address address;
    int clients[CLIENTS];

    (void)state;
    fixture_open(&fixture);
    address = unix_address(&fixture, "socket");
    listener = listen_at(&fixture, &address, 0600);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = connect_to(&address);
    loop_turn(&fixture.loop);
    assert_int_equal(fixture.owner.accepted, LISTENER_ACCEPTS_PER_TURN);
    LOOP_UNTIL(&fixture.loop, fixture.owner.accepted == CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        close(clients[i]);
    listener_free(listener);
    fixture_close(&fixture);
}

static void
set_descriptor_limit(rlim_t soft)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = soft;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

// The client's side is made first; then not one descriptor more can be had.
static void
test_out_of_descriptors(void **state)
{
    struct rlimit before;
    struct listener *listener;
    struct fixture fixture;
    struct address address;
    int clients[2];
    int64_t began_us;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    fixture_open(&fixture);
    address = unix_address(&fixture, "socket");
    listener = listen_at(&fixture, &address, 0600);
    for (int i = 0; i < 2; i++)
        clients[i] = connect_to(&address);
    set_descriptor_limit((rlim_t)clients[1] + 1); // all below are in use
    LOOP_UNTIL(&fixture.loop, fixture.owner.starved > 0);
    assert_int_equal(fixture.owner.error, EMFILE);
    assert_int_equal(fixture.owner.accepted, 0);
    began_us = clock_us();
    LOOP_UNTIL(&fixture.loop, fixture.owner.starved == 3);
    assert_true(clock_us() - began_us > 150000); // it pauses: it does not spin
    set_descriptor_limit(before.rlim_cur);
    LOOP_UNTIL(&fixture.loop, fixture.owner.accepted == 2);
    close(clients[0]);
    close(clients[1]);
    listener_free(listener);
    fixture_close(&fixture);
}

static void
test_freed_while_it_pauses(void **state)
{
    struct rlimit before;
    struct listener *listener;
    struct fixture fixture;
    struct address address;
    int client;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    fixture_open(&fixture);
    address = unix_address(&fixture, "socket");
    listener = listen_at(&fixture, &address, 0600);
    client = connect_to(&address);
    set_descriptor_limit((rlim_t)client + 1);
    LOOP_UNTIL(&fixture.loop, fixture.owner.starved > 0);
    listener_free(listener);
    set_descriptor_limit(before.rlim_cur);
    loop_settle(&fixture.loop);
    assert_int_equal(fixture.owner.accepted, 0);
    close(client);
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_tcp_again),
        cmocka_unit_test(test_mode),
        cmocka_unit_test(test_unix_accepts),
        cmocka_unit_test(test_live_socket_is_refused),
        cmocka_unit_test(test_live_socket_with_a_full_backlog),
        cmocka_unit_test(test_dead_socket_is_replaced),
        cmocka_unit_test(test_file_is_left_alone),
        cmocka_unit_test(test_link_is_left_alone),
        cmocka_unit_test(test_no_such_folder),
        cmocka_unit_test(test_unlinks_only_its_own),
        cmocka_unit_test(test_bounded_portions),
        cmocka_unit_test(test_out_of_descriptors),
        cmocka_unit_test(test_freed_while_it_pauses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
