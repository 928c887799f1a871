// See local.h. The daemon's stderr goes into a memory file of fixed size: nothing is shown unless
// something is wrong, and a talkative daemon cannot fill the memory.
#include "client/local.h"

#include "client/report.h"
#include "common/clock.h"
#include "common/errors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_TIMEOUT_MS 10000
#define STOP_TIMEOUT_MS  5000
#define CHECK_MS         5
#define LOG_SIZE         65536
#define EXEC_FAILED      127
#define TMPDIR_MAX       64 // a longer one would not fit into a socket's address

struct local {
    pid_t pid; // 0: none runs
    int log;
    char folder[TMPDIR_MAX + 32];
    char socket[TMPDIR_MAX + 48];
    char listen[TMPDIR_MAX + 56];
    char ready[TMPDIR_MAX + 48];
    sigset_t mask; // of before
    bool held;     // signals are held back
};

static void
ending_signals(sigset_t *ret)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD};

    sigemptyset(ret);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sigaddset(ret, numbers[i]);
}

static void
hold_signals(struct local *local)
{
    sigset_t set;

    ending_signals(&set);
    sigprocmask(SIG_BLOCK, &set, &local->mask);
    local->held = true;
}

// Sleeps for a moment, or until a child ends. True if this process was told to end: the signal is
// raised again and waits until signals are let through.
static bool
pause_or_end(int64_t ms)
{
    struct timespec time = {ms / 1000, (ms % 1000) * 1000000};
    sigset_t set;
    int number;

    ending_signals(&set);
    number = sigtimedwait(&set, NULL, &time);
    if (number < 0 || number == SIGCHLD)
        return false;
    raise(number);
    return true;
}

