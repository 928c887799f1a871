// Spawn: what a new process gets and does not get, how the failure of exec is told, and that it
// does not outlive its parent. The processes are shells that report on themselves.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "pool/spawn.h"
#include "tests/unit/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PATIENCE_MS 10000

static char *const environment[] = {(char *)"PATH=/usr/bin:/bin", (char *)"ONLY=this", NULL};

// What is read until the end of file.
static size_t
read_all(int fd, char *text, size_t size)
{
    struct pollfd look = {.fd = fd, .events = POLLIN};
    size_t length = 0;
    ssize_t n;

    for (;;) {
        assert_int_equal(poll(&look, 1, PATIENCE_MS), 1);
        n = read(fd, text + length, size - 1 - length);
        if (n < 0 && errno == EAGAIN)
            continue;
        assert_true(n >= 0);
        length += (size_t)n;
        text[length] = '\0';
        if (n == 0)
            return length;
    }
}

static void
close_all(struct spawned *spawned)
{
    int fds[] = {spawned->stdin_fd, spawned->stdout_fd, spawned->stderr_fd, spawned->status_fd};

    for (int i = 0; i < 4; i++)
        if (fds[i] >= 0)
            assert_int_equal(close(fds[i]), 0);
}

static int
wait_for(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static struct spawned
spawn_shell_limited(const char *script, unsigned long open_files)
{
    char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)script, NULL};
    struct spawn_attributes attributes = {.open_files = open_files};
    struct spawn_request request = {.argv = argv, .envp = environment, .attributes = &attributes};
    struct spawned spawned;

    assert_int_equal(spawn(&request, &spawned), 0);
    return spawned;
}

// What the script writes to its stdout.
static void
run_script(const char *script, unsigned long open_files, char *text, size_t size)
{
    struct spawned spawned = spawn_shell_limited(script, open_files);

    read_all(spawned.stdout_fd, text, size);
    close_all(&spawned);
    wait_for(spawned.pid);
}

static void
test_pipes(void **state)
{
    struct spawned spawned = spawn_shell_limited("cat; echo bye >&2; exit 3", 0);
    char text[64];
    int status;

    (void)state;
    assert_int_equal(read_all(spawned.status_fd, text, sizeof(text)), 0); // exec worked
    assert_int_equal(write(spawned.stdin_fd, "hello", 5), 5);
    close(spawned.stdin_fd);
    spawned.stdin_fd = -1;
    read_all(spawned.stdout_fd, text, sizeof(text));
    assert_string_equal(text, "hello");
    read_all(spawned.stderr_fd, text, sizeof(text));
    assert_string_equal(text, "bye\n");
    status = wait_for(spawned.pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    close_all(&spawned);
}

static void
test_parents_ends(void **state)
{
    struct spawned spawned = spawn_shell_limited("cat", 0);
    int fds[] = {spawned.stdin_fd, spawned.stdout_fd, spawned.stderr_fd, spawned.status_fd};

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_true(fds[i] > 2);
        assert_true(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
        assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
    }
    close_all(&spawned);
    wait_for(spawned.pid);
}

// The child's own ends block as those of any program do.
static void
test_childs_ends_block(void **state)
{
    char text[512];

    (void)state;
    run_script("for fd in 0 1 2; do grep flags /proc/self/fdinfo/$fd; done", 0, text, sizeof(text));
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        assert_false(strtol(strpbrk(line, "01"), NULL, 8) & O_NONBLOCK);
}

// Only 0, 1 and 2, though the parent has others open, some without close-on-exec.
static void
test_descriptors(void **state)
{
    int extra[2];
    int high = 0;
    char text[512];

    (void)state;
    assert_int_equal(pipe(extra), 0);
    high = fcntl(extra[0], F_DUPFD, 300);
    assert_true(high >= 300);
    // The shell's own glob opens one more: the folder itself.
    run_script("set -- /proc/self/fd/*; for fd; do test -e $fd && echo ${fd##*/}; done; :", 0, text,
               sizeof(text));
    assert_string_equal(text, "0\n1\n2\n");
    close(extra[0]);
    close(extra[1]);
    close(high);
}

static void
ignore_signals(sigset_t *ret_before)
{
    sigset_t some;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    sigemptyset(&some);
    sigaddset(&some, SIGTERM);
    sigaddset(&some, SIGUSR2);
    sigaddset(&some, SIGCHLD);
    sigprocmask(SIG_BLOCK, &some, ret_before);
}

static void
test_signals(void **state)
{
    struct sigaction action;
    sigset_t before;
    sigset_t after;
    char text[512];

    (void)state;
    ignore_signals(&before);
    run_script("grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -d '\\t'", 0, text, sizeof(text));
    assert_string_equal(text, "SigBlk:0000000000000000\nSigIgn:0000000000000000\n");
    // The parent has kept its own.
    sigprocmask(SIG_SETMASK, &before, &after);
    assert_true(sigismember(&after, SIGUSR2));
    assert_false(sigismember(&after, SIGINT));
    sigaction(SIGHUP, NULL, &action);
    assert_true(action.sa_handler == SIG_IGN);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
}

static void
test_group(void **state)
{
    struct spawned spawned = spawn_shell_limited("echo $$; sleep 1000 & wait", 0);
    char text[64];
    struct pollfd look = {.fd = spawned.stdout_fd, .events = POLLIN};
    ssize_t n;

    (void)state;
    assert_int_equal(getpgid(spawned.pid), spawned.pid); // at once, before it has run
    assert_int_equal(poll(&look, 1, PATIENCE_MS), 1);
    n = read(spawned.stdout_fd, text, sizeof(text) - 1);
    assert_true(n > 0);
    text[n] = '\0';
    assert_int_equal(atoi(text), spawned.pid);
    assert_int_equal(kill(-spawned.pid, SIGKILL), 0); // its children too: the pipe is at its end
    read_all(spawned.stdout_fd, text, sizeof(text));
    assert_int_equal(WTERMSIG(wait_for(spawned.pid)), SIGKILL);
    close_all(&spawned);
}

static void
test_environment(void **state)
{
    char text[512];

    (void)state;
    setenv("SECRET_TOKEN", "x", 1);
    run_script("tr '\\0' '\\n' </proc/$$/environ", 0, text, sizeof(text));
    assert_string_equal(text, "PATH=/usr/bin:/bin\nONLY=this\n");
}

static void
test_open_files(void **state)
{
    struct rlimit limit;
    char expected[32];
    char text[64];

    (void)state;
    run_script("ulimit -n", 100, text, sizeof(text));
    assert_string_equal(text, "100\n");
    getrlimit(RLIMIT_NOFILE, &limit);
    run_script("ulimit -n", 0, text, sizeof(text));
    snprintf(expected, sizeof(expected), "%llu\n", (unsigned long long)limit.rlim_cur);
    assert_string_equal(text, expected);
}

static void
set_oom_score(const char *text)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) < 0) {
        print_message("oom_score_adj cannot be set to %s here: %s\n", text, strerror(errno));
        skip();
    }
    close(fd);
}

