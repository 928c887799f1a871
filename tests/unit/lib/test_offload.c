// liboffload on an event_base: answers find their calls, whatever the daemon does.
#include "talk.h"

#include <errno.h>

#define NOTE(text) assert_string_equal(talk.seen, text)

static void
answers_find_their_calls(void **state)
{
    struct talk talk;
    char text[1024];

    (void)state;
    talk_start(&talk, false);
    assert_int_equal(talk_call(&talk, "a", "[1]"), 1);
    assert_int_equal(talk_call(&talk, "b", NULL), 2);
    assert_int_equal(offload_in_flight(talk.offload), 2);
    assert_true(offload_unsent(talk.offload) > 0);
    assert_string_equal(talk_heard(&talk, text, sizeof(text)),
                        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":[1],"
                        "\"options\":{\"progress\":true}}\n"
                        "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"b\","
                        "\"options\":{\"progress\":true}}\n");
    assert_int_equal(offload_unsent(talk.offload), 0);
    talk_say(&talk, "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":{\"token\":1,"
                    "\"value\":{\"kind\":\"report\"}}}\n" ERROR("2", "-32010") "\n");
    talk_say(&talk, "{\"result\":[1e400, -0],\"id\":1,\"jsonrpc\":\"2.0\"}\n");
    NOTE("progress {\"kind\":\"report\"};2 error -32010 {\"code\":-32010,\"message\":\"m\"};"
         "1 result 0 [1e400, -0];");
    assert_int_equal(offload_in_flight(talk.offload), 0);
    assert_null(offload_problem(talk.offload));
    assert_true(talk.turns > 0);
    talk_hang_up(&talk);
    assert_true(strstr(talk.seen, "closed 0;") != NULL);
    talk_stop(&talk);
}

static void
a_batch_is_answered_in_order(void **state)
{
    struct talk talk;
    struct offload_call calls[3];
    uint64_t ids[3];
    char text[1024];

    (void)state;
    talk_start(&talk, false);
    for (unsigned i = 0; i < 3; i++)
        calls[i] = (struct offload_call){.method = "m", .reply = talk_reply_cb, .context = &talk};
    assert_int_equal(offload_gather(talk.offload, calls, 3, ids), 0);
    assert_int_equal(ids[0] + ids[1] + ids[2], 6);
    assert_string_equal(talk_heard(&talk, text, sizeof(text)),
                        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"},"
                        "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"m\"},"
                        "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"m\"}]\n");
    talk_say(&talk, "[" RESULT("1", "1") "," ERROR("2", "5") "," RESULT("3", "\"x\"") "]\n");
    NOTE("1 result 0 1;2 error 5 {\"code\":5,\"message\":\"m\"};3 result 0 \"x\";");
    // All or none: the bad call among them leaves nothing behind.
    calls[1].params = "[";
    assert_int_equal(offload_gather(talk.offload, calls, 3, NULL), -EINVAL);
    assert_int_equal(offload_gather(talk.offload, calls, 0, NULL), -EINVAL);
    assert_int_equal(offload_in_flight(talk.offload), 0);
    assert_int_equal(offload_unsent(talk.offload), 0);
    talk_stop(&talk);
}

static void
cancelling_and_notifying(void **state)
{
    struct talk talk;
    char text[1024];
    uint64_t id;

    (void)state;
    talk_start(&talk, false);
    id = talk_call(&talk, "m", NULL);
    talk_heard(&talk, text, sizeof(text));
    assert_int_equal(offload_cancel(talk.offload, id + 1), -ENOENT);
    assert_int_equal(offload_cancel(talk.offload, id), 0);
    assert_int_equal(
        offload_notify(talk.offload, &(struct offload_call){.method = "n", .params = "[]"}), 0);
    assert_string_equal(
        talk_heard(&talk, text, sizeof(text)),
        "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":1}}\n"
        "{\"jsonrpc\":\"2.0\",\"method\":\"n\",\"params\":[]}\n");
    talk_say(&talk, ERROR("1", "-32800") "\n");
    NOTE("1 error -32800 {\"code\":-32800,\"message\":\"m\"};");
    assert_int_equal(offload_cancel(talk.offload, id), -ENOENT);
    talk_stop(&talk);
}

static void
other_notifications_are_told(void **state)
{
    struct talk talk;

    (void)state;
    talk_start(&talk, false);
    talk_say(&talk, "{\"jsonrpc\":\"2.0\",\"params\":[1],\"method\":\"server.stat\\u0065\"}\n"
                    "{\"jsonrpc\":\"2.0\",\"method\":\"x\"}\n"
                    "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":[]}\n"
                    "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\"}\n"
                    "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":{\"token\":9}}\n");
    NOTE("server.state [1] 3;x - 0;");
    talk_stop(&talk);
}

