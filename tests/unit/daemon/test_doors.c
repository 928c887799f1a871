// Where the daemon listens: what is configured and what is passed, in every combination.
#include "common/log.h"
#include "daemon/doors.h"
#include "tests/unit/loop.h"
#include "tests/unit/temporary.h"

#include <errno.h>
#include <sys/socket.h>

#define PASSED_MAX 4

struct fixture {
    struct loop loop;
    struct temporary temporary;
    struct config config;
    struct address listen[PASSED_MAX];
    struct activation activation;
    struct listener_error error;
    struct doors *doors;
    int accepted;
};

static void
accepted_cb(void *context, int fd, const struct address *peer)
{
    struct fixture *fixture = context;

    (void)peer;
    close(fd);
    fixture->accepted++;
}

static void
fixture_open(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    loop_open(&fixture->loop);
    temporary_open(&fixture->temporary);
    fixture->config.listen = fixture->listen;
    fixture->config.socket_mode = 0600;
}

static void
fixture_close(struct fixture *fixture)
{
    doors_free(fixture->doors);
    activation_close(&fixture->activation);
    temporary_close(&fixture->temporary);
    loop_close(&fixture->loop);
}

static struct address
unix_address(struct fixture *fixture, const char *name)
{
    struct address address = {.kind = ADDRESS_UNIX};

    snprintf(address.path, sizeof(address.path), "%.100s",
             temporary_path(&fixture->temporary, name));
    return address;
}

static const struct address any_tcp = {.kind = ADDRESS_TCP, .host = "127.0.0.1"};

// Listens, as the service manager would; returns what it is bound to.
static struct address
pass(struct fixture *fixture, const struct address *address, const char *name)
{
    struct activation_socket *one = &fixture->activation.sockets[fixture->activation.count++];
    struct sockaddr_storage bound;
    struct address result;
    socklen_t length;

    assert_int_equal(address_resolve(address, 0, &bound, &length), 0);
    one->fd = socket(bound.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(one->fd, (struct sockaddr *)&bound, length), 0);
    assert_int_equal(listen(one->fd, 16), 0);
    snprintf(one->name, sizeof(one->name), "%s", name);
    length = sizeof(bound);
    assert_int_equal(getsockname(one->fd, (struct sockaddr *)&bound, &length), 0);
    address_from_sockaddr((struct sockaddr *)&bound, length, &result);
    return result;
}

static void
configure(struct fixture *fixture, struct address address)
{
    fixture->listen[fixture->config.listen_count++] = address;
}

static struct address
passed(const char *which)
{
    struct address address = {.kind = ADDRESS_PASSED};

    strcpy(address.path, which);
    return address;
}

static bool
opens(struct fixture *fixture)
{
    struct doors_settings settings = {.base = fixture->loop.base,
                                      .config = &fixture->config,
                                      .activation = &fixture->activation,
                                      .accepted = accepted_cb,
                                      .context = fixture};

    fixture->doors = doors_open(&settings, &fixture->error);
    return fixture->doors != NULL;
}

static size_t
count(const struct fixture *fixture)
{
    size_t number;

    doors_addresses(fixture->doors, &number);
    return number;
}

static bool
is_served(struct fixture *fixture, const struct address *address)
{
    struct sockaddr_storage name;
    int before = fixture->accepted;
    socklen_t length;
    bool connected;
    int fd;

    assert_int_equal(address_resolve(address, 0, &name, &length), 0);
    fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connected = connect(fd, (struct sockaddr *)&name, length) == 0;
    if (connected)
        LOOP_UNTIL(&fixture->loop, fixture->accepted > before);
    close(fd);
    return connected;
}

static void
expect_refused(struct fixture *fixture, const char *why)
{
    assert_false(opens(fixture));
    if (strstr(fixture->error.text, why) == NULL)
        fail_msg("%s", fixture->error.text);
}

// The default addresses count only when nothing is passed.
static void
test_in_place_of_the_defaults(void **state)
{
    struct fixture fixture;
    struct address address;
    struct address tcp;

    (void)state;
    fixture_open(&fixture);
    fixture.config.listen_implied = true;
    configure(&fixture, unix_address(&fixture, "default"));
    address = unix_address(&fixture, "passed");
    pass(&fixture, &address, "a");
    tcp = pass(&fixture, &any_tcp, "b");
    assert_true(opens(&fixture));
    assert_int_equal(count(&fixture), 2);
    assert_true(is_served(&fixture, &address));
    assert_true(is_served(&fixture, &tcp));
    address = unix_address(&fixture, "default");
    assert_false(is_served(&fixture, &address));
    doors_close(fixture.doors);
    address = unix_address(&fixture, "passed");
    assert_false(is_served(&fixture, &address));
    assert_int_equal(access(address.path, F_OK), 0); // its file is not ours to remove
    unlink(address.path);
    assert_int_equal(count(&fixture), 2); // stays known
    fixture_close(&fixture);
}

