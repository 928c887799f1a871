// Plug-ins: the worker with one in a child process; jobs, cancels and progress on several threads,
// and the descriptors that are refused.
#include "child.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#define READY "{\"jsonrpc\":\"2.0\",\"method\":\"worker.ready\",\"params\":{\"cancel\":true}}\n"
#define CANCELLED(id) \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":-32800,\"message\":\"Cancelled\"}}\n"
#define PROGRESS(id, kind, value)                                              \
    "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":{\"token\":" id \
    ",\"value\":{\"kind\":\"" kind "\",\"value\":" value "}}}\n"

// ---- a plug-in -----------------------------------------------------------------------------

static void
run_raw(struct offload_job *job)
{
    size_t length;
    const char *params = offload_params(job, &length);

    offload_result(job, params, length);
}

// Says that it has begun, and runs until it is cancelled.
static void
run_wait(struct offload_job *job)
{
    offload_progress(job, OFFLOAD_REPORT, "\"begun\"", 7);
    while (!offload_cancelled(job))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

// Polls a few times: a cancel comes before, between or after.
static void
run_short(struct offload_job *job)
{
    for (int i = 0; i < 20; i++)
        if (offload_cancelled(job))
            return;
    offload_result(job, "\"done\"", 6);
}

static void *
tell(void *context)
{
    struct offload_job *job = context;

    for (int i = 0; i < 50; i++)
        if (!offload_cancelled(job))
            offload_progress(job, OFFLOAD_PARTIAL, "[1,2,3]", 7);
    return NULL;
}

static void
run_threads(struct offload_job *job)
{
    pthread_t threads[4];

    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, tell, job);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    offload_result_json(job, json_integer(200));
}

static void
run_parse(struct offload_job *job)
{
    const json_t *params = offload_params_json(job);

    if (params != NULL)
        offload_result_json(job, json_integer((json_int_t)json_object_size(params)));
}

static int
open_plugin(void **ret_state)
{
    *ret_state = strdup("state");
    return *ret_state != NULL ? 0 : ENOMEM;
}

static void
run_state(struct offload_job *job)
{
    offload_result_json(job, json_string(offload_state(job)));
}

static const struct offload_method methods[] = {
    {"raw", run_raw},     {"wait", run_wait},   {"short", run_short}, {"threads", run_threads},
    {"parse", run_parse}, {"state", run_state}, {NULL, NULL},
};

static const struct offload_plugin good = {OFFLOAD_PLUGIN_ABI, "good", methods, open_plugin, free};

// ---- jobs ----------------------------------------------------------------------------------

static void
check_jobs(unsigned threads)
{
    static struct child child;

    child_start(&child, &good, threads);
    hear(&child, READY); // before anything is asked, and once
    say(&child, REQUEST("1", "raw", "[1e400, -0]"));
    hear(&child, RESULT("1", "[1e400, -0]"));
    say(&child, REQUEST("2", "state", "[]"));
    hear(&child, RESULT("2", "\"state\""));
    say(&child, REQUEST("3", "echo", "[]")); // the plug-in's methods are all there are
    hear(&child, "{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32601,\"message\":\"Method "
                 "not found\",\"data\":{\"method\":\"echo\"}}}\n");
    say(&child, "nonsense\n");
    hear(&child, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"Parse "
                 "error\"}}\n");
    say(&child, "{\"jsonrpc\":\"2.0\",\"method\":\"raw\",\"params\":[]}\n"); // never answered
    child_finish(&child);
    assert_string_equal(child.text, "");
}

static void
test_jobs(void **state)
{
    (void)state;
    check_jobs(1);
    check_jobs(4);
}

// ---- cancel --------------------------------------------------------------------------------

// One thread is enough: the cancel is read while the job runs.
static void
test_cancel_of_a_running_job(void **state)
{
    static struct child child;

    (void)state;
    child_start(&child, &good, 1);
    hear(&child, READY);
    say(&child, REQUEST("1", "wait", "[]"));
    hear(&child, PROGRESS("1", "report", "\"begun\""));
    say(&child, CANCEL("2") CANCEL("\"1\"") CANCEL("1.0") CANCEL("1"));
    hear(&child, CANCELLED("1"));
    say(&child, CANCEL("1") REQUEST("1", "raw", "[1]")); // the same id again is another job
    hear(&child, RESULT("1", "[1]"));
    child_finish(&child);
    assert_string_equal(child.text, "");
}

// A job behind another one is answered at once, and never begins.
static void
test_cancel_of_a_waiting_job(void **state)
{
    static struct child child;

    (void)state;
    child_start(&child, &good, 1);
    hear(&child, READY);
    say(&child, REQUEST("1", "wait", "[]") REQUEST("2", "wait", "[]") REQUEST("3", "raw", "[3]"));
    hear(&child, PROGRESS("1", "report", "\"begun\""));
    say(&child, CANCEL("2"));
    hear(&child, CANCELLED("2"));
    say(&child, CANCEL("1"));
    hear(&child, CANCELLED("1") RESULT("3", "[3]"));
    child_finish(&child);
    assert_string_equal(child.text, "");
}

static void
test_malformed_cancels_do_nothing(void **state)
{
    static struct child child;

    (void)state;
    child_start(&child, &good, 1);
    hear(&child, READY);
    say(&child, "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\"}\n"
                "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{}}\n"
                "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":[[{}]]}\n"
                "{\"jsonrpc\":\"2.0\",\"method\":\"$/unknown\",\"params\":[1]}\n");
    say(&child, REQUEST("1", "$/cancelRequest", "{\"id\":1}")); // a request, so an unknown method
    hear(&child, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601,\"message\":\"Method "
                 "not found\",\"data\":{\"method\":\"$/cancelRequest\"}}}\n");
    child_finish(&child);
    assert_string_equal(child.text, "");
}

