// Usage: what /proc says of a process that still runs.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "pool/usage.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCK (32u << 20) // bytes

static double
seconds(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

// A child that has run `body` and now waits; told by a byte in a pipe.
static pid_t
start_child(void (*body)(void))
{
    int ends[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        body();
        if (write(ends[1], "x", 1) == 1)
            for (;;)
                pause();
        _exit(1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    return pid;
}

static void
end_child(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
nothing(void)
{
}

static void
burn(void)
{
    struct timespec used;

    do
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    while (used.tv_sec == 0 && used.tv_nsec < 300000000);
}

// Much memory for a moment, and back again.
static void
swell(void)
{
    char *block = malloc(BLOCK);

    if (block == NULL)
        _exit(1);
    memset(block, 1, BLOCK);
    __asm__ volatile("" : : "r"(block) : "memory"); // or a compiler leaves all of it out
    free(block);
}

// The name of a process is its own: it may look like the fields that follow it.
static void
take_a_nasty_name(void)
{
    prctl(PR_SET_NAME, ") Z 1 (x) R 9 9");
    burn();
}

static void
test_time(void **state)
{
    pid_t idle = start_child(nothing);
    pid_t busy = start_child(burn);
    struct rusage usage;

    (void)state;
    assert_true(usage_of(busy, &usage));
    assert_true(seconds(&usage.ru_utime) + seconds(&usage.ru_stime) >= 0.25);
    assert_true(seconds(&usage.ru_utime) + seconds(&usage.ru_stime) < 5);
    assert_true(usage_of(idle, &usage));
    assert_true(seconds(&usage.ru_utime) + seconds(&usage.ru_stime) < 0.25);
    end_child(idle);
    end_child(busy);
}

static void
test_name_with_parentheses(void **state)
{
    pid_t pid = start_child(take_a_nasty_name);
    struct rusage usage;

    (void)state;
    assert_true(usage_of(pid, &usage));
    assert_true(seconds(&usage.ru_utime) + seconds(&usage.ru_stime) >= 0.25);
    assert_true(seconds(&usage.ru_utime) + seconds(&usage.ru_stime) < 5);
    end_child(pid);
}

static void
test_memory(void **state)
{
    pid_t slim = start_child(nothing);
    pid_t swollen = start_child(swell);
    struct rusage before;
    struct rusage usage;

    (void)state;
    assert_true(usage_of(slim, &before));
    assert_true(before.ru_maxrss > 0);
    assert_true(usage_memory(slim) > 0);
    assert_true(usage_memory(slim) <= (size_t)before.ru_maxrss * 1024);
    assert_true(usage_of(swollen, &usage));
    assert_true(usage.ru_maxrss - before.ru_maxrss >= (long)(BLOCK / 1024) / 2); // the peak
    assert_int_equal(usage.ru_minflt, 0);
    end_child(slim);
    end_child(swollen);
}

static void
test_nobody(void **state)
{
    pid_t pid = start_child(nothing);
    struct rusage usage = {.ru_maxrss = 4711};

    (void)state;
    end_child(pid);
    assert_false(usage_of(pid, &usage));
    assert_int_equal(usage.ru_maxrss, 4711);
    assert_int_equal(usage_memory(pid), 0);
}

// One that is dead but not reaped still has its times.
static void
test_zombie(void **state)
{
    pid_t pid = start_child(burn);
    struct rusage usage;
    siginfo_t info;

    (void)state;
    kill(pid, SIGKILL);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_true(usage_of(pid, &usage));
    assert_true(seconds(&usage.ru_utime) + seconds(&usage.ru_stime) >= 0.25);
    assert_int_equal(usage_memory(pid), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
swell_and_stay(void)
{
    char *block = malloc(BLOCK);

    if (block == NULL)
        _exit(1);
    memset(block, 1, BLOCK);
    __asm__ volatile("" : : "r"(block) : "memory");
}

static void
have_a_busy_child(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        burn();
        _exit(0);
    }
    if (waitpid(pid, NULL, 0) != pid)
        _exit(1);
}

// The time, of the children too, and the memory of this moment.
static void
test_look(void **state)
{
    pid_t idle = start_child(nothing);
    pid_t busy = start_child(take_a_nasty_name);
    pid_t parent = start_child(have_a_busy_child);
    pid_t swollen = start_child(swell_and_stay);
    struct usage slim;
    struct usage usage;

    (void)state;
    assert_true(usage_look(idle, &slim));
    assert_true(slim.cpu_us < 250000);
    assert_true(slim.memory > 0);
    assert_true(usage_look(swollen, &usage));
    assert_true(usage.memory >= slim.memory + BLOCK / 2);
    assert_true(usage_look(busy, &usage));
    assert_true(usage.cpu_us >= 250000 && usage.cpu_us < 5000000);
    assert_true(usage_look(parent, &usage));
    assert_true(usage.cpu_us >= 250000 && usage.cpu_us < 5000000);
    end_child(idle);
    end_child(busy);
    end_child(parent);
    usage = (struct usage){.cpu_us = 4711};
    end_child(swollen);
    assert_false(usage_look(swollen, &usage));
    assert_int_equal(usage.cpu_us, 4711);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time),   cmocka_unit_test(test_name_with_parentheses),
        cmocka_unit_test(test_memory), cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_zombie), cmocka_unit_test(test_look),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