// The kernel may spare the daemon, but not for that its workers; who is offered first stays so.
static void
test_oom_score(void **state)
{
    char text[64];

    (void)state;
    set_oom_score("-100");
    run_script("cat /proc/self/oom_score_adj", 0, text, sizeof(text));
    assert_string_equal(text, "0\n");
    set_oom_score("150");
    run_script("cat /proc/self/oom_score_adj", 0, text, sizeof(text));
    assert_string_equal(text, "150\n");
    set_oom_score("0");
}

// Gives this process a privilege that every program started by it would have.
static bool
raise_ambient(int capability)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &header, data) != 0)
        return false;
    data[0].inheritable |= 1U << capability;
    return syscall(SYS_capset, &header, data) == 0 &&
           prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0;
}

static void
test_privileges(void **state)
{
    char text[64];

    (void)state;
    if (!raise_ambient(CAP_SETUID)) {
        print_message("no privilege can be made ambient here: %s\n", strerror(errno));
        skip();
    }
    run_script("while read -r name value; do test $name != CapAmb: || echo $value; done "
               "</proc/self/status",
               0, text, sizeof(text));
    assert_string_equal(text, "0000000000000000\n");
}

static void
expect_failure(const char *path, const struct spawn_attributes *attributes, enum spawn_step step,
               int error)
{
    char *argv[] = {(char *)path, NULL};
    struct spawn_request request = {.argv = argv, .envp = environment, .attributes = attributes};
    struct spawn_failure failure;
    struct spawned spawned;
    char bytes[64];

    assert_int_equal(spawn(&request, &spawned), 0);
    assert_int_equal(read_all(spawned.status_fd, bytes, sizeof(bytes)), sizeof(failure));
    memcpy(&failure, bytes, sizeof(failure));
    assert_int_equal(failure.error, error);
    assert_int_equal(failure.step, step);
    assert_int_equal(read_all(spawned.stdout_fd, bytes, sizeof(bytes)), 0);
    assert_int_equal(read_all(spawned.stderr_fd, bytes, sizeof(bytes)), 0);
    assert_true(WIFEXITED(wait_for(spawned.pid)));
    close_all(&spawned);
}

