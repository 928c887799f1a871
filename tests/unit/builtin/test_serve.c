// Serve: the worker's loop in a child process, over pipes: one thread, several, and the ends.
#include "child.h"
#include "common/errors.h"

// One line that begins like this.
static void
hear_error(struct child *worker, const char *id, int code)
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

// Closes its stdin: it says no more and ends well.
static void
worker_end(struct child *worker)
{
    child_finish(worker);
    assert_string_equal(worker->text, "");
}

static void
check_requests(unsigned threads)
{
    static struct child worker;

    child_start(&worker, NULL, threads);
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
    static struct child worker;

    child_start(&worker, NULL, threads);
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
    static struct child worker;

    child_start(&worker, NULL, threads);
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
    static struct child worker;
    char line[128];
    size_t answers = 0;

    child_start(&worker, NULL, threads);
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
    static struct child worker;

    (void)state;
    child_start(&worker, NULL, 2);
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
    static struct child worker;
    int status;

    child_start(&worker, NULL, threads);
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

// ---- jobs ahead ----------------------------------------------------------------------------

#define READY_TO_PREFETCH \
    "{\"jsonrpc\":\"2.0\",\"method\":\"worker.ready\",\"params\":{\"prefetch\":true}}\n"
#define RETURN(ids) \
    "{\"jsonrpc\":\"2.0\",\"method\":\"worker.return\",\"params\":{\"ids\":[" ids "]}}\n"
#define LONG_N      "67108864" // far more than a millisecond
#define LONG_RESULT "100743816049419295391744"

// What comes before a long job is answered, what comes behind it is given back, whether it came
// with it or later, in one piece or several; and the long one has its own id still.
static void
test_give_back(void **state)
{
    static struct child worker = {.prefetch = true};

    (void)state;
    child_start(&worker, NULL, 1);
    hear(&worker, READY_TO_PREFETCH);
    say(&worker, REQUEST("1", "echo", "[1]") REQUEST("7", "sum_squares", "[4398046511104]")
                     REQUEST("2", "echo", "[2]") "{\"jsonrpc\":\"2.0\",\"id\":3,\"me");
    hear(&worker, RESULT("1", "[1]") RETURN("2"));
    say(&worker, "thod\":\"echo\"}\n" REQUEST("4", "echo", "[4]"));
    hear(&worker, RETURN("3,4"));
    say(&worker,
        CANCEL("4") "{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}\n" REQUEST("5", "no", "[]"));
    hear(&worker, RETURN("5"));
    kill(worker.pid, SIGKILL);
    reap(&worker);
    close(worker.in);
    close(worker.out);
}

static void
test_answer_after_giving_back(void **state)
{
    static struct child worker = {.prefetch = true};

    (void)state;
    child_start(&worker, NULL, 1);
    hear(&worker, READY_TO_PREFETCH);
    say(&worker, REQUEST("1234567890", "sum_squares", "[" LONG_N "]") REQUEST("2", "echo", "[2]"));
    hear(&worker, RETURN("2") RESULT("1234567890", LONG_RESULT));
    // An id that is too long to be kept: nothing is given back meanwhile.
    say(&worker, REQUEST("\"0123456789012345678901234567890123456789\"", "sum_squares",
                         "[" LONG_N "]") REQUEST("2", "echo", "[2]"));
    hear(&worker,
         RESULT("\"0123456789012345678901234567890123456789\"", LONG_RESULT) RESULT("2", "[2]"));
    worker_end(&worker);
}

static void
test_threads_give_back(void **state)
{
    static struct child worker = {.prefetch = true};

    (void)state;
    child_start(&worker, NULL, 2);
    hear(&worker, READY_TO_PREFETCH);
    say(&worker, REQUEST("1", "sum_squares", "[4398046511104]")
                     REQUEST("2", "sum_squares", "[4398046511104]") REQUEST("3", "echo", "[]")
                         REQUEST("4", "echo", "[]"));
    hear(&worker, RETURN("3,4"));
    kill(worker.pid, SIGKILL);
    reap(&worker);
    close(worker.in);
    close(worker.out);
}

// By hand, as a filter, every request is answered in its turn.
static void
test_nobody_takes_back(void **state)
{
    static struct child worker;

    (void)state;
    child_start(&worker, NULL, 1);
    say(&worker, REQUEST("1", "sum_squares", "[" LONG_N "]") REQUEST("2", "echo", "[2]"));
    hear(&worker, RESULT("1", LONG_RESULT) RESULT("2", "[2]"));
    worker_end(&worker);
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
        cmocka_unit_test(test_give_back),
        cmocka_unit_test(test_answer_after_giving_back),
        cmocka_unit_test(test_threads_give_back),
        cmocka_unit_test(test_nobody_takes_back),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
