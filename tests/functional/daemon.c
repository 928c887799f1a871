// See daemon.h.
#include "daemon.h"

#include "arguments.h"
#include "assertions.h"
#include "deadline.h"
#include "processes.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

char *
read_text(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;

    // getdelim with NUL reads to the end; an empty file gives nothing.
    if (file != NULL && getdelim(&text, &size, '\0', file) < 0) {
        free(text);
        text = strdup("");
    }
    if (file != NULL)
        fclose(file);
    return text;
}

void
write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void
daemon_init(struct daemon *daemon)
{
    *daemon = (struct daemon){.folder = "/tmp/offload-test-XXXXXX"};
    assert_non_null(mkdtemp(daemon->folder));
    snprintf(daemon->log, sizeof(daemon->log), "%s/log", daemon->folder);
    snprintf(daemon->ready, sizeof(daemon->ready), "%s/ready", daemon->folder);
    snprintf(daemon->config, sizeof(daemon->config), "%s/offloadd.conf", daemon->folder);
    snprintf(daemon->unix_path, sizeof(daemon->unix_path), "%s/sock", daemon->folder);
    snprintf(daemon->unix_address, sizeof(daemon->unix_address), "unix:%s", daemon->unix_path);
    write_text(daemon->config, "");
}

static int
remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info, (void)kind, (void)where;
    return remove(path);
}

void
daemon_done(struct daemon *daemon)
{
    if (daemon->folder[0] != '\0')
        nftw(daemon->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

void
daemon_configure(struct daemon *daemon, const char *text)
{
    char *whole = arguments_expand(text, daemon->folder);

    write_text(daemon->config, whole);
    free(whole);
}

// The command line: wrapper, program, what every test needs, what this one wants.
static void
build_command(const struct daemon *daemon, struct arguments *command, const char *const arguments[])
{
    bool listens = false;

    arguments_init(command);
    arguments_add_wrapper(command);
    arguments_add(command, OFFLOADD_PROGRAM);
    arguments_add(command, "--config");
    arguments_add(command, daemon->config);
    arguments_add(command, "--ready-file");
    arguments_add(command, daemon->ready);
    for (size_t i = 0; arguments != NULL && arguments[i] != NULL; i++) {
        char *whole = arguments_expand(arguments[i], daemon->folder);

        listens |= strcmp(whole, "--listen") == 0;
        arguments_add(command, whole);
        free(whole);
    }
    if (listens)
        return;
    arguments_add(command, "--listen");
    arguments_add(command, "tcp:127.0.0.1:0");
    arguments_add(command, "--listen");
    arguments_add(command, daemon->unix_address);
}

// In the child: sd_listen_fds(3), from the other side. The descriptors may be in each other's way.
static void
pass_sockets(const struct daemon *daemon)
{
    char pid[16];
    char count[16];
    int aside[4];

    if (daemon->passed_count == 0)
        return;
    for (size_t i = 0; i < daemon->passed_count; i++)
        if ((aside[i] = fcntl(daemon->passed[i], F_DUPFD_CLOEXEC, 100)) < 0)
            _exit(125);
    for (size_t i = 0; i < daemon->passed_count; i++)
        if (dup2(aside[i], 3 + (int)i) < 0)
            _exit(125);
    snprintf(pid, sizeof(pid), "%d", (int)(daemon->passed_to_another ? getppid() : getpid()));
    snprintf(count, sizeof(count), "%zu", daemon->passed_count);
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", count, 1);
    if (daemon->passed_names != NULL)
        setenv("LISTEN_FDNAMES", daemon->passed_names, 1);
}

// In the child.
static void
enter_cgroup(const char *directory)
{
    char path[256];
    int fd;

    if (directory == NULL)
        return;
    snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "0", 1) != 1)
        _exit(125);
}

// In the child: becomes the daemon.
static void
become(const struct daemon *daemon, char **command, const char *const environment[], pid_t parent)
{
    int log = open(daemon->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    struct rlimit limit = {.rlim_cur = daemon->open_files, .rlim_max = daemon->open_files};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || setpgid(0, 0) != 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
        dup2(log, 2) < 0)
        _exit(125);
    if (daemon->open_files != 0 && setrlimit(RLIMIT_NOFILE, &limit) != 0)
        _exit(125);
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++)
        putenv((char *)environment[i]);
    pass_sockets(daemon);
    enter_cgroup(daemon->cgroup);
    execv(command[0], command);
    dprintf(2, "cannot execute %s: %s\n", command[0], strerror(errno));
    _exit(125);
}

void
daemon_spawn(struct daemon *daemon, const char *const arguments[], const char *const environment[])
{
    struct arguments command;
    pid_t parent = getpid();

    build_command(daemon, &command, arguments);
    unlink(daemon->ready);
    daemon->pid = fork();
    if (daemon->pid == 0)
        become(daemon, command.items, environment, parent);
    assert_true(daemon->pid > 0);
    setpgid(daemon->pid, daemon->pid); // whoever is first; kill(-pid) works from now on
    arguments_done(&command);
}

// The first address of a kind in the ready file.
static void
find_address(const char *text, const char *kind, char *into, size_t size)
{
    const char *start = strstr(text, kind);

    if (start != NULL)
        snprintf(into, size, "%.*s", (int)strcspn(start, "\n"), start);
}

void
daemon_await_ready(struct daemon *daemon)
{
    int64_t deadline = deadline_in(PATIENCE);
    char *text;

    while ((text = read_text(daemon->ready)) == NULL) {
        int status;

        if (waitpid(daemon->pid, &status, WNOHANG) == daemon->pid) {
            daemon->pid = 0;
            fail_msg("the daemon ended before it was ready, wait status 0x%x", status);
        }
        if (deadline_passed(deadline))
            fail_msg("the daemon does not get ready");
        deadline_pause();
    }
    find_address(text, "tcp:", daemon->tcp_address, sizeof(daemon->tcp_address));
    free(text);
}

void
daemon_start(struct daemon *daemon, const char *const arguments[], const char *const environment[])
{
    daemon_spawn(daemon, arguments, environment);
    daemon_await_ready(daemon);
}

int
daemon_wait(struct daemon *daemon)
{
    int64_t deadline = deadline_in(PATIENCE);
    int status = 0;

    while (waitpid(daemon->pid, &status, WNOHANG) != daemon->pid) {
        if (deadline_passed(deadline))
            fail_msg("the daemon does not end");
        deadline_pause();
    }
    daemon->pid = 0;
    return status;
}

void
daemon_expect_none_left(double patience)
{
    int64_t deadline = deadline_in(patience);
    pid_t children[PROCESSES_MAX];
    size_t count;

    // The test is a subreaper: what the daemon left behind is the test's child now.
    while ((count = processes_children(getpid(), children)) > 0) {
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        if (deadline_passed(deadline) && processes_alive(children[0]))
            fail_msg("%zu processes are left, one of them is %d", count, (int)children[0]);
        deadline_pause();
    }
}

void
daemon_stop(struct daemon *daemon)
{
    int status;

    assert_int_equal(kill(daemon->pid, SIGTERM), 0);
    status = daemon_wait(daemon);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the daemon must exit 0, wait status 0x%x", status);
    daemon_expect_none_left(0);
}

void
daemon_kill(struct daemon *daemon)
{
    pid_t children[PROCESSES_MAX];
    size_t count;

    if (daemon->pid > 0)
        kill(daemon->pid, SIGKILL);
    daemon->pid = 0;
    while ((count = processes_children(getpid(), children)) > 0) {
        for (size_t i = 0; i < count; i++)
            kill(children[i], SIGKILL);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
    }
}
