// Callers: one for each identity, there as long as it has sessions; weights of users; and what the
// kernel says of the two ends of a connection.
#include "tests/unit/session/client.h"

#include <arpa/inet.h>
#include <sys/un.h>

static struct identity
user(uid_t uid)
{
    return (struct identity){.kind = IDENTITY_UID, .uid = uid};
}

static struct identity
host(const char *text)
{
    struct identity identity = {.kind = IDENTITY_HOST};

    assert_int_equal(inet_pton(AF_INET6, text, &identity.host), 1);
    return identity;
}

static void
test_each_is_one(void **state)
{
    const struct identity who[] = {user(0),     user(1000),          host("::1"),
                                   host("::2"), host("::ffff:0:0"),  {.kind = IDENTITY_UNKNOWN},
                                   user(65534), host("::ffff:1:2:3")};
    struct caller *first[8];
    struct config config = {.limits = LIMITS_DEFAULT};
    struct callers callers;

    (void)state;
    callers_init(&callers);
    for (size_t i = 0; i < 8; i++) {
        first[i] = callers_enter(&callers, &config, &who[i]);
        assert_int_equal(callers.count, i + 1);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(first[i]->key, first[j]->key);
    }
    for (size_t i = 0; i < 8; i++) {
        assert_ptr_equal(callers_enter(&callers, &config, &who[i]), first[i]);
        assert_int_equal(first[i]->sessions, 2);
        callers_leave(&callers, first[i]);
        assert_int_equal(callers.count, 8 - i);
        callers_leave(&callers, first[i]);
        assert_int_equal(callers.count, 7 - i);
    }
}

// One that comes again is told from what it was.
static void
test_keys_are_new(void **state)
{
    struct config config = {.limits = LIMITS_DEFAULT};
    struct identity who = user(1);
    struct callers callers;
    uint64_t last = 0;

    (void)state;
    callers_init(&callers);
    for (int i = 0; i < 3; i++) {
        struct caller *caller = callers_enter(&callers, &config, &who);

        assert_true(caller->key > last);
        last = caller->key;
        callers_leave(&callers, caller);
    }
}

static void
test_weights(void **state)
{
    struct weight weights[] = {{.uid = 5, .weight = 1}, {.uid = 7, .weight = 10000}};
    struct config config = {.limits = LIMITS_DEFAULT, .weights = weights, .weight_count = 2};
    const struct identity who[] = {user(5), user(6), user(7), host("::7")};
    const unsigned expected[] = {1, 100, 10000, 100};
    struct callers callers;

    (void)state;
    callers_init(&callers);
    for (size_t i = 0; i < 4; i++) {
        struct caller *caller = callers_enter(&callers, &config, &who[i]);

        assert_int_equal(caller->weight, expected[i]);
        callers_leave(&callers, caller);
    }
}

// ---- the kernel -----------------------------------------------------------------------------

static void
check_peer(int fd, const char *expected)
{
    struct identity who = identity_of_peer(fd);
    char text[IDENTITY_TEXT_MAX];

    identity_format(&who, text);
    assert_string_equal(text, expected);
}

// What is accepted from `from` on a listener of that family, both on the same address.
static void
check_tcp(int family, const char *address, const char *from, const char *expected)
{
    struct sockaddr_storage name = {.ss_family = (sa_family_t)family};
    struct sockaddr_storage own = {.ss_family = (sa_family_t)family};
    socklen_t length = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    int listener = socket(family, SOCK_STREAM, 0);
    int client = socket(family, SOCK_STREAM, 0);
    int accepted;

    if (family == AF_INET) {
        inet_pton(family, address, &((struct sockaddr_in *)&name)->sin_addr);
        inet_pton(family, from, &((struct sockaddr_in *)&own)->sin_addr);
    } else {
        inet_pton(family, address, &((struct sockaddr_in6 *)&name)->sin6_addr);
        inet_pton(family, from, &((struct sockaddr_in6 *)&own)->sin6_addr);
    }
    if (bind(listener, (struct sockaddr *)&name, length) != 0) {
        assert_int_equal(family, AF_INET6); // a machine without IPv6
    } else {
        assert_int_equal(listen(listener, 1), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *)&name, &length), 0);
        assert_int_equal(bind(client, (struct sockaddr *)&own, length), 0);
        assert_int_equal(connect(client, (struct sockaddr *)&name, length), 0);
        accepted = accept(listener, NULL, NULL);
        check_peer(accepted, expected);
        close(accepted);
    }
    close(listener);
    close(client);
}

static void
test_peers(void **state)
{
    char expected[IDENTITY_TEXT_MAX];
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    snprintf(expected, sizeof(expected), "uid %u", (unsigned)geteuid());
    check_peer(ends[0], expected);
    close(ends[1]);
    check_peer(ends[0], expected); // it is gone, and still known
    close(ends[0]);
    check_peer(-1, "unknown");
    check_tcp(AF_INET, "127.0.0.1", "127.0.0.1", "127.0.0.1");
    check_tcp(AF_INET, "127.0.0.1", "127.7.0.2", "127.7.0.2");
    check_tcp(AF_INET6, "::1", "::1", "::1");
}

// A session has its caller until it is closed, and no longer.
static void
test_session(void **state)
{
    struct client client;
    struct caller *caller;

    (void)state;
    client_open(&client);
    assert_int_equal(client.callers.count, 1);
    caller = TAILQ_FIRST(&client.callers.all);
    assert_int_equal(caller->who.kind, IDENTITY_UID);
    assert_int_equal(caller->who.uid, geteuid());
    assert_int_equal(caller->sessions, 1);
    hang_up(&client);
    LOOP_UNTIL(&client.house.loop, client.closed);
    assert_int_equal(client.callers.count, 0);
    client_close(&client);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_is_one), cmocka_unit_test(test_keys_are_new),
        cmocka_unit_test(test_weights),     cmocka_unit_test(test_peers),
        cmocka_unit_test(test_session),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
