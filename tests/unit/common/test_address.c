// Addresses: what users may write, and which of it is loopback.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "common/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_107                                             \
    "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void
addresses_are_read_and_printed(void **state)
{
    static const char *const texts[] = {
        "unix:/run/offloadd/offloadd.sock",
        "unix:relative.sock",
        "unix:/a path:with=colons",
        "unix:" PATH_107,
        "tcp:127.0.0.1:7707",
        "tcp:localhost:0",
        "tcp:some-host_1.example.org:65535",
        "tcp:[::1]:7707",
        "tcp:[fe80::1%eth0]:1",
        "tcp:[::ffff:127.0.0.1]:1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct address address;
        char text[ADDRESS_TEXT_MAX];
        const char *problem = address_parse(texts[i], &address);

        if (problem != NULL)
            fail_msg("'%s': %s", texts[i], problem);
        address_format(&address, text);
        assert_string_equal(text, texts[i]);
    }
}

static void
parts_are_found(void **state)
{
    struct address address;

    (void)state;
    assert_null(address_parse("tcp:[::1]:7707", &address));
    assert_int_equal(address.kind, ADDRESS_TCP);
    assert_string_equal(address.host, "::1");
    assert_int_equal(address.port, 7707);
    assert_null(address_parse("unix:/x", &address));
    assert_int_equal(address.kind, ADDRESS_UNIX);
    assert_string_equal(address.path, "/x");
}

static void
what_is_no_address_is_refused(void **state)
{
    static const char *const texts[] = {"",
                                        "/run/x",
                                        "x",
                                        "unix",
                                        "unix:",
                                        "unix:@abstract",
                                        "unix:/a\nb",
                                        "unix:/a\x7f",
                                        "unix:" PATH_107 "x",
                                        "udp:127.0.0.1:1",
                                        "TCP:127.0.0.1:1",
                                        "tcp:",
                                        "tcp::",
                                        "tcp:host",
                                        "tcp::7707",
                                        "tcp:host:",
                                        "tcp:host:-1",
                                        "tcp:host:+1",
                                        "tcp:host:65536",
                                        "tcp:host:7 ",
                                        "tcp:host:http",
                                        "tcp: host:1",
                                        "tcp:ho st:1",
                                        "tcp:*:1",
                                        "tcp:-host:1",
                                        "tcp:::1:7707",
                                        "tcp:::1",
                                        "tcp:[::1]",
                                        "tcp:[::1:7707",
                                        "tcp:[::1]7707",
                                        "tcp:[]:1",
                                        "tcp:[1.2.3.4]:1",
                                        "tcp:[:::1]:1",
                                        "tcp:[::1%]:1",
                                        "tcp:[::1%a b]:1",
                                        "tcp:[host]:1",
                                        "tcp:[",
                                        "tcp:[:1",
                                        "tcp:h\xc3\xb6st:1",
                                        "tcp:host/x:1"};
    char host[300] = "tcp:";

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct address address = {.port = 4711};

        if (address_parse(texts[i], &address) == NULL)
            fail_msg("'%s' was accepted", texts[i]);
        assert_int_equal(address.port, 4711);
    }
    memset(host + 4, 'a', 256);
    strcpy(host + 4 + 256, ":1");
    assert_non_null(address_parse(host, &(struct address){0}));
    assert_null(address_parse(memcpy(host + 1, "tcp:", 4), &(struct address){0}));
}

// Only where one listens may an address name a socket of the service manager's.
static void
passed_sockets_are_for_listening(void **state)
{
    static const char *const wrong[] = {"systemd:",    "systemd:a:b",      "systemd:a b",
                                        "systemd:a\n", "systemd:\xc3\xb6", "systemd"};
    struct sockaddr_storage storage;
    struct address address = {.port = 4711};
    char longest[128] = "systemd:";
    char text[ADDRESS_TEXT_MAX];
    socklen_t length;

    (void)state;
    assert_non_null(address_parse("systemd:web", &address));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_non_null(address_parse_listen(wrong[i], &address));
    memset(longest + 8, 'n', 108);
    assert_non_null(address_parse_listen(longest, &address));
    assert_int_equal(address.port, 4711);
    assert_null(address_parse_listen("systemd:offloadd.socket", &address));
    assert_int_equal(address.kind, ADDRESS_PASSED);
    assert_string_equal(address.path, "offloadd.socket");
    address_format(&address, text);
    assert_string_equal(text, "systemd:offloadd.socket");
    assert_int_equal(address_resolve(&address, 0, &storage, &length), EAFNOSUPPORT);
    assert_null(address_parse_listen("tcp:[::1]:7707", &address));
    assert_int_equal(address.kind, ADDRESS_TCP);
    assert_null(address_parse_listen("unix:/x", &address));
    assert_int_equal(address.kind, ADDRESS_UNIX);
}