static void
test_beside_what_is_configured(void **state)
{
    struct fixture fixture;
    struct address own;
    struct address tcp;

    (void)state;
    fixture_open(&fixture);
    own = unix_address(&fixture, "own");
    configure(&fixture, own);
    tcp = pass(&fixture, &any_tcp, "b");
    assert_true(opens(&fixture));
    assert_int_equal(count(&fixture), 2);
    assert_true(is_served(&fixture, &own));
    assert_true(is_served(&fixture, &tcp));
    doors_close(fixture.doors);
    assert_int_not_equal(access(own.path, F_OK), 0);
    fixture_close(&fixture);
}

// An address that is configured and passed is one door, however it is written.
static void
test_both(void **state)
{
    struct fixture fixture;
    struct address path;
    struct address tcp;

    (void)state;
    fixture_open(&fixture);
    path = unix_address(&fixture, "both");
    pass(&fixture, &path, "a");
    tcp = pass(&fixture, &any_tcp, "b");
    strcpy(tcp.host, "localhost");
    configure(&fixture, path);
    configure(&fixture, tcp);
    configure(&fixture, passed("b"));
    assert_true(opens(&fixture));
    assert_int_equal(count(&fixture), 2);
    assert_true(is_served(&fixture, &path));
    assert_true(is_served(&fixture, &tcp));
    fixture_close(&fixture);
}

// The same, with the name before the address.
static void
test_both_name_first(void **state)
{
    struct fixture fixture;
    struct address tcp;

    (void)state;
    fixture_open(&fixture);
    tcp = pass(&fixture, &any_tcp, "b");
    configure(&fixture, passed("b"));
    configure(&fixture, tcp);
    assert_true(opens(&fixture));
    assert_int_equal(count(&fixture), 1);
    assert_true(is_served(&fixture, &tcp));
    fixture_close(&fixture);
}

static void
test_chosen(void **state)
{
    struct fixture fixture;
    struct address first;
    struct address second;
    struct address third;

    (void)state;
    fixture_open(&fixture);
    first = pass(&fixture, &any_tcp, "web");
    second = pass(&fixture, &any_tcp, "other");
    third = pass(&fixture, &any_tcp, "web");
    configure(&fixture, passed("web"));
    assert_true(opens(&fixture));
    assert_int_equal(count(&fixture), 2);
    assert_true(is_served(&fixture, &first));
    assert_true(is_served(&fixture, &third));
    assert_false(is_served(&fixture, &second)); // closed rather than left to hang
    fixture_close(&fixture);
}

static void
test_chosen_by_number(void **state)
{
    struct fixture fixture;
    struct address first;
    struct address second;

    (void)state;
    fixture_open(&fixture);
    first = pass(&fixture, &any_tcp, "");
    second = pass(&fixture, &any_tcp, "");
    configure(&fixture, passed("2"));
    assert_true(opens(&fixture));
    assert_int_equal(count(&fixture), 1);
    assert_true(is_served(&fixture, &second));
    assert_false(is_served(&fixture, &first));
    fixture_close(&fixture);
}

static void
test_missing(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    configure(&fixture, passed("web"));
    expect_refused(&fixture, "systemd:web: systemd has passed no such socket");
    pass(&fixture, &any_tcp, "other");
    expect_refused(&fixture, "systemd:web: systemd has passed no such socket");
    assert_true(fixture.activation.sockets[0].fd >= 0);
    fixture_close(&fixture);
}

// Nothing that is not loopback, no connected socket, no datagrams, no file.
static void
test_unfit(void **state)
{
    struct address everywhere = {.kind = ADDRESS_TCP, .host = "0.0.0.0"};
    struct fixture fixture;
    int pair[2];

    (void)state;
    fixture_open(&fixture);
    fixture.config.listen_implied = true;
    pass(&fixture, &everywhere, "");
    expect_refused(&fixture, "only loopback addresses are served");
    activation_close(&fixture.activation);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    close(pair[1]);
    fixture.activation.sockets[0].fd = pair[0];
    expect_refused(&fixture, "socket 1 of systemd");
    expect_refused(&fixture, "it is no listening stream socket");
    activation_close(&fixture.activation);
    fixture.activation.sockets[0].fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    expect_refused(&fixture, "it is no listening stream socket");
    activation_close(&fixture.activation);
    fixture.activation.sockets[0].fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    expect_refused(&fixture, strerror(ENOTSOCK));
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_place_of_the_defaults),
        cmocka_unit_test(test_beside_what_is_configured),
        cmocka_unit_test(test_both),
        cmocka_unit_test(test_both_name_first),
        cmocka_unit_test(test_chosen),
        cmocka_unit_test(test_chosen_by_number),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_unfit),
    };

    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
