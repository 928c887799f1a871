// Serve: the worker's loop in a child process, over pipes: one thread, several, and the ends.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "builtin/serve.h"
#include "common/errors.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS    10000
#define LINE_MAX_BYTES 1000

#define REQUEST(id, method, params) \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":" params "}\n"
#define RESULT(id, result) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" result "}\n"

// Where the leak sanitizer is linked in, the child has itself checked before it ends.
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

struct worker {
    pid_t pid;
    int in;
    int out;
    char text[65536]; // what it has said
    size_t length;
};

_Noreturn static void
child_run(int in, int out, unsigned threads)
{
    struct serve_settings settings = {
        .threads = threads, .line_max = LINE_MAX_BYTES, .depth_max = 16};
    int error;

    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    close(in);
    close(out);
    signal(SIGPIPE, SIG_IGN);
    error = serve(&settings);
    if (&__lsan_do_recoverable_leak_check != NULL && __lsan_do_recoverable_leak_check() != 0)
        _exit(99);
    _exit(error == 0 ? 0 : 98);
}

static void
worker_start(struct worker *worker, unsigned threads)
{
    int in[2];
    int out[2];

    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    worker->length = 0;
    worker->text[0] = '\0';
    worker->pid = fork();
    assert_true(worker->pid >= 0);
    if (worker->pid == 0) {
        close(in[1]);
        close(out[0]);
        child_run(in[0], out[1], threads);
    }
    close(in[0]);
    close(out[1]);
    worker->in = in[1];
    worker->out = out[0];
}

static void
say(struct worker *worker, const char *text)
{
    assert_int_equal(write(worker->in, text, strlen(text)), strlen(text));
}

// Takes what comes next; false at the end.
static bool
pull(struct worker *worker)
{
    struct pollfd look = {.fd = worker->out, .events = POLLIN};
    ssize_t n;

    if (poll(&look, 1, PATIENCE_MS) != 1)
        fail_msg("waited too long; so far: %s", worker->text);
    n = read(worker->out, worker->text + worker->length, sizeof(worker->text) - 1 - worker->length);
    assert_true(n >= 0);
    worker->length += (size_t)n;
    worker->text[worker->length] = '\0';
    return n > 0;
}

static void
hear(struct worker *worker, const char *expected)
{
    while (worker->length < strlen(expected) && pull(worker))
        ;
    assert_string_equal(worker->text, expected);
    worker->length = 0;
    worker->text[0] = '\0';
}

// One line that begins like this.
static void
hear_error(struct worker *worker, const char *id, int code)
{
    char start[128];

    snprintf(start, sizeof(start), "{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":%d,", id,
             code);
    while (strchr(worker->text, '\n') == NULL && pull(worker))
        ;
    if (strncmp(worker->text, start, strlen(start)) != 0)
        fail_msg("not %s: %s", start, worker->text);
    assert_ptr_equal(strchr(worker->text, '\n'), worker->text + worker->length - 1);
    worker->length = 0;
    worker->text[0] = '\0';
}

static int
reap(struct worker *worker)
{
    int status;

    alarm(PATIENCE_MS / 1000);
    assert_int_equal(waitpid(worker->pid, &status, 0), worker->pid);
    alarm(0);
    return status;
}

// Closes its stdin: it says no more and ends well.
static void
worker_end(struct worker *worker)
{
    close(worker->in);
    while (pull(worker))
        ;
    assert_string_equal(worker->text, "");
    close(worker->out);
    assert_int_equal(reap(worker), 0);
}

static void
check_requests(unsigned threads)
{
    struct worker worker;

    worker_start(&worker, threads);
    say(&worker, REQUEST("1", "echo", "[1e400]"));
    hear(&worker, RESULT("1", "[1e400]"));
    say(&worker, "\n\r\n" REQUEST("2", "sum_squares", "[1000]"));
    hear(&worker, RESULT("2", "332833500"));
    say(&worker, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"ec");
    say(&worker, "ho\"}\n"); // in two pieces
    hear(&worker, RESULT("\"x\"", "null"));
    say(&worker, "{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}\n"); // never answered
    say(&worker, REQUEST("3", "nothing", "[]"));
    hear_error(&worker, "3", ERROR_METHOD_NOT_FOUND);
    say(&worker, REQUEST("4", "sum_squares", "[\"\"]"));
    hear_error(&worker, "4", ERROR_INVALID_PARAMS);
    worker_end(&worker);
}

