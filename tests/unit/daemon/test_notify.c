// Messages to the service manager: where they go, and what happens when nobody takes them.
#include "daemon/notify.h"
#include "tests/unit/daemon/manager.h"

#include <errno.h>

static void
clear(void)
{
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

static void
test_nobody(void **state)
{
    struct notify notify;

    (void)state;
    clear();
    assert_int_equal(notify_open(&notify), 0);
    assert_int_equal(notify.fd, -1);
    assert_int_equal(notify_send(&notify, "READY=1"), 0);
    setenv("NOTIFY_SOCKET", "", 1);
    assert_int_equal(notify_open(&notify), 0);
    assert_int_equal(notify.fd, -1);
    notify_close(&notify);
}

static void
test_path(void **state)
{
    struct manager manager;
    struct notify notify;

    (void)state;
    clear();
    manager_open(&manager);
    assert_int_equal(notify_open(&notify), 0);
    assert_null(getenv("NOTIFY_SOCKET")); // no child gets to know it
    assert_true(fcntl(notify.fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(notify_send(&notify, "READY=1\nSTATUS=so\n"), 0);
    assert_string_equal(manager_hears(&manager), "READY=1\nSTATUS=so\n");
    assert_null(manager_hears(&manager));
    notify_close(&notify);
    manager_close(&manager);
}

static void
test_abstract(void **state)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char text[64];
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct notify notify;
    size_t length;

    (void)state;
    clear();
    length = (size_t)snprintf(text, sizeof(text), "@offload-notify-%d", (int)getpid());
    memcpy(name.sun_path + 1, text + 1, length - 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&name,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
                     0);
    setenv("NOTIFY_SOCKET", text, 1);
    assert_int_equal(notify_open(&notify), 0);
    assert_int_equal(notify_send(&notify, "STOPPING=1"), 0);
    assert_int_equal(recv(fd, text, sizeof(text), 0), 10);
    notify_close(&notify);
    close(fd);
}

static void
test_bad_names(void **state)
{
    static const struct {
        const char *name;
        int error;
    } cases[] = {{"relative", -EAFNOSUPPORT}, {"vsock:2:9999", -EAFNOSUPPORT}, {"/", -EINVAL}};
    char longest[256];
    struct notify notify;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        setenv("NOTIFY_SOCKET", cases[i].name, 1);
        assert_int_equal(notify_open(&notify), cases[i].error);
        assert_int_equal(notify.fd, -1);
        assert_null(getenv("NOTIFY_SOCKET"));
    }
    memset(longest, '/', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    setenv("NOTIFY_SOCKET", longest, 1);
    assert_int_equal(notify_open(&notify), -EINVAL);
}

static void
expect_watchdog(const char *us, const char *pid, int64_t expected)
{
    struct manager manager;
    struct notify notify;

    clear();
    manager_open(&manager);
    if (us != NULL)
        setenv("WATCHDOG_USEC", us, 1);
    if (pid != NULL)
        setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(notify_open(&notify), 0);
    assert_int_equal(notify.watchdog_us, expected);
    assert_null(getenv("WATCHDOG_USEC"));
    assert_null(getenv("WATCHDOG_PID"));
    notify_close(&notify);
    manager_close(&manager);
}

static void
test_watchdog(void **state)
{
    char mine[16];
    char other[16];

    (void)state;
    snprintf(mine, sizeof(mine), "%d", (int)getpid());
    snprintf(other, sizeof(other), "%d", (int)getppid());
    expect_watchdog(NULL, NULL, 0);
    expect_watchdog("30000000", NULL, 30000000);
    expect_watchdog("30000000", mine, 30000000);
    expect_watchdog("30000000", other, 0);
    expect_watchdog("30000000", "x", 0);
    expect_watchdog("0", mine, 0);
    expect_watchdog("soon", mine, 0);
}

// A manager that reads nothing holds up nobody; one that has gone is no reason to fail.
static void
test_nobody_reads(void **state)
{
    struct manager manager;
    struct notify notify;
    int error = 0;

    (void)state;
    clear();
    manager_open(&manager);
    assert_int_equal(notify_open(&notify), 0);
    for (int i = 0; i < 100000 && error == 0; i++)
        error = notify_send(&notify, "WATCHDOG=1");
    assert_int_equal(error, -EAGAIN);
    while (manager_hears(&manager) != NULL)
        ;
    assert_int_equal(notify_send(&notify, "READY=1"), 0);
    manager_close(&manager);
    assert_true(notify_send(&notify, "READY=1") < 0);
    notify_close(&notify);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody),   cmocka_unit_test(test_path),
        cmocka_unit_test(test_abstract), cmocka_unit_test(test_bad_names),
        cmocka_unit_test(test_watchdog), cmocka_unit_test(test_nobody_reads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