// The folder that this very program is in.
static bool
own_folder(char into[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", into, PATH_MAX - 1);
    char *slash;

    if (length <= 0)
        return false;
    into[length] = '\0';
    slash = strrchr(into, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return true;
}

// offloadd in the build tree, or installed beside this program or in the sbin next to its bin.
static bool
find_daemon(char into[PATH_MAX])
{
    static const char *const places[] = {"../server/offloadd", "offloadd", "../sbin/offloadd"};
    char folder[PATH_MAX];

    if (!own_folder(folder)) {
        report_problem("cannot tell where offload itself is: %s", strerror(errno));
        return false;
    }
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        int length = snprintf(into, PATH_MAX, "%s/%s", folder, places[i]);

        if (length < PATH_MAX && access(into, X_OK) == 0)
            return true;
    }
    report_problem("--local needs offloadd, which is not in %s/../server, %s or %s/../sbin", folder,
                   folder, folder);
    return false;
}

static bool
make_folder(struct local *local)
{
    const char *base = getenv("TMPDIR");

    if (base == NULL || base[0] != '/' || strlen(base) > TMPDIR_MAX)
        base = "/tmp";
    snprintf(local->folder, sizeof(local->folder), "%s/offload-XXXXXX", base);
    if (mkdtemp(local->folder) == NULL) {
        report_problem("cannot make a folder in %s: %s", base, strerror(errno));
        local->folder[0] = '\0';
        return false;
    }
    snprintf(local->socket, sizeof(local->socket), "%s/socket", local->folder);
    snprintf(local->listen, sizeof(local->listen), "unix:%s", local->socket);
    snprintf(local->ready, sizeof(local->ready), "%s/ready", local->folder);
    return true;
}

static void
remove_folder(struct local *local)
{
    if (local->folder[0] == '\0')
        return;
    unlink(local->socket);
    unlink(local->ready);
    rmdir(local->folder);
    local->folder[0] = '\0';
}

static bool
make_log(struct local *local)
{
    local->log = memfd_create("offloadd-log", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (local->log < 0 || ftruncate(local->log, LOG_SIZE) != 0 ||
        fcntl(local->log, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0) {
        report_problem("cannot keep the private daemon's log: %s", strerror(errno));
        return false;
    }
    return true;
}

static void
show_log(const struct local *local)
{
    off_t size = lseek(local->log, 0, SEEK_CUR); // shared with the daemon: where it writes next
    char *text;
    ssize_t length;

    if (size <= 0 || size > LOG_SIZE || (text = malloc((size_t)size)) == NULL)
        return;
    length = pread(local->log, text, (size_t)size, 0);
    if (length > 0)
        report_block((struct span){text, (size_t)length});
    free(text);
}

// The command line; malloc, caller frees (the array alone). The configuration of the machine is not
// the private daemon's: without a file it has the built-in pool.
static const char **
make_arguments(const struct local *local, const char *program, const char *const *sets,
               size_t set_count)
{
    const char *const fixed[] = {
        program,      "--config",    "/dev/null",
        "--listen",   local->listen, "--ready-file",
        local->ready, "--set",       "server.drain-timeout=1s",
    };
    size_t count = sizeof(fixed) / sizeof(fixed[0]);
    const char **arguments = calloc(count + 2 * set_count + 1, sizeof(char *));

    if (arguments == NULL)
        return NULL;
    memcpy(arguments, fixed, sizeof(fixed));
    for (size_t i = 0; i < set_count; i++) {
        arguments[count++] = "--set";
        arguments[count++] = sets[i];
    }
    return arguments;
}

// In the child, until exec. The parent may have died before prctl: then its number has changed.
static void __attribute__((noreturn))
run_daemon(const struct local *local, pid_t parent, const char **arguments)
{
    int null = open("/dev/null", O_RDONLY);

    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(local->log, STDOUT_FILENO) < 0 ||
        dup2(local->log, STDERR_FILENO) < 0)
        _exit(EXEC_FAILED);
    if (null > STDERR_FILENO)
        close(null);
    // A key such as ^C is meant for us: what it means for the daemon, we tell it.
    if (setpgid(0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)
        _exit(EXEC_FAILED);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &local->mask, NULL);
    execv(arguments[0], (char *const *)arguments);
    dprintf(STDERR_FILENO, "%s: %s\n", arguments[0], strerror(errno));
    _exit(EXEC_FAILED);
}

static bool
spawn(struct local *local, const char *const *sets, size_t set_count)
{
    pid_t parent = getpid();
    char program[PATH_MAX];
    const char **arguments;

    if (!find_daemon(program))
        return false;
    arguments = make_arguments(local, program, sets, set_count);
    if (arguments == NULL) {
        report_no_memory();
        return false;
    }
    local->pid = fork();
    if (local->pid == 0)
        run_daemon(local, parent, arguments);
    free(arguments);
    if (local->pid > 0)
        return true;
    report_problem("cannot start a process: %s", strerror(errno));
    local->pid = 0;
    return false;
}

// True once the child has ended and was reaped.
static bool
has_ended(struct local *local, int *ret_status)
{
    if (waitpid(local->pid, ret_status, WNOHANG) != local->pid)
        return false;
    local->pid = 0;
    return true;
}

static void
report_end(const struct local *local, const char *when, int status)
{
    if (WIFSIGNALED(status))
        report_problem("the private daemon %s: killed by signal %d", when, WTERMSIG(status));
    else
        report_problem("the private daemon %s: exit status %d", when, WEXITSTATUS(status));
    show_log(local);
}

static int
await_ready(struct local *local)
{
    int64_t deadline_us = clock_us() + (int64_t)START_TIMEOUT_MS * 1000;
    int status;

    while (access(local->ready, F_OK) != 0) {
        if (has_ended(local, &status)) {
            report_end(local, "did not start", status);
            return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_STATUS_CONFIG
                       ? EXIT_STATUS_CONFIG
                       : EXIT_STATUS_UNAVAILABLE;
        }
        if (clock_us() > deadline_us) {
            report_problem("the private daemon is not ready after %d s", START_TIMEOUT_MS / 1000);
            show_log(local);
            return EXIT_STATUS_UNAVAILABLE;
        }
        if (pause_or_end(CHECK_MS))
            return EXIT_STATUS_UNAVAILABLE; // the signal ends this process in local_settle
    }
    return 0;
}

int
local_start(const char *const *sets, size_t set_count, struct local **ret)
{
    struct local *local = calloc(1, sizeof(*local));
    int status = EXIT_STATUS_UNAVAILABLE;

    if (local == NULL)
        return report_no_memory();
    local->log = -1;
    hold_signals(local);
    if (make_log(local) && make_folder(local) && spawn(local, sets, set_count))
        status = await_ready(local);
    if (status == 0)
        *ret = local;
    else
        local_stop(local);
    return status;
}

const char *
local_address(const struct local *local)
{
    return local->listen;
}

void
local_settle(struct local *local)
{
    remove_folder(local);
    if (local->held)
        sigprocmask(SIG_SETMASK, &local->mask, NULL);
    local->held = false;
}

// Waits for the end; true if it came in time.
static bool
await_end(struct local *local, int *ret_status)
{
    int64_t deadline_us = clock_us() + (int64_t)STOP_TIMEOUT_MS * 1000;
    struct timespec moment = {0, CHECK_MS * 1000000L};
    sigset_t child;
    sigset_t before;
    bool ended;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &before);
    while (!(ended = has_ended(local, ret_status)) && clock_us() < deadline_us)
        sigtimedwait(&child, NULL, &moment);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return ended;
}

// A daemon that was told to stop before it had begun to listen to signals dies by the signal.
static bool
ended_well(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGTERM;
}

void
local_stop(struct local *local)
{
    int status;

    if (local == NULL)
        return;
    if (local->pid > 0 && has_ended(local, &status)) {
        report_end(local, "ended on its own", status);
    } else if (local->pid > 0) {
        kill(local->pid, SIGTERM);
        if (!await_end(local, &status)) {
            kill(local->pid, SIGKILL);
            waitpid(local->pid, &status, 0);
            report_problem("the private daemon did not stop within %d s and was killed",
                           STOP_TIMEOUT_MS / 1000);
        } else if (!ended_well(status)) {
            report_end(local, "did not stop cleanly", status);
        }
    }
    if (local->log >= 0)
        close(local->log);
    local_settle(local);
    free(local);
}