static void
test_requests(void **state)
{
    (void)state;
    check_requests(1);
    check_requests(3);
}

static void
check_nonsense(unsigned threads)
{
    static char line[LINE_MAX_BYTES + 2];
    struct worker worker;

    worker_start(&worker, threads);
    say(&worker, "hello\n");
    hear_error(&worker, "null", ERROR_PARSE);
    say(&worker, "["
                 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"}"
                 "]\n");
    hear_error(&worker, "null", ERROR_PARSE);
    say(&worker, "{\"id\":5}\n");
    hear_error(&worker, "5", ERROR_INVALID_REQUEST);
    say(&worker, RESULT("5", "1"));
    hear_error(&worker, "5", ERROR_INVALID_REQUEST);
    memset(line, '[', sizeof(line) - 1);
    say(&worker, line);
    hear_error(&worker, "null", ERROR_INVALID_REQUEST); // before its end has come
    say(&worker, "and on\n" REQUEST("1", "echo", "[]"));
    hear(&worker, RESULT("1", "[]"));
    worker_end(&worker);
}

static void
test_nonsense(void **state)
{
    (void)state;
    check_nonsense(1);
    check_nonsense(3);
}

// Half a request is none: its writer died.
static void
check_unfinished_line(unsigned threads)
{
    struct worker worker;

    worker_start(&worker, threads);
    say(&worker, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"}");
    worker_end(&worker);
}

static void
test_unfinished_line(void **state)
{
    (void)state;
    check_unfinished_line(1);
    check_unfinished_line(2);
}

// Everything that was asked is answered before it ends, though its stdin is closed at once.
static void
check_answers_before_the_end(unsigned threads)
{
    enum { REQUESTS = 200 };
    struct worker worker;
    char line[128];
    size_t answers = 0;

    worker_start(&worker, threads);
    for (int i = 0; i < REQUESTS; i++) {
        snprintf(line, sizeof(line), REQUEST("%d", "sum_squares", "[%d]"), i, i);
        say(&worker, line);
    }
    close(worker.in);
    while (pull(&worker))
        ;
    for (int i = 0; i < REQUESTS; i++) {
        long long n = i;

        snprintf(line, sizeof(line), RESULT("%d", "%lld"), i,
                 i == 0 ? 0 : n * (n - 1) * (2 * n - 1) / 6);
        answers += strstr(worker.text, line) != NULL;
    }
    assert_int_equal(answers, REQUESTS);
    close(worker.out);
    assert_int_equal(reap(&worker), 0);
}

static void
test_answers_before_the_end(void **state)
{
    (void)state;
    check_answers_before_the_end(1);
    check_answers_before_the_end(8);
}

// Some hours of work on one thread: the others answer meanwhile.
static void
test_threads_run_at_once(void **state)
{
    struct worker worker;

    (void)state;
    worker_start(&worker, 2);
    say(&worker, REQUEST("1", "sum_squares", "[4398046511104]"));
    say(&worker, REQUEST("2", "echo", "[2]"));
    hear(&worker, RESULT("2", "[2]"));
    say(&worker, REQUEST("3", "echo", "[3]"));
    hear(&worker, RESULT("3", "[3]"));
    kill(worker.pid, SIGKILL);
    assert_int_equal(WTERMSIG(reap(&worker)), SIGKILL);
    close(worker.in);
    close(worker.out);
}

// Nobody reads its answers any more.
static void
check_nobody_reads(unsigned threads)
{
    struct worker worker;
    int status;

    worker_start(&worker, threads);
    close(worker.out);
    say(&worker, REQUEST("1", "echo", "[]"));
    status = reap(&worker);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_STATUS_UNAVAILABLE);
    close(worker.in);
}

static void
test_nobody_reads(void **state)
{
    (void)state;
    check_nobody_reads(1);
    check_nobody_reads(2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_unfinished_line),
        cmocka_unit_test(test_answers_before_the_end),
        cmocka_unit_test(test_threads_run_at_once),
        cmocka_unit_test(test_nobody_reads),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
