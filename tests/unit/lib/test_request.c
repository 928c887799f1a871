// The text of requests, and what is refused because no daemon could read it.
// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/lib/request.h"
#include "common/message.h"

#include <errno.h>
#include <stdlib.h>

static void
expect(const struct offload_call *call, uint64_t id, const char *text)
{
    struct request request;
    size_t length;
    char *joined;

    assert_int_equal(request_compose(call, id, &request), 0);
    joined = message_join(request.pieces, request.count, &length);
    assert_string_equal(joined, text);
    free(joined);
    request_done(&request);
}

static void
progress_cb(void *context, const char *json, size_t length)
{
    (void)context;
    (void)json;
    (void)length;
}

#define CALL(...) (&(struct offload_call){__VA_ARGS__})
#define HEAD      "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":"

static void
params_pass_byte_for_byte(void **state)
{
    (void)state;
    expect(CALL(.method = "m"), 7, HEAD "\"m\"}");
    expect(CALL(.method = "m", .params = " [ -0,1e400 , \"\\u00e9\"] "), 7,
           HEAD "\"m\",\"params\":[ -0,1e400 , \"\\u00e9\"]}");
    expect(CALL(.method = "mx", .method_length = 1, .params = "{}garbage", .params_length = 2), 7,
           HEAD "\"m\",\"params\":{}}");
    expect(CALL(.method = "m", .params = "[1,\r\n 2]"), 7, HEAD "\"m\",\"params\":[1,   2]}");
    expect(CALL(.method = "m", .params = "[]"), 0,
           "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[]}");
}

static void
method_names_are_escaped(void **state)
{
    (void)state;
    expect(CALL(.method = "a\"b\\c\n\xc3\xa9"), 7, HEAD "\"a\\\"b\\\\c\\n\xc3\xa9\"}");
}

static void
progress_is_one_more_option(void **state)
{
    (void)state;
    expect(CALL(.method = "m", .progress = progress_cb), 7,
           HEAD "\"m\",\"options\":{\"progress\":true}}");
    expect(CALL(.method = "m", .options = "{ }", .progress = progress_cb), 7,
           HEAD "\"m\",\"options\":{ \"progress\":true}}");
    expect(CALL(.method = "m", .options = "{\"retries\":1\n}", .progress = progress_cb), 7,
           HEAD "\"m\",\"options\":{\"retries\":1 ,\"progress\":true}}");
    expect(CALL(.method = "m", .options = "{\"retries\":1}"), 7,
           HEAD "\"m\",\"options\":{\"retries\":1}}");
    // A notification has no options.
    expect(CALL(.method = "m", .options = "{\"retries\":1}", .progress = progress_cb), 0,
           "{\"jsonrpc\":\"2.0\",\"method\":\"m\"}");
}

static void
what_is_no_request_is_refused(void **state)
{
    const struct offload_call calls[] = {
        {.method = NULL},
        {.method = ""},
        {.method = "\xff"},
        {.method = "m", .params = ""},
        {.method = "m", .params = "1"},
        {.method = "m", .params = "\"text\""},
        {.method = "m", .params = "[1"},
        {.method = "m", .params = "[1] [2]"},
        {.method = "m", .params = "{\"a\":\"\n\"}"},
        {.method = "m", .params = "[\"\xff\"]"},
        {.method = "m", .options = "[]"},
        {.method = "m", .options = "{}}"},
        {.method = "m", .options = ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct request request;

        if (request_compose(&calls[i], 1, &request) != -EINVAL)
            fail_msg("case %zu is accepted", i);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(params_pass_byte_for_byte),
        cmocka_unit_test(method_names_are_escaped),
        cmocka_unit_test(progress_is_one_more_option),
        cmocka_unit_test(what_is_no_request_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