// The daemon refuses a line without saying whose: while another call could still be meant, nobody
// is told.
static void
a_refusal_without_an_id(void **state)
{
    struct talk talk;

    (void)state;
    talk_start(&talk, false);
    talk_call(&talk, "a", NULL);
    talk_call(&talk, "b", NULL);
    talk_say(&talk, ERROR("null", "-32600") "\n");
    NOTE("");
    talk_say(&talk, RESULT("1", "1") "\n");
    NOTE("1 result 0 1;2 error -32600 {\"code\":-32600,\"message\":\"m\"};");
    talk_call(&talk, "c", NULL);
    talk_say(&talk, ERROR("null", "-32600") "\n");
    assert_true(strstr(talk.seen, "3 error -32600") != NULL);
    talk_stop(&talk);
}

// A daemon that is full: an error, and the end.
static void
a_refusal_of_the_connection(void **state)
{
    struct talk talk;
    char text[512];

    (void)state;
    talk_start(&talk, false);
    for (unsigned i = 0; i < 2; i++)
        talk_call(&talk, "a", NULL);
    talk_heard(&talk, text, sizeof(text)); // what lies unread would make it a reset
    talk_say(&talk, ERROR("null", "-32001") "\n");
    talk_hang_up(&talk);
    NOTE("1 error -32001 {\"code\":-32001,\"message\":\"m\"};"
         "2 error -32001 {\"code\":-32001,\"message\":\"m\"};closed 0;");
    talk_stop(&talk);
    talk_start(&talk, false); // nothing was asked
    talk_say(&talk, ERROR("null", "-32001") "\n");
    talk_hang_up(&talk);
    assert_true(strncmp(talk.seen, "closed -", 8) == 0);
    assert_true(strstr(offload_problem(talk.offload), "-32001") != NULL);
    talk_stop(&talk);
}

static void
calls_without_an_answer_are_lost(void **state)
{
    struct talk talk;
    char expected[64];
    struct offload_call call = {.method = "m"};

    (void)state;
    talk_start(&talk, false);
    talk_call(&talk, "a", NULL);
    talk_call(&talk, "b", NULL);
    talk_step(&talk);
    talk_say(&talk, RESULT("2", "null") "\n");
    shutdown(talk.peer, SHUT_WR);
    talk_step(&talk);
    snprintf(expected, sizeof(expected), "2 result 0 null;1 lost %d ;closed 0;", -ECONNRESET);
    NOTE(expected);
    assert_non_null(offload_problem(talk.offload));
    assert_int_equal(offload_call(talk.offload, &call, NULL), -ENOTCONN);
    assert_int_equal(offload_gather(talk.offload, &call, 1, NULL), -ENOTCONN);
    assert_int_equal(offload_notify(talk.offload, &call), -ENOTCONN);
    assert_int_equal(offload_cancel(talk.offload, 1), -ENOTCONN);
    talk_stop(&talk);
}

static void
what_a_hostile_daemon_says(void **state)
{
    static const char *const lines[] = {
        "\xff\n",
        "[[[[[\n",
        "{}\n",
        "[]\n",
        "null\n",
        "{\"jsonrpc\":\"2.0\",\"id\":1}\n",
        RESULT("7", "1") "\n",   // never asked
        RESULT("1.0", "1") "\n", // nor that
        RESULT("null", "1") "\n",
        RESULT("\"1\"", "1") "\n",
        RESULT("18446744073709551617", "1") "\n", // 1 modulo 2^64
        RESULT("1", "1") "\n" RESULT("1", "1") "\n",
        "[" RESULT("1", "1") "," RESULT("1", "2") "]\n",
        "[" RESULT("1", "1") ",5]\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct talk talk;
        char expected[16];

        talk_start(&talk, false);
        talk_call(&talk, "m", NULL);
        talk_call(&talk, "m", NULL);
        talk_say(&talk, lines[i]);
        snprintf(expected, sizeof(expected), "closed %d;", -EPROTO);
        if (strstr(talk.seen, expected) == NULL)
            fail_msg("case %zu: %s", i, talk.seen);
        assert_int_equal(offload_in_flight(talk.offload), 0);
        talk_stop(&talk);
    }
}

static void
an_incomplete_batch_is_no_answer(void **state)
{
    struct talk talk;
    char expected[96];
    struct offload_call calls[2] = {{.method = "m", .reply = talk_reply_cb, .context = &talk},
                                    {.method = "m", .reply = talk_reply_cb, .context = &talk}};

    (void)state;
    talk_start(&talk, false);
    assert_int_equal(offload_gather(talk.offload, calls, 2, NULL), 0);
    talk_say(&talk, "[" RESULT("1", "1") "]\n");
    snprintf(expected, sizeof(expected), "1 result 0 1;2 lost %d ;closed %d;", -EPROTO, -EPROTO);
    NOTE(expected);
    talk_stop(&talk);
}

