// See spawn.h. Between fork and exec only async-signal-safe calls are made.
#include "pool/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum pipe_name {
    PIPE_STDIN,
    PIPE_STDOUT,
    PIPE_STDERR,
    PIPE_STATUS,
    PIPE_COUNT,
};

struct pipes {
    int read[PIPE_COUNT];
    int write[PIPE_COUNT];
};

static void
close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void
pipes_close(struct pipes *pipes)
{
    for (int i = 0; i < PIPE_COUNT; i++) {
        close_fd(&pipes->read[i]);
        close_fd(&pipes->write[i]);
    }
}

static int
pipes_open(struct pipes *pipes)
{
    for (int i = 0; i < PIPE_COUNT; i++)
        pipes->read[i] = pipes->write[i] = -1;
    for (int i = 0; i < PIPE_COUNT; i++) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) != 0) {
            int error = errno;

            pipes_close(pipes);
            return -error;
        }
        pipes->read[i] = ends[0];
        pipes->write[i] = ends[1];
    }
    return 0;
}

static void
child_reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;

    // Ignored signals survive exec, and the daemon ignores SIGPIPE.
    for (int i = 1; i < NSIG; i++)
        sigaction(i, &action, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

// Lowers a limit; never raises the hard one.
static int
child_limit(int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit limit;

    if (getrlimit(resource, &limit) != 0)
        return errno;
    if (limit.rlim_max > hard)
        limit.rlim_max = hard;
    limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
    return setrlimit(resource, &limit) == 0 ? 0 : errno;
}

// The cgroup counts what is really used, and by helpers too. RLIMIT_DATA counts what is allocated,
// which is far more with some languages, and so would forbid what the cgroup allows.
static int
child_set_limits(const struct spawn_attributes *attributes, const struct cgroup *cgroup)
{
    bool counted = cgroup != NULL && cgroup->memory_max != 0;
    rlim_t cpu = attributes->cpu_seconds;
    int error = 0;

    if (attributes->open_files != 0)
        error = child_limit(RLIMIT_NOFILE, attributes->open_files, RLIM_INFINITY);
    if (error == 0 && cpu != 0)
        error = child_limit(RLIMIT_CPU, cpu, cpu + 1); // SIGXCPU, and SIGKILL a second later
    if (error == 0 && attributes->data_bytes != 0 && !counted)
        error = child_limit(RLIMIT_DATA, attributes->data_bytes, attributes->data_bytes);
    return error;
}

// A daemon that the kernel is to spare when memory is short has children that it need not spare.
// Raising it is open to everybody; without /proc it stays as it is.
static void
child_forget_oom_score(void)
{
    char text[16] = "";
    int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return;
    if (read(fd, text, sizeof(text) - 1) > 0 && text[0] == '-' && write(fd, "0", 1) < 0)
        text[0] = '\0'; // not ours to change
    close(fd);
}

static int
child_set_identity(const struct spawn_attributes *attributes)
{
    if (!attributes->identity)
        return 0;
    // The user last: after that the right to change the others is gone.
    if (setgroups(attributes->group_count, attributes->groups) != 0 ||
        setresgid(attributes->gid, attributes->gid, attributes->gid) != 0 ||
        setresuid(attributes->uid, attributes->uid, attributes->uid) != 0)
        return errno;
    return 0;
}

static struct spawn_failure
child_set_attributes(const struct spawn_attributes *attributes, const struct cgroup *cgroup)
{
    int error = cgroup != NULL ? cgroup_enter(cgroup) : 0;

    if (error != 0)
        return (struct spawn_failure){error, SPAWN_CGROUP};
    error = child_set_limits(attributes, cgroup);
    if (error != 0)
        return (struct spawn_failure){error, SPAWN_LIMITS};
    child_forget_oom_score();
    errno = 0;
    if (attributes->nice != 0 && nice(attributes->nice) == -1 && errno != 0)
        return (struct spawn_failure){errno, SPAWN_NICE};
    error = child_set_identity(attributes);
    if (error != 0)
        return (struct spawn_failure){error, SPAWN_IDENTITY};
    if (attributes->directory != NULL && chdir(attributes->directory) != 0)
        return (struct spawn_failure){errno, SPAWN_DIRECTORY};
    // Privileges that the daemon was given for all this (capabilities(7), ambient) are not for
    // others. And a change of identity clears the parent-death signal.
    if ((prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL) ||
        prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return (struct spawn_failure){errno, SPAWN_PROCESS};
    return (struct spawn_failure){0};
}

// 0 or an errno value. The pipes' own numbers are all above 2: the daemon keeps 0, 1 and 2 open.
static int
child_fix_descriptors(const struct pipes *pipes)
{
    if (dup2(pipes->read[PIPE_STDIN], STDIN_FILENO) < 0 ||
        dup2(pipes->write[PIPE_STDOUT], STDOUT_FILENO) < 0 ||
        dup2(pipes->write[PIPE_STDERR], STDERR_FILENO) < 0)
        return errno;
    // Whatever else is open, by whomever, is gone once exec succeeds.
    if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
        return errno;
    return 0;
}

// Returns only if the program cannot be executed. execve(2) says ENOENT for an interpreter too.
static struct spawn_failure
child_execute(const struct spawn_request *request)
{
    int error;

    execve(request->argv[0], request->argv, request->envp);
    error = errno;
    if (error == ENOENT && access(request->argv[0], F_OK) == 0)
        return (struct spawn_failure){error, SPAWN_INTERPRETER};
    return (struct spawn_failure){error, SPAWN_PROGRAM};
}

_Noreturn static void
child_run(const struct spawn_request *request, const struct pipes *pipes, pid_t parent)
{
    struct spawn_failure failure;

    child_reset_signals();
    setpgid(0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(127); // the daemon died meanwhile: nobody would ever kill us
    failure = child_set_attributes(request->attributes, request->cgroup);
    if (failure.error == 0 && getppid() != parent)
        _exit(127); // the daemon died before the signal was set again
    if (failure.error == 0)
        failure.error = child_fix_descriptors(pipes);
    if (failure.error == 0)
        failure = child_execute(request);
    if (write(pipes->write[PIPE_STATUS], &failure, sizeof(failure)) < 0)
        _exit(126);
    _exit(127);
}

// Forks with every signal blocked, so that no handler of the daemon runs in the child.
static pid_t
fork_quietly(const struct spawn_request *request, const struct pipes *pipes)
{
    pid_t parent = getpid();
    sigset_t all;
    sigset_t before;
    int error;
    pid_t pid;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0)
        child_run(request, pipes, parent);
    error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return pid < 0 ? -error : pid;
}

static void
keep(int *from, int *ret_fd)
{
    fcntl(*from, F_SETFL, O_NONBLOCK);
    *ret_fd = *from;
    *from = -1;
}

int
spawn(const struct spawn_request *request, struct spawned *ret_spawned)
{
    struct pipes pipes;
    int error = pipes_open(&pipes);
    pid_t pid;

    if (error != 0)
        return error;
    pid = fork_quietly(request, &pipes);
    if (pid < 0) {
        pipes_close(&pipes);
        return pid;
    }
    setpgid(pid, pid); // the child does it too; whoever comes first, kill(-pid) works from here on
    ret_spawned->pid = pid;
    keep(&pipes.write[PIPE_STDIN], &ret_spawned->stdin_fd);
    keep(&pipes.read[PIPE_STDOUT], &ret_spawned->stdout_fd);
    keep(&pipes.read[PIPE_STDERR], &ret_spawned->stderr_fd);
    keep(&pipes.read[PIPE_STATUS], &ret_spawned->status_fd);
    pipes_close(&pipes);
    return 0;
}