// Cancels race with jobs that wait, run and end: one answer each.
static void
check_races(unsigned threads)
{
    enum { JOBS = 2000 };
    static struct child child;
    char line[256];

    child_start(&child, &good, threads);
    for (int i = 0; i < JOBS; i++) {
        snprintf(line, sizeof(line), REQUEST("%d", "short", "[]"), i);
        say(&child, line);
        snprintf(line, sizeof(line), CANCEL("%d"), i - i % 3);
        say(&child, line);
        pull_if_any(&child);
    }
    child_finish(&child);
    for (int i = 0; i < JOBS; i++) {
        const char *first;

        snprintf(line, sizeof(line), "\"id\":%d,", i);
        first = strstr(child.text, line);
        if (first == NULL || strstr(first + 1, line) != NULL)
            fail_msg("job %d has no answer, or two", i);
    }
}

static void
test_races_of_cancel_and_completion(void **state)
{
    (void)state;
    check_races(1);
    check_races(4);
}

// ---- threads -------------------------------------------------------------------------------

static size_t
count_lines(const char *text, const char *line)
{
    size_t count = 0;

    for (const char *at = text; *at != '\0'; at = strchr(at, '\n') + 1)
        count += strncmp(at, line, strlen(line)) == 0;
    return count;
}

// Lines of several jobs and of threads of theirs are never mixed.
static void
test_progress_from_threads(void **state)
{
    static struct child child;

    (void)state;
    child_start(&child, &good, 3);
    for (int i = 0; i < 3; i++)
        say(&child, REQUEST("1", "threads", "[]") REQUEST("2", "threads", "[]")
                        REQUEST("3", "parse", "{\"a\":1,\"b\":2}"));
    child_finish(&child);
    assert_int_equal(count_lines(child.text, PROGRESS("1", "partial", "[1,2,3]")), 600);
    assert_int_equal(count_lines(child.text, PROGRESS("2", "partial", "[1,2,3]")), 600);
    assert_int_equal(count_lines(child.text, RESULT("1", "200")), 3);
    assert_int_equal(count_lines(child.text, RESULT("2", "200")), 3);
    assert_int_equal(count_lines(child.text, RESULT("3", "2")), 3);
}

// ---- what is refused -----------------------------------------------------------------------

static void
check_refused(const struct offload_plugin *descriptor, const char *part)
{
    struct plugin_fault fault = {""};

    assert_null(plugin_new(descriptor, &fault));
    if (strstr(fault.text, part) == NULL)
        fail_msg("not %s: %s", part, fault.text);
}

static void
check_method_refused(const struct offload_method *list, const char *part)
{
    const struct offload_plugin descriptor = {OFFLOAD_PLUGIN_ABI, "bad", list, NULL, NULL};

    check_refused(&descriptor, part);
}

static int
refuse_to_open(void **ret_state)
{
    assert_null(*ret_state);
    return ENOENT;
}

static void
test_refused_descriptors(void **state)
{
    const struct offload_plugin other_abi = {.abi = OFFLOAD_PLUGIN_ABI + 1};
    const struct offload_plugin nameless = {OFFLOAD_PLUGIN_ABI, NULL, methods, NULL, NULL};
    const struct offload_plugin empty = {OFFLOAD_PLUGIN_ABI, "e", NULL, NULL, NULL};
    const struct offload_plugin closed = {OFFLOAD_PLUGIN_ABI, "c", methods, refuse_to_open, free};

    (void)state;
    check_refused(&other_abi, "built for plug-in ABI 2, and this offload-worker has 1");
    check_refused(&nameless, "no name");
    check_refused(&empty, "no methods");
    check_refused(&closed, "does not open: No such file or directory");
}

static void
test_refused_methods(void **state)
{
    (void)state;
    check_method_refused((struct offload_method[]){{NULL, NULL}}, "no methods");
    check_method_refused((struct offload_method[]){{"", run_raw}, {0}}, "is empty");
    check_method_refused((struct offload_method[]){{"a\"", run_raw}, {0}}, "is empty, or has");
    check_method_refused((struct offload_method[]){{"\xc3\xa9", run_raw}, {0}}, "is empty, or has");
    check_method_refused((struct offload_method[]){{"a", NULL}, {0}}, "'a' has no function");
    check_method_refused((struct offload_method[]){{"$/a", run_raw}, {0}}, "reserved");
    check_method_refused((struct offload_method[]){{"job.run", run_raw}, {0}}, "reserved");
    check_method_refused(
        (struct offload_method[]){{"a", run_raw}, {"b", run_raw}, {"a", run_raw}, {0}},
        "two methods 'a'");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jobs),
        cmocka_unit_test(test_cancel_of_a_running_job),
        cmocka_unit_test(test_cancel_of_a_waiting_job),
        cmocka_unit_test(test_malformed_cancels_do_nothing),
        cmocka_unit_test(test_races_of_cancel_and_completion),
        cmocka_unit_test(test_progress_from_threads),
        cmocka_unit_test(test_refused_descriptors),
        cmocka_unit_test(test_refused_methods),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
