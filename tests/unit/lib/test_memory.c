// Out of memory in liboffload: a call is made whole or not at all, nothing leaks, and what was
// begun before is still answered.
#include "talk.h"
#include "tests/unit/failing_malloc.h"

#include <errno.h>

static struct offload_call
call_of(struct talk *talk)
{
    return (struct offload_call){
        .method = "a\"b", // to be escaped
        .params = "[1,\n2]",
        .options = "{}",
        .reply = talk_reply_cb,
        .progress = talk_progress_cb,
        .context = talk,
    };
}

static void
adopting(void **state)
{
    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        struct offload *offload = NULL;
        int pair[2];
        int error;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        error = offload_adopt(pair[0], NULL, NULL, NULL, &offload);
        if (error != 0) { // libevent gets by without some of its memory
            assert_true(allocation_failed());
            assert_int_equal(error, -ENOMEM);
            assert_int_equal(close(pair[0]), 0); // still ours
        }
        offload_free(offload);
        close(pair[1]);
    }
}

// What was not sent leaves no trace: the next call has the next id.
static void
calling(void **state)
{
    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        struct talk talk;
        struct offload_call call;
        size_t until = allocations_until_failure;
        char text[512];
        int error;

        allocations_until_failure = 0;
        talk_start(&talk, false);
        call = call_of(&talk);
        allocations_until_failure = until;
        error = offload_call(talk.offload, &call, NULL);
        assert_int_equal(error, allocation_failed() ? -ENOMEM : 0);
        if (error != 0) {
            assert_int_equal(offload_in_flight(talk.offload), 0);
            assert_int_equal(offload_unsent(talk.offload), 0);
            assert_int_equal(offload_call(talk.offload, &call, NULL), 0);
        }
        talk_heard(&talk, text, sizeof(text));
        assert_non_null(strstr(text, "\"id\":1,\"method\":\"a\\\"b\",\"params\":[1, 2]"));
        talk_say(&talk, RESULT("1", "1") "\n");
        assert_string_equal(talk.seen, "1 result 0 1;");
        talk_stop(&talk);
    }
}

static void
gathering(void **state)
{
    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        struct talk talk;
        struct offload_call calls[3];
        size_t until = allocations_until_failure;
        int error;

        allocations_until_failure = 0;
        talk_start(&talk, false);
        for (unsigned i = 0; i < 3; i++)
            calls[i] = call_of(&talk);
        allocations_until_failure = until;
        error = offload_gather(talk.offload, calls, 3, NULL);
        assert_int_equal(error, allocation_failed() ? -ENOMEM : 0);
        assert_int_equal(offload_in_flight(talk.offload), error == 0 ? 3 : 0);
        assert_true((offload_unsent(talk.offload) > 0) == (error == 0));
        talk_stop(&talk);
    }
}

// Whatever cannot be kept ends the connection, and every call is told so, once.
static void
being_answered(void **state)
{
    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        struct talk talk;
        size_t until = allocations_until_failure;
        char expected[64];

        allocations_until_failure = 0;
        talk_start(&talk, false);
        talk_call(&talk, "a", NULL);
        talk_call(&talk, "b", NULL);
        talk_step(&talk);
        allocations_until_failure = until;
        talk_say(&talk, ERROR("null", "-32600") "\n" RESULT("1", "1") "\n");
        if (allocation_failed()) {
            snprintf(expected, sizeof(expected), "2 lost %d ;closed %d;", -ENOMEM, -ENOMEM);
            assert_non_null(strstr(talk.seen, expected));
        } else {
            assert_non_null(strstr(talk.seen, "1 result 0 1;2 error -32600"));
        }
        talk_stop(&talk);
    }
}

static void
waiting(void **state)
{
    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        struct talk talk;
        struct offload_answer answer;
        struct offload_call call = {.method = "m"};
        size_t until = allocations_until_failure;
        int error;

        allocations_until_failure = 0;
        talk_start(&talk, true);
        talk_say(&talk, RESULT("1", "1") "\n");
        allocations_until_failure = until;
        error = offload_call_wait(talk.offload, &call, 60000, &answer);
        assert_int_equal(error, allocation_failed() ? -ENOMEM : 0);
        if (error == 0)
            offload_answer_done(&answer);
        talk_stop(&talk);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adopting),       cmocka_unit_test(calling), cmocka_unit_test(gathering),
        cmocka_unit_test(being_answered), cmocka_unit_test(waiting),
    };

    // libevent's memory is to fail too.
    event_set_mem_functions(__wrap_malloc, __wrap_realloc, free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
