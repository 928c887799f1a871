// One job of a plug-in: every function of the header, by the text that would go to the daemon.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "builtin/plugin_job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 200

// What a method saw, and what it is to do.
struct script {
    void (*run)(struct offload_job *job, struct script *script);
    const char *id;     // NULL: a notification
    const char *params; // NULL: none
    bool cancelled;
    char progress[1024]; // what was written meanwhile
};

static void
run_script(struct offload_job *job)
{
    struct script *script = offload_state(job);

    script->run(job, script);
}

static const struct offload_method method = {"m", run_script};

// Runs it and compares the answer.
static void
check(struct script *script, bool failed, const char *body)
{
    struct job_answer answer;
    struct output output;
    int ends[2];
    atomic_bool cancelled = script->cancelled;
    struct plugin_call call = {.id = span_of(script->id),
                               .params = span_of(script->params),
                               .cancelled = &cancelled,
                               .output = &output,
                               .line_max = LINE_MAX_BYTES,
                               .depth_max = 8};
    ssize_t length;

    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    output_init(&output, ends[1]);
    plugin_job_run(&method, script, &call, &answer);
    length = read(ends[0], script->progress, sizeof(script->progress) - 1);
    script->progress[length > 0 ? length : 0] = '\0';
    output_done(&output);
    close(ends[0]);
    close(ends[1]);
    if (answer.failed != failed || !span_is(answer.body, body))
        fail_msg("%d %.*s, not %s", answer.failed, (int)answer.body.length, answer.body.at, body);
    free(answer.owned);
}

static void
check_run(void (*run)(struct offload_job *job, struct script *script), bool failed,
          const char *body)
{
    struct script script = {.run = run, .id = "1"};

    check(&script, failed, body);
    assert_string_equal(script.progress, "");
}

#define INTERNAL(reason)                       \
    "{\"code\":-32603,\"message\":\"Internal " \
    "error\",\"data\":{\"method\":\"m\",\"reason\":\"" reason "\"}}"
#define TOO_LARGE                         \
    "{\"code\":-32004,\"message\":\"Too " \
    "large\",\"data\":{\"limit\":\"line-max\",\"method\":\"m\"}}"

// ---- params --------------------------------------------------------------------------------

static void
return_params(struct offload_job *job, struct script *script)
{
    size_t length = 99;
    const char *params = offload_params(job, &length);

    (void)script;
    if (params == NULL)
        assert_int_equal(length, 0);
    else
        assert_int_equal(offload_result(job, params, length), 0);
}

static void
return_params_json(struct offload_job *job, struct script *script)
{
    const json_t *params = offload_params_json(job);

    (void)script;
    assert_ptr_equal(offload_params_json(job), params); // parsed once
    if (params != NULL)
        assert_int_equal(offload_result_json(job, json_deep_copy(params)), 0);
    else
        assert_int_equal(offload_result(job, "1", 1), -EALREADY);
}

static void
test_params(void **state)
{
    struct script script = {.run = return_params, .id = "1", .params = "[1e400, -0,\t0.10 ]"};

    (void)state;
    check(&script, false, "[1e400, -0,\t0.10 ]");
    script.params = NULL;
    check(&script, true, INTERNAL("it returned without an answer"));
    script.run = return_params_json;
    check(&script, false, "null");
    script.params = "{ \"a\" : [ 1 ] }";
    check(&script, false, "{\"a\":[1]}");
    script.params = "[9223372036854775808]";
    check(&script, true,
          "{\"code\":-32602,\"message\":\"Invalid params\",\"data\":{\"reason\":\"too big "
          "integer near '9223372036854775808'\"}}");
}

static void
answer_then_parse(struct offload_job *job, struct script *script)
{
    (void)script;
    assert_int_equal(offload_result(job, "1", 1), 0);
    assert_null(offload_params_json(job));
}

static void
test_params_refused_after_the_answer(void **state)
{
    struct script script = {.run = answer_then_parse, .id = "1", .params = "[1e400]"};

    (void)state;
    check(&script, false, "1");
}

// ---- results -------------------------------------------------------------------------------