static void
an_endless_answer(void **state)
{
    struct talk talk;
    char text[4001];

    (void)state;
    talk_start(&talk, false);
    offload_set_answer_max(talk.offload, 10000);
    talk_call(&talk, "m", NULL);
    memset(text, ' ', 4000);
    text[0] = '[';
    text[4000] = '\0';
    for (unsigned i = 0; i < 3; i++)
        talk_say(&talk, text);
    assert_true(strstr(talk.seen, "closed -") != NULL);
    talk_stop(&talk);
}

// ---- freed, and called, from within ----------------------------------------------------------

static void
free_cb(void *context, const struct offload_reply *reply)
{
    struct talk *talk = context;

    talk_reply_cb(context, reply);
    offload_free(talk->offload);
    talk->offload = NULL;
}

static void
a_callback_may_free(void **state)
{
    static const char *const lines[] = {
        RESULT("1", "1") "\n" RESULT("2", "2") "\n",
        "[" RESULT("1", "1") "," RESULT("2", "2") "]\n",
        ERROR("null", "1") "\n" ERROR("null", "1") "\n",
        "garbage\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct talk talk;
        struct offload_call call = {.method = "m", .reply = free_cb, .context = &talk};

        talk_start(&talk, false);
        assert_int_equal(offload_call(talk.offload, &call, NULL), 0);
        assert_int_equal(offload_call(talk.offload, &call, NULL), 0);
        talk_say(&talk, lines[i]);
        assert_null(talk.offload);
        assert_true(talk.seen[0] == '1' && strchr(talk.seen, '2') == NULL);
        talk_step(&talk);
        talk_stop(&talk);
    }
}

static void
again_cb(void *context, const struct offload_reply *reply)
{
    struct talk *talk = context;
    struct offload_answer answer;
    struct offload_call call = {.method = "m", .reply = again_cb, .context = talk};

    talk_reply_cb(context, reply);
    assert_int_equal(offload_wait(talk->offload, 0), -EBUSY);
    assert_int_equal(offload_call_wait(talk->offload, &call, 0, &answer), -EBUSY);
    if (reply->outcome != OFFLOAD_LOST)
        assert_int_equal(offload_call(talk->offload, &call, NULL), 0);
    else
        assert_int_equal(offload_call(talk->offload, &call, NULL), -ENOTCONN);
}

static void
a_callback_may_call(void **state)
{
    struct talk talk;
    struct offload_call call = {.method = "m", .reply = again_cb, .context = &talk};

    (void)state;
    talk_start(&talk, false);
    assert_int_equal(offload_call(talk.offload, &call, NULL), 0);
    talk_say(&talk, RESULT("1", "1") "\n");
    talk_say(&talk, RESULT("2", "2") "\n");
    talk_say(&talk, ERROR("null", "-32600") "\n"); // the third; not the one that follows it
    assert_int_equal(offload_in_flight(talk.offload), 1);
    talk_hang_up(&talk);
    assert_true(strncmp(talk.seen, "1 result 0 1;2 result 0 2;3 error -32600", 40) == 0);
    assert_true(strstr(talk.seen, ";4 lost ") != NULL);
    talk_stop(&talk);
}

static void
no_callback_is_wanted(void **state)
{
    struct talk talk;
    struct offload *offload;
    int pair[2];

    (void)state;
    talk_start(&talk, false);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(offload_adopt(pair[0], talk.base, NULL, NULL, &offload), 0);
    assert_int_equal(offload_call(offload, &(struct offload_call){.method = "m"}, NULL), 0);
    assert_int_equal(send(pair[1], RESULT("1", "1") "\n", 36, 0), 36);
    talk_step(&talk);
    assert_int_equal(offload_in_flight(offload), 0);
    shutdown(pair[1], SHUT_WR);
    talk_step(&talk);
    assert_string_equal(offload_problem(offload), "the daemon closed the connection");
    offload_free(offload);
    offload_free(NULL);
    close(pair[1]);
    talk_stop(&talk);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_find_their_calls),
        cmocka_unit_test(a_batch_is_answered_in_order),
        cmocka_unit_test(cancelling_and_notifying),
        cmocka_unit_test(other_notifications_are_told),
        cmocka_unit_test(a_refusal_without_an_id),
        cmocka_unit_test(a_refusal_of_the_connection),
        cmocka_unit_test(calls_without_an_answer_are_lost),
        cmocka_unit_test(what_a_hostile_daemon_says),
        cmocka_unit_test(an_incomplete_batch_is_no_answer),
        cmocka_unit_test(an_endless_answer),
        cmocka_unit_test(a_callback_may_free),
        cmocka_unit_test(a_callback_may_call),
        cmocka_unit_test(no_callback_is_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
