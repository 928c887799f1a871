// The worker's loop in a child process of a unit test, over pipes.
#ifndef OFFLOAD_TESTS_BUILTIN_CHILD_H
#define OFFLOAD_TESTS_BUILTIN_CHILD_H

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "builtin/plugin.h"
#include "builtin/serve.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS    20000
#define LINE_MAX_BYTES 1000

#define REQUEST(id, method, params) \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":" params "}\n"
#define CANCEL(id) \
    "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":" id "}}\n"
#define RESULT(id, result) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" result "}\n"

// Where the leak sanitizer is linked in, the child has itself checked before it ends.
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

struct child {
    bool prefetch; // as the daemon starts it; set before child_start
    pid_t pid;
    int in;
    int out;
    char text[1 << 20]; // what it has said
    size_t length;
};

_Noreturn static inline void
child_run(int in, int out, const struct offload_plugin *descriptor, unsigned threads, bool prefetch)
{
    struct serve_settings settings = {.threads = threads,
                                      .line_max = LINE_MAX_BYTES,
                                      .depth_max = 16,
                                      .answer_depth_max = 8,
                                      .prefetch = prefetch};
    struct plugin_fault fault;
    int error;

    prctl(PR_SET_PDEATHSIG, SIGKILL); // a job without end must not outlive a test that fails
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    close(in);
    close(out);
    signal(SIGPIPE, SIG_IGN);
    if (descriptor != NULL && (settings.plugin = plugin_new(descriptor, &fault)) == NULL)
        _exit(97);
    error = serve(&settings);
    plugin_free(settings.plugin);
    if (&__lsan_do_recoverable_leak_check != NULL && __lsan_do_recoverable_leak_check() != 0)
        _exit(99);
    _exit(error == 0 ? 0 : 98);
}

// With the built-in methods if `descriptor` is NULL.
static inline void
child_start(struct child *child, const struct offload_plugin *descriptor, unsigned threads)
{
    int in[2];
    int out[2];

    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    child->length = 0;
    child->text[0] = '\0';
    child->pid = fork();
    assert_true(child->pid >= 0);
    if (child->pid == 0) {
        close(in[1]);
        close(out[0]);
        child_run(in[0], out[1], descriptor, threads, child->prefetch);
    }
    close(in[0]);
    close(out[1]);
    child->in = in[1];
    child->out = out[0];
}

static inline void
say(struct child *child, const char *text)
{
    assert_int_equal(write(child->in, text, strlen(text)), strlen(text));
}

// Takes what comes next; false at the end.
static inline bool
pull(struct child *child)
{
    struct pollfd look = {.fd = child->out, .events = POLLIN};
    ssize_t n;

    if (poll(&look, 1, PATIENCE_MS) != 1)
        fail_msg("waited too long; so far: %s", child->text);
    n = read(child->out, child->text + child->length, sizeof(child->text) - 1 - child->length);
    assert_true(n >= 0);
    child->length += (size_t)n;
    child->text[child->length] = '\0';
    return n > 0;
}

// Takes what is there without waiting, so that neither side's pipe fills up.
static inline void
pull_if_any(struct child *child)
{
    struct pollfd look = {.fd = child->out, .events = POLLIN};

    if (poll(&look, 1, 0) == 1)
        pull(child);
}

// Just that comes next.
static inline void
hear(struct child *child, const char *expected)
{
    while (child->length < strlen(expected) && pull(child))
        ;
    assert_string_equal(child->text, expected);
    child->length = 0;
    child->text[0] = '\0';
}

static inline int
reap(struct child *child)
{
    int status;

    alarm(PATIENCE_MS / 1000);
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    alarm(0);
    return status;
}

// Closes its stdin, collects what it has still to say; it must end well.
static inline void
child_finish(struct child *child)
{
    close(child->in);
    while (pull(child))
        ;
    close(child->out);
    assert_int_equal(reap(child), 0);
}

#endif