static struct sockaddr_storage
resolved(const char *text, unsigned index, socklen_t *ret_length)
{
    struct sockaddr_storage storage;
    struct address address;

    assert_null(address_parse(text, &address));
    assert_int_equal(address_resolve(&address, index, &storage, ret_length), 0);
    return storage;
}

static void
resolving_and_back_gives_the_same(void **state)
{
    static const char *const texts[] = {"unix:/run/x.sock",   "unix:" PATH_107,
                                        "tcp:127.0.0.1:7707", "tcp:10.1.2.3:0",
                                        "tcp:[::1]:7707",     "tcp:[2001:db8::1]:1"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        socklen_t length;
        struct sockaddr_storage storage = resolved(texts[i], 0, &length);
        struct address address;
        char text[ADDRESS_TEXT_MAX];

        address_from_sockaddr((struct sockaddr *)&storage, length, &address);
        address_format(&address, text);
        assert_string_equal(text, texts[i]);
    }
}

static void
there_is_no_result_after_the_last(void **state)
{
    static const char *const texts[] = {"unix:/x", "tcp:127.0.0.1:1", "tcp:[::1]:1"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sockaddr_storage storage = {.ss_family = 99};
        socklen_t length = 4711;
        struct address address;

        assert_null(address_parse(texts[i], &address));
        assert_int_equal(address_resolve(&address, 1, &storage, &length), ENOENT);
        assert_int_equal(length, 4711);
        assert_int_equal(storage.ss_family, 99);
    }
}

static void
localhost_is_loopback_and_ends(void **state)
{
    struct sockaddr_storage storage;
    struct address address;
    socklen_t length;
    unsigned count = 0;

    (void)state;
    assert_null(address_parse("tcp:localhost:7707", &address));
    while (count < 10 && address_resolve(&address, count, &storage, &length) == 0) {
        assert_true(address_is_loopback((struct sockaddr *)&storage));
        assert_int_equal(ntohs(((struct sockaddr_in *)&storage)->sin_port), 7707);
        count++;
    }
    assert_in_range(count, 1, 2);
    assert_int_equal(address_resolve(&address, count, &storage, &length), ENOENT);
}

static void
loopback_is_told_from_the_rest(void **state)
{
    static const struct {
        const char *text;
        bool loopback;
    } rows[] = {
        {"unix:/x", true},
        {"tcp:127.0.0.1:1", true},
        {"tcp:127.255.255.254:1", true},
        {"tcp:[::1]:1", true},
        {"tcp:[::ffff:127.0.0.1]:1", true},
        {"tcp:0.0.0.0:1", false},
        {"tcp:126.255.255.255:1", false},
        {"tcp:128.0.0.1:1", false},
        {"tcp:10.0.0.127:1", false},
        {"tcp:1.0.0.127:1", false},
        {"tcp:[::]:1", false},
        {"tcp:[::2]:1", false},
        {"tcp:[1::1]:1", false},
        {"tcp:[::ffff:10.0.0.1]:1", false},
        {"tcp:[::7f00:1]:1", false},
        {"tcp:0:1", false}, // inet_aton's short form of 0.0.0.0
        {"tcp:2130706433:1", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        socklen_t length;
        struct sockaddr_storage storage = resolved(rows[i].text, 0, &length);

        if (address_is_loopback((struct sockaddr *)&storage) != rows[i].loopback)
            fail_msg("%s", rows[i].text);
    }
    assert_false(address_is_loopback(&(struct sockaddr){.sa_family = AF_UNSPEC}));
}

static void
nameless_sockets_have_an_empty_path(void **state)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0abstract"};
    struct address address;
    char text[ADDRESS_TEXT_MAX];

    (void)state;
    address_from_sockaddr((struct sockaddr *)&name, sizeof(sa_family_t), &address);
    address_format(&address, text);
    assert_string_equal(text, "unix:");
    address_from_sockaddr((struct sockaddr *)&name, sizeof(name), &address);
    address_format(&address, text);
    assert_string_equal(text, "unix:");
}

