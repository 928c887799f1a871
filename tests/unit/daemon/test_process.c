// Process: what the daemon arranges for itself, tried in child processes; and files that appear
// only when they are complete.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "daemon/process.h"
#include "tests/unit/temporary.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

// Runs it in a child of its own, which must return 0.
static void
in_child(int (*run)(void))
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(run());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

// ---- process_prepare -------------------------------------------------------------------------

static int
start_without_descriptors(void)
{
    unsigned long open_files;

    close(0);
    close(2);
    if (process_prepare(&open_files) != 0)
        return 1;
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            return 2;
    return 0;
}

static int
start_with_blocked_signals(void)
{
    unsigned long open_files;
    struct sigaction action;
    sigset_t all;
    sigset_t now;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    if (process_prepare(&open_files) != 0)
        return 1;
    sigprocmask(SIG_SETMASK, NULL, &now);
    for (int i = 1; i < NSIG; i++)
        if (sigismember(&now, i) == 1)
            return 2;
    sigaction(SIGPIPE, NULL, &action);
    return action.sa_handler == SIG_IGN ? 0 : 3;
}

static int
start_with_few_open_files(void)
{
    unsigned long open_files = 0;
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 64;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (process_prepare(&open_files) != 0)
        return 1;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur != limit.rlim_max)
        return 2;
    return open_files == 64 ? 0 : 3;
}

static void
test_prepare(void **state)
{
    (void)state;
    in_child(start_without_descriptors);
    in_child(start_with_blocked_signals);
    in_child(start_with_few_open_files);
}

// ---- process_find_worker ---------------------------------------------------------------------

static void
copy_self(const char *to)
{
    static char block[65536];
    int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    ssize_t n;

    assert_true(in >= 0 && out >= 0);
    while ((n = read(in, block, sizeof(block))) > 0)
        assert_int_equal(write(out, block, (size_t)n), n);
    close(in);
    close(out);
}

// The copy of this program prints what it finds (see main).
static void
find_from(const char *program, char *found, size_t size)
{
    FILE *pipe;

    setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    pipe = popen(program, "r");
    assert_non_null(pipe);
    if (fgets(found, (int)size, pipe) == NULL)
        found[0] = '\0';
    assert_int_not_equal(pclose(pipe), -1);
}

static void
test_find_worker(void **state)
{
    struct temporary temporary;
    char command[256];
    char expected[256];
    char found[4400];

    (void)state;
    temporary_open(&temporary);
    copy_self(temporary_path(&temporary, "program"));
    snprintf(command, sizeof(command), "%s --find", temporary.path);
    // Not executable: not taken.
    temporary_write(&temporary, "offload-worker", "", 0644);
    find_from(command, found, sizeof(found));
    assert_null(strstr(found, temporary.folder));
    assert_int_equal(chmod(temporary.path, 0755), 0);
    find_from(command, found, sizeof(found));
    snprintf(expected, sizeof(expected), "%s\n", temporary.path);
    assert_string_equal(found, expected);
    temporary_close(&temporary);
}

// ---- process_write_file ----------------------------------------------------------------------

static void
test_write_file(void **state)
{
    struct temporary temporary;
    struct stat status;
    char text[64];
    mode_t before = umask(077);

    (void)state;
    temporary_open(&temporary);
    assert_int_equal(process_write_file(temporary_path(&temporary, "ready"), "one\ntwo\n"), 0);
    assert_string_equal(temporary_read(&temporary, "ready", text, sizeof(text)), "one\ntwo\n");
    assert_int_equal(stat(temporary.path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0644); // for whoever waits for it
    assert_int_equal(process_write_file(temporary.path, "new\n"), 0);
    assert_string_equal(temporary_read(&temporary, "ready", text, sizeof(text)), "new\n");
    assert_int_equal(process_write_file(temporary.path, ""), 0);
    assert_string_equal(temporary_read(&temporary, "ready", text, sizeof(text)), "");
    assert_int_equal(temporary_count(&temporary), 1);
    umask(before);
    temporary_close(&temporary);
}

static void
test_write_file_fails(void **state)
{
    struct temporary temporary;

    (void)state;
    temporary_open(&temporary);
    assert_int_equal(process_write_file(temporary_path(&temporary, "no/ready"), "x"), -ENOENT);
    assert_int_equal(mkdir(temporary_path(&temporary, "folder"), 0700), 0);
    assert_int_equal(process_write_file(temporary.path, "x"), -EISDIR);
    assert_int_equal(temporary_count(&temporary), 1); // nothing half-made is left
    assert_int_equal(rmdir(temporary.path), 0);
    temporary_close(&temporary);
}

static struct temporary shared;

// No byte more can be written: the old file stays as it was.
static int
write_to_a_full_disk(void)
{
    struct rlimit none = {0, 0};

    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &none) != 0)
        return 1;
    return process_write_file(temporary_path(&shared, "ready"), "new") == -EFBIG ? 0 : 2;
}

static void
test_full_disk(void **state)
{
    char text[64];

    (void)state;
    temporary_open(&shared);
    temporary_write(&shared, "ready", "old", 0644);
    in_child(write_to_a_full_disk);
    assert_string_equal(temporary_read(&shared, "ready", text, sizeof(text)), "old");
    assert_int_equal(temporary_count(&shared), 1);
    temporary_close(&shared);
}

// Whoever looks while it is written again and again sees one text or the other, whole.
static void
test_never_half(void **state)
{
    static char a[20001];
    static char b[10001];
    static char text[20002];
    struct temporary temporary;
    pid_t pid;
    int status;

    (void)state;
    memset(a, 'a', sizeof(a) - 1);
    memset(b, 'b', sizeof(b) - 1);
    temporary_open(&temporary);
    assert_int_equal(process_write_file(temporary_path(&temporary, "ready"), a), 0);
    pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 500; i++)
            if (process_write_file(temporary.path, i % 2 == 0 ? b : a) != 0)
                _exit(1);
        _exit(0);
    }
    do {
        temporary_read(&temporary, "ready", text, sizeof(text));
        if (strcmp(text, a) != 0 && strcmp(text, b) != 0)
            fail_msg("%zu bytes", strlen(text));
    } while (waitpid(pid, &status, WNOHANG) == 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    temporary_close(&temporary);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prepare),    cmocka_unit_test(test_find_worker),
        cmocka_unit_test(test_write_file), cmocka_unit_test(test_write_file_fails),
        cmocka_unit_test(test_full_disk),  cmocka_unit_test(test_never_half),
    };

    if (argc == 2 && strcmp(argv[1], "--find") == 0) {
        char path[4352];

        if (process_find_worker(path, sizeof(path)))
            puts(path);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