static void
answer_nothing(struct offload_job *job, struct script *script)
{
    (void)job;
    (void)script;
}

static void
answer_on_many_lines(struct offload_job *job, struct script *script)
{
    static const char text[] = "{\r\n\"a\" : \"\\n\"\n}";

    (void)script;
    assert_int_equal(offload_result(job, text, sizeof(text) - 1), 0);
}

static void
answer_twice(struct offload_job *job, struct script *script)
{
    (void)script;
    assert_int_equal(offload_result(job, "1", 1), 0);
    assert_int_equal(offload_result(job, "}", 1), -EALREADY);
    assert_int_equal(offload_result_json(job, json_object()), -EALREADY);
    assert_int_equal(offload_error(job, 1, "late", json_object()), -EALREADY);
}

static void
answer_a_breakout(struct offload_job *job, struct script *script)
{
    static const char text[] = "1}\n{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":1";

    (void)script;
    assert_int_equal(offload_result(job, text, sizeof(text) - 1), -EINVAL);
    assert_int_equal(offload_result(job, "1", 1), -EALREADY);
}

static void
answer_bad_utf8(struct offload_job *job, struct script *script)
{
    (void)script;
    assert_int_equal(offload_result(job, "\"\xc0\x80\"", 4), -EINVAL);
}

static void
answer_no_value(struct offload_job *job, struct script *script)
{
    (void)script;
    assert_int_equal(offload_result_json(job, NULL), -EINVAL);
}

static void
answer_null_text(struct offload_job *job, struct script *script)
{
    (void)script;
    assert_int_equal(offload_result(job, NULL, 5), -EINVAL);
}

static void
answer_deep(struct offload_job *job, struct script *script)
{
    (void)script;
    assert_int_equal(offload_result(job, "[[[[[[[7]]]]]]]", 15), 0); // with {"result":..} 8
}

static void
answer_deeper(struct offload_job *job, struct script *script)
{
    (void)script;
    assert_int_equal(offload_result(job, "[[[[[[[[8]]]]]]]]", 17), -EINVAL);
}

static void
test_results(void **state)
{
    (void)state;
    check_run(answer_on_many_lines, false, "{  \"a\" : \"\\n\" }");
    check_run(answer_twice, false, "1");
    check_run(answer_deep, false, "[[[[[[[7]]]]]]]");
    check_run(answer_nothing, true, INTERNAL("it returned without an answer"));
    check_run(answer_a_breakout, true, INTERNAL("it gave a text that is not JSON"));
    check_run(answer_bad_utf8, true, INTERNAL("it gave a text that is not UTF-8"));
    check_run(answer_no_value, true, INTERNAL("it gave no value that can be written as JSON"));
    check_run(answer_null_text, true, INTERNAL("it gave no value that can be written as JSON"));
    check_run(answer_deeper, true,
              INTERNAL("it gave a value that is nested deeper than depth-max"));
}

// {"jsonrpc":"2.0","id":1,"result":TEXT} of just as many bytes as fit, then one more.
static void
answer_long(struct offload_job *job, struct script *script)
{
    char text[LINE_MAX_BYTES];
    size_t length = LINE_MAX_BYTES - strlen("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":}");

    memset(text, '1', sizeof(text));
    if (script->cancelled)
        assert_int_equal(offload_result(job, text, length + 1), -EMSGSIZE);
    else
        assert_int_equal(offload_result(job, text, length), 0);
}