// unix(7): a path may fill sun_path and then has no NUL.
static void
a_path_without_nul_is_not_overrun(void **state)
{
    struct {
        struct sockaddr_un name;
        char behind[4];
    } block = {.name.sun_family = AF_UNIX, .behind = "zzz"};
    struct address address;

    (void)state;
    memset(block.name.sun_path, 'a', sizeof(block.name.sun_path));
    address_from_sockaddr((struct sockaddr *)&block.name, sizeof(block.name), &address);
    assert_int_equal(strspn(address.path, "a"), strlen(address.path));
    assert_int_equal(strlen(address.path), sizeof(address.path) - 1);
}

static void
set_environment(const char *runtime, const char *xdg)
{
    runtime != NULL ? setenv("RUNTIME_DIRECTORY", runtime, 1) : unsetenv("RUNTIME_DIRECTORY");
    xdg != NULL ? setenv("XDG_RUNTIME_DIR", xdg, 1) : unsetenv("XDG_RUNTIME_DIR");
}

static void
check_addresses(const struct address *addresses, size_t count, const char *const *texts)
{
    char text[ADDRESS_TEXT_MAX];

    for (size_t i = 0; i < count; i++) {
        assert_non_null(texts[i]);
        address_format(&addresses[i], text);
        assert_string_equal(text, texts[i]);
    }
    assert_null(texts[count]);
}

static void
servers_defaults_follow_the_environment(void **state)
{
    static const struct {
        const char *runtime;
        const char *xdg;
        const char *texts[3];
    } rows[] = {
        {NULL, NULL, {"unix:/run/offloadd/offloadd.sock", "tcp:127.0.0.1:7707"}},
        {NULL, "/run/user/7", {"unix:/run/user/7/offloadd.sock", "tcp:127.0.0.1:7707"}},
        {"/run/o", "/run/user/7", {"unix:/run/o/offloadd.sock", "tcp:127.0.0.1:7707"}},
        {"/run/o:/run/p", NULL, {"unix:/run/o/offloadd.sock", "tcp:127.0.0.1:7707"}},
        {"", "relative", {"unix:/run/offloadd/offloadd.sock", "tcp:127.0.0.1:7707"}},
        {PATH_107, NULL, {"tcp:127.0.0.1:7707"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct address addresses[2];

        set_environment(rows[i].runtime, rows[i].xdg);
        check_addresses(addresses, address_server_defaults(addresses), rows[i].texts);
    }
}

static void
clients_look_at_the_users_socket_first(void **state)
{
    static const char *const with[] = {"unix:/run/user/7/offloadd.sock",
                                       "unix:/run/offloadd/offloadd.sock", "tcp:127.0.0.1:7707",
                                       NULL};
    struct address addresses[3];

    (void)state;
    set_environment("/run/ignored", "/run/user/7");
    check_addresses(addresses, address_client_defaults(addresses), with);
    set_environment(NULL, NULL);
    check_addresses(addresses, address_client_defaults(addresses), with + 1);
    set_environment(NULL, PATH_107);
    check_addresses(addresses, address_client_defaults(addresses), with + 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_printed),
        cmocka_unit_test(parts_are_found),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(passed_sockets_are_for_listening),
        cmocka_unit_test(resolving_and_back_gives_the_same),
        cmocka_unit_test(there_is_no_result_after_the_last),
        cmocka_unit_test(localhost_is_loopback_and_ends),
        cmocka_unit_test(loopback_is_told_from_the_rest),
        cmocka_unit_test(nameless_sockets_have_an_empty_path),
        cmocka_unit_test(a_path_without_nul_is_not_overrun),
        cmocka_unit_test(servers_defaults_follow_the_environment),
        cmocka_unit_test(clients_look_at_the_users_socket_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
