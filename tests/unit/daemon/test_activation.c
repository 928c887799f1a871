// Socket activation: what is taken over from the environment and what is left alone. Each case runs
// in a child of its own, for the protocol prescribes the numbers of the descriptors.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "daemon/activation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEMAND(condition)                                      \
    do {                                                       \
        if (!(condition)) {                                    \
            dprintf(2, "line %d: %s\n", __LINE__, #condition); \
            _exit(1);                                          \
        }                                                      \
    } while (0)

// Runs a case with descriptors 3 to 5 open and nothing in the environment.
static void
run(void (*child)(void))
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        int null = open("/dev/null", O_RDONLY);

        for (int fd = 3; fd < 6; fd++)
            DEMAND(null == fd || dup2(null, fd) == fd);
        clearenv();
        child();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void
set_pid(pid_t pid)
{
    char text[16];

    snprintf(text, sizeof(text), "%d", (int)pid);
    setenv("LISTEN_PID", text, 1);
}

static void
nothing_passed(void)
{
    struct activation activation;

    DEMAND(activation_take(&activation) == 0);
    DEMAND(activation.count == 0);
}

static void
for_another_process(void)
{
    struct activation activation;

    set_pid(getppid());
    setenv("LISTEN_FDS", "2", 1);
    DEMAND(activation_take(&activation) == 0);
    DEMAND(activation.count == 0);
    DEMAND(fcntl(3, F_GETFD) == 0); // not touched
    DEMAND(getenv("LISTEN_FDS") == NULL && getenv("LISTEN_PID") == NULL);
}

static void
without_a_pid(void)
{
    struct activation activation;

    setenv("LISTEN_FDS", "1", 1);
    DEMAND(activation_take(&activation) == 0);
    DEMAND(activation.count == 0);
}

static void
several_by_name_and_number(void)
{
    struct activation activation;

    set_pid(getpid());
    setenv("LISTEN_FDS", "3", 1);
    setenv("LISTEN_FDNAMES", "web:web:2", 1);
    DEMAND(activation_take(&activation) == 0);
    DEMAND(activation.count == 3);
    for (int i = 0; i < 3; i++) {
        DEMAND(activation.sockets[i].fd == 3 + i);
        DEMAND(fcntl(3 + i, F_GETFD) == FD_CLOEXEC);
    }
    DEMAND(activation_is(&activation, 0, "web") && activation_is(&activation, 1, "web"));
    DEMAND(!activation_is(&activation, 2, "web"));
    DEMAND(activation_is(&activation, 0, "1") && activation_is(&activation, 2, "3"));
    DEMAND(activation_is(&activation, 2, "2") && activation_is(&activation, 1, "2"));
    DEMAND(!activation_is(&activation, 0, "0") && !activation_is(&activation, 0, "we"));
    DEMAND(getenv("LISTEN_FDNAMES") == NULL);
    activation.sockets[1].fd = -1; // somebody has taken it
    activation_close(&activation);
    DEMAND(fcntl(3, F_GETFD) == -1 && fcntl(4, F_GETFD) >= 0 && fcntl(5, F_GETFD) == -1);
}

// Fewer names than sockets, empty ones, one that is too long.
static void
odd_names(void)
{
    struct activation activation;
    char names[ACTIVATION_NAME_SIZE + 8];

    memset(names, 'n', sizeof(names));
    strcpy(names + sizeof(names) - 3, "::");
    set_pid(getpid());
    setenv("LISTEN_FDS", "3", 1);
    setenv("LISTEN_FDNAMES", names, 1);
    DEMAND(activation_take(&activation) == 0);
    for (int i = 0; i < 3; i++)
        DEMAND(activation.sockets[i].name[0] == '\0');
    set_pid(getpid());
    setenv("LISTEN_FDS", "3", 1);
    setenv("LISTEN_FDNAMES", "one", 1);
    DEMAND(activation_take(&activation) == 0);
    DEMAND(strcmp(activation.sockets[0].name, "one") == 0);
    DEMAND(activation.sockets[1].name[0] == '\0');
}

static void
nonsense(void)
{
    static const struct {
        const char *count;
        int error;
    } cases[] = {{"x", -EINVAL}, {"-1", -EINVAL}, {"", -EINVAL},
                 {"65", -E2BIG}, {"4", -EBADF},   {"99999999999999999999", -EINVAL}};
    struct activation activation;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        set_pid(getpid());
        setenv("LISTEN_FDS", cases[i].count, 1);
        DEMAND(activation_take(&activation) == cases[i].error);
        DEMAND(activation.count == 0);
        DEMAND(getenv("LISTEN_FDS") == NULL);
    }
}

#define CASE(function)                        \
    static void test_##function(void **state) \
    {                                         \
        (void)state;                          \
        run(function);                        \
    }
CASE(nothing_passed)
CASE(for_another_process)
CASE(without_a_pid)
CASE(several_by_name_and_number)
CASE(odd_names)
CASE(nonsense)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_passed), cmocka_unit_test(test_for_another_process),
        cmocka_unit_test(test_without_a_pid),  cmocka_unit_test(test_several_by_name_and_number),
        cmocka_unit_test(test_odd_names),      cmocka_unit_test(test_nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