static void
test_results_fit_into_a_line(void **state)
{
    struct script script = {.run = answer_long, .id = "1"};
    char text[LINE_MAX_BYTES] = "";

    (void)state;
    memset(text, '1', LINE_MAX_BYTES - strlen("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":}"));
    check(&script, false, text);
    script.cancelled = true;
    check(&script, true, TOO_LARGE);
}

// ---- errors --------------------------------------------------------------------------------

static void
fail_plainly(struct offload_job *job, struct script *script)
{
    (void)script;
    assert_int_equal(offload_error(job, -5, "a \"b\"\n\xff", NULL), 0);
}

static void
fail_with_data(struct offload_job *job, struct script *script)
{
    (void)script;
    assert_int_equal(offload_error(job, 7, NULL, json_pack("[b]", 1)), 0);
}

static void
fail_with_bad_data(struct offload_job *job, struct script *script)
{
    (void)script;
    assert_int_equal(offload_error(job, 7, "x", json_string_nocheck("\xff")), -EINVAL);
}

static void
fail_at_length(struct offload_job *job, struct script *script)
{
    char text[LINE_MAX_BYTES];

    (void)script;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(offload_error(job, 7, text, NULL), -EMSGSIZE);
}

static void
test_errors(void **state)
{
    (void)state;
    check_run(fail_plainly, true, "{\"code\":-5,\"message\":\"a \\\"b\\\"\\n\xef\xbf\xbd\"}");
    check_run(fail_with_data, true, "{\"code\":7,\"message\":\"\",\"data\":[true]}");
    check_run(fail_with_bad_data, true, INTERNAL("it gave no value that can be written as JSON"));
    check_run(fail_at_length, true, TOO_LARGE);
}

// ---- progress and cancel -------------------------------------------------------------------

static void
tell(struct offload_job *job, struct script *script)
{
    (void)script;
    assert_int_equal(offload_progress(job, OFFLOAD_REPORT, "[1,\n2]", 6), 0);
    assert_int_equal(offload_progress_json(job, OFFLOAD_PARTIAL, json_string("\n")), 0);
    assert_int_equal(offload_progress(job, OFFLOAD_REPORT, "1}", 2), -EINVAL);
    assert_int_equal(offload_progress(job, OFFLOAD_REPORT, NULL, 0), -EINVAL);
    assert_int_equal(offload_progress(job, OFFLOAD_REPORT, "[[[[[[]]]]]]", 12), -EINVAL);
    assert_int_equal(offload_progress(job, (enum offload_progress_kind)2, "1", 1), -EINVAL);
    assert_int_equal(offload_progress_json(job, OFFLOAD_REPORT, NULL), -EINVAL);
    assert_int_equal(offload_result(job, "0", 1), 0);
}

#define PROGRESS(id, kind, value)                                              \
    "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":{\"token\":" id \
    ",\"value\":{\"kind\":\"" kind "\",\"value\":" value "}}}\n"

static void
test_progress(void **state)
{
    struct script script = {.run = tell, .id = "\"\\u0031\""};

    (void)state;
    check(&script, false, "0");
    assert_string_equal(script.progress, PROGRESS("\"\\u0031\"", "report", "[1, 2]")
                                             PROGRESS("\"\\u0031\"", "partial", "\"\\n\""));
    script.id = NULL; // nobody to tell
    check(&script, false, "0");
    assert_string_equal(script.progress, "");
}

static void
tell_at_length(struct offload_job *job, struct script *script)
{
    char text[LINE_MAX_BYTES];
    size_t length = LINE_MAX_BYTES - (strlen(PROGRESS("1", "report", "")) - 1);

    (void)script;
    memset(text, '1', sizeof(text));
    assert_int_equal(offload_progress(job, OFFLOAD_REPORT, text, length + 1), -EMSGSIZE);
    assert_int_equal(offload_progress(job, OFFLOAD_REPORT, text, length), 0);
    assert_int_equal(offload_result(job, "0", 1), 0);
}

static void
test_progress_fits_into_a_line(void **state)
{
    struct script script = {.run = tell_at_length, .id = "1"};

    (void)state;
    check(&script, false, "0");
    assert_int_equal(strlen(script.progress), LINE_MAX_BYTES + 1);
}

static void
answer_whether_cancelled(struct offload_job *job, struct script *script)
{
    (void)script;
    offload_result_json(job, json_boolean(offload_cancelled(job)));
}

static void
test_cancelled(void **state)
{
    struct script script = {.run = answer_whether_cancelled, .id = "1"};

    (void)state;
    check(&script, false, "false");
    script.cancelled = true;
    check(&script, false, "true"); // it may answer all the same
    script.run = answer_nothing;
    check(&script, true, "{\"code\":-32800,\"message\":\"Cancelled\"}");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_params_refused_after_the_answer),
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_results_fit_into_a_line),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_progress_fits_into_a_line),
        cmocka_unit_test(test_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