static void
test_exec_error(void **state)
{
    static const struct spawn_attributes nothing = {0};
    struct temporary temporary;

    (void)state;
    temporary_open(&temporary);
    expect_failure(temporary_path(&temporary, "missing"), &nothing, SPAWN_PROGRAM, ENOENT);
    expect_failure(temporary_write(&temporary, "text", "no program", 0644), &nothing, SPAWN_PROGRAM,
                   EACCES);
    expect_failure(temporary_write(&temporary, "odd", "no program", 0755), &nothing, SPAWN_PROGRAM,
                   ENOEXEC);
    expect_failure(temporary_write(&temporary, "orphan", "#!/no/such/shell\n", 0755), &nothing,
                   SPAWN_INTERPRETER, ENOENT);
    expect_failure(temporary.folder, &nothing, SPAWN_PROGRAM, EACCES);
    temporary_close(&temporary);
}

// What is asked for beside the program is not blamed on it.
static void
test_attributes_that_cannot_be_given(void **state)
{
    const struct spawn_attributes lost = {.directory = "/no/such/folder"};
    const struct spawn_attributes closed = {.directory = "/dev/null"};
    const struct spawn_attributes foreign = {
        .identity = true, .uid = (uid_t)-2, .group_count = SIZE_MAX};

    (void)state;
    expect_failure("/bin/true", &lost, SPAWN_DIRECTORY, ENOENT);
    expect_failure("/no/such/program", &closed, SPAWN_DIRECTORY, ENOTDIR);
    // As root there are too many groups, as anybody else none may be set.
    expect_failure("/bin/true", &foreign, SPAWN_IDENTITY, geteuid() == 0 ? EINVAL : EPERM);
}

static size_t
count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;

    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

// Wherever the making of pipes fails, nothing is left behind.
static void
test_out_of_descriptors(void **state)
{
    char *argv[] = {(char *)"/bin/true", NULL};
    static const struct spawn_attributes attributes = {0};
    struct spawn_request request = {.argv = argv, .envp = environment, .attributes = &attributes};
    size_t open_before = count_descriptors();
    struct rlimit before;
    struct rlimit limit;
    struct spawned spawned = {.pid = 77};
    int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)state;
    close(lowest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (int room = 0; room < 8; room++) {
        limit = before;
        limit.rlim_cur = (rlim_t)(lowest + room);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_int_equal(spawn(&request, &spawned), -EMFILE);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(spawned.pid, 77);
        assert_int_equal(count_descriptors(), open_before);
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); // no process either
}

// The parent is a process of its own that starts a worker, says its number, and is killed: the
// worker dies too, without anybody telling it. This process takes over orphans, to see the end.
static void
test_parent_death(void **state)
{
    int say[2];
    pid_t parent;
    pid_t worker;
    int status;

    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    assert_int_equal(pipe(say), 0);
    parent = fork();
    assert_true(parent >= 0);
    if (parent == 0) {
        struct spawned spawned = spawn_shell_limited("trap '' TERM HUP; sleep 1000", 0);
        char byte;

        // Until exec has worked the worker could still give up by itself.
        while (read(spawned.status_fd, &byte, 1) != 0)
            ;
        if (write(say[1], &spawned.pid, sizeof(spawned.pid)) < 0)
            _exit(1);
        pause();
        _exit(0);
    }
    assert_int_equal(read(say[0], &worker, sizeof(worker)), sizeof(worker));
    assert_int_equal(kill(worker, 0), 0);
    assert_int_equal(kill(parent, SIGKILL), 0);
    wait_for(parent);
    alarm(PATIENCE_MS / 1000); // it would wait for a worker that lives on
    assert_int_equal(waitpid(worker, &status, 0), worker);
    alarm(0);
    assert_int_equal(WTERMSIG(status), SIGKILL);
    close(say[0]);
    close(say[1]);
    kill(-worker, SIGKILL); // what it had started
    while (waitpid(-1, NULL, 0) > 0)
        ;
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pipes),
        cmocka_unit_test(test_parents_ends),
        cmocka_unit_test(test_childs_ends_block),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_group),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_open_files),
        cmocka_unit_test(test_oom_score),
        cmocka_unit_test(test_privileges),
        cmocka_unit_test(test_exec_error),
        cmocka_unit_test(test_attributes_that_cannot_be_given),
        cmocka_unit_test(test_out_of_descriptors),
        cmocka_unit_test(test_parent_death),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
