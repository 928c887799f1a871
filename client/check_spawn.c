// See check_spawn.h. Between fork and exec only async-signal-safe calls are made.
#include "client/check_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXEC_FAILED 127
#define KILL_ROUNDS 1000

// What a worker of the daemon finds in its environment, and so no more here.
static const char *const allowed[] = {
    "PATH=", "HOME=",   "USER=",     "LOGNAME=", "SHELL=",
    "LANG=", "LC_ALL=", "LC_CTYPE=", "TZ=",      "TMPDIR=",
};
#define ALLOWED_COUNT (sizeof(allowed) / sizeof(allowed[0]))

enum pipe_name {
    PIPE_INPUT,
    PIPE_OUTPUT,
    PIPE_ERRORS,
    PIPE_STATUS, // closed by a successful exec
    PIPE_COUNT,
};

// The group that a signal which ends this process must take along; 0: none.
static volatile sig_atomic_t living_group;

// Every child of this process is the worker or was left behind by it.
static bool hunting;

static void
end_with_group(int number)
{
    if (living_group > 0)
        kill(-(pid_t)living_group, SIGKILL);
    signal(number, SIG_DFL);
    raise(number);
}

static void
prepare_for_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct sigaction action = {.sa_handler = end_with_group};
        struct sigaction before;

        // One that is ignored (nohup) stays so.
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
}

// Sends a signal (0: none) to each child of this process. False if there is none.
static bool
signal_children(int number)
{
    FILE *file = fopen("/proc/thread-self/children", "re");
    bool found = false;
    int pid;

    if (file == NULL)
        return false;
    while (fscanf(file, "%d", &pid) == 1) {
        if (number != 0)
            kill(pid, number);
        found = true;
    }
    fclose(file);
    return found;
}

// From now on, what the worker leaves behind becomes a child of this process. Whoever has children
// already, from before an exec (a shell's process substitution), must spare them, and so hunts
// none.
static void
prepare_for_strays(void)
{
    static bool decided;

    if (!decided)
        hunting = !signal_children(0) && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
    decided = true;
}

static void
close_pipes(int pipes[PIPE_COUNT][2])
{
    for (int i = 0; i < PIPE_COUNT; i++)
        for (int end = 0; end < 2; end++)
            if (pipes[i][end] >= 0)
                close(pipes[i][end]);
}

static int
open_pipes(int pipes[PIPE_COUNT][2])
{
    memset(pipes, -1, sizeof(int[PIPE_COUNT][2]));
    for (int i = 0; i < PIPE_COUNT; i++) {
        if (pipe2(pipes[i], O_CLOEXEC) != 0) {
            int error = -errno;

            close_pipes(pipes);
            return error;
        }
    }
    return 0;
}

// The pointers are those of this process's own environment.
static void
fill_environment(char *into[ALLOWED_COUNT + 3])
{
    static char pool[] = "OFFLOAD_POOL=check", slot[] = "OFFLOAD_SLOT=0";
    size_t count = 0;

    for (size_t i = 0; i < ALLOWED_COUNT; i++)
        for (char **variable = environ; *variable != NULL; variable++)
            if (strncmp(*variable, allowed[i], strlen(allowed[i])) == 0) {
                into[count++] = *variable;
                break;
            }
    into[count++] = pool;
    into[count++] = slot;
    into[count] = NULL;
}

static void
child_reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        sigaction(i, &action, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn static void
child_run(char *const *argv, char *const *environment, int pipes[PIPE_COUNT][2], pid_t parent)
{
    int error;

    child_reset_signals();
    setpgid(0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(EXEC_FAILED);
    if (dup2(pipes[PIPE_INPUT][0], STDIN_FILENO) >= 0 &&
        dup2(pipes[PIPE_OUTPUT][1], STDOUT_FILENO) >= 0 &&
        dup2(pipes[PIPE_ERRORS][1], STDERR_FILENO) >= 0 &&
        close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
        execvpe(argv[0], argv, environment);
    error = errno;
    if (write(pipes[PIPE_STATUS][1], &error, sizeof(error)) < 0)
        _exit(EXEC_FAILED);
    _exit(EXEC_FAILED);
}

static pid_t
fork_quietly(char *const *argv, int pipes[PIPE_COUNT][2])
{
    char *environment[ALLOWED_COUNT + 3];
    pid_t parent = getpid();
    sigset_t all, before;
    pid_t pid;

    fill_environment(environment);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0)
        child_run(argv, environment, pipes, parent);
    if (pid > 0) {
        setpgid(pid, pid); // the child does it too: whoever comes first
        living_group = pid;
    } else {
        pid = -errno;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

// What kept the child from exec: 0 (it did not), or a negative errno value.
static int
read_status(int fd)
{
    int error = 0;
    ssize_t got;

    do
        got = read(fd, &error, sizeof(error));
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof(error) ? -error : 0;
}

static int
keep(int *from)
{
    int fd = *from;

    fcntl(fd, F_SETFL, O_NONBLOCK);
    *from = -1;
    return fd;
}

int
check_spawn(char *const *argv, struct check_spawned *ret)
{
    int pipes[PIPE_COUNT][2];
    int error = open_pipes(pipes);
    pid_t pid;

    if (error != 0)
        return error;
    prepare_for_strays();
    prepare_for_signals();
    pid = fork_quietly(argv, pipes);
    close(pipes[PIPE_STATUS][1]);
    pipes[PIPE_STATUS][1] = -1;
    error = pid < 0 ? pid : read_status(pipes[PIPE_STATUS][0]);
    if (error == 0)
        *ret = (struct check_spawned){.pid = pid,
                                      .input = keep(&pipes[PIPE_INPUT][1]),
                                      .output = keep(&pipes[PIPE_OUTPUT][0]),
                                      .errors = keep(&pipes[PIPE_ERRORS][0])};
    else if (pid > 0)
        check_spawn_kill(pid);
    close_pipes(pipes);
    return error;
}

// Each round ends one generation at least: the children of the killed become children of this
// process. The rounds are counted because one that forks without end could win the race for long.
void
check_spawn_kill(pid_t pid)
{
    const struct timespec moment = {0, 1000000};

    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
    living_group = 0;
    for (int round = 0; hunting && round < KILL_ROUNDS && signal_children(SIGKILL); round++) {
        nanosleep(&moment, NULL);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
    }
}
