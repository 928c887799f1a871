// Session: its bounds, its flow control and its ends.
#include "tests/unit/session/client.h"

// ---- bounds ----------------------------------------------------------------------------------

static void
test_in_flight_max(void **state)
{
    struct client client;

    (void)state;
    client_prepare(&client);
    client.house.config.limits.in_flight_max = 2;
    client_start(&client);
    say(&client, REQUEST("1", "sleep", "[0.20]") "\n" REQUEST("2", "sleep", "[0.50]") "\n" REQUEST(
                     "3", "params", "[]") "\n");
    loop_settle(&client.house.loop);
    assert_int_equal(house_report(&client.house).sleeping, 2);
    assert_int_equal(client.controls, 0); // it is not even looked at
    hear(&client, SLEPT("1", "0.20") "\n" RESULT("3", "[]") "\n");
    hear(&client, SLEPT("2", "0.50") "\n");
    client_close(&client);
}

// A client that sends and does not read: it is not read either, and nothing is lost.
static void
test_client_that_does_not_read(void **state)
{
    enum { REQUESTS = 200 };
    struct client client;
    size_t sent = 0;
    size_t answered = 0;
    int most;

    (void)state;
    client_prepare(&client);
    client.house.config.limits.output_max = 50000;
    client_start(&client);
    for (int i = 0; i < 20; i++) {
        while (sent < REQUESTS && write(client.fd, REQUEST("1", "big", "[]") "\n",
                                        strlen(REQUEST("1", "big", "[]") "\n")) > 0)
            sent++;
        loop_settle(&client.house.loop);
    }
    most = client.controls;
    assert_true(most >= 6 && most < 60); // what the kernel takes and output-max
    LOOP_UNTIL(&client.house.loop, ((answered = lines_heard(&client)) == sent));
    assert_int_equal(client.controls, sent);
    assert_null(strstr(client.got, "error"));
    client_close(&client);
}

// Answers that are far larger than their requests, all in one batch: beyond the hard cap each is
// replaced by an error, and the array still has its place for each.
static void
test_output_cap(void **state)
{
    struct client client;
    size_t small = 0;

    (void)state;
    client_prepare(&client);
    client.house.config.limits.output_max = 1000; // the cap: 1000 and two lines, 21000
    client_start(&client);
    say(&client, "[" REQUEST("1", "big", "[]") "," REQUEST("2", "big", "[]") "," REQUEST(
                     "3", "big", "[]") "," REQUEST("4", "params", "[4]") "]\n");
    LOOP_UNTIL(&client.house.loop, lines_heard(&client) == 1);
    assert_true(client.length > 2 * BIG && client.length < 3 * BIG);
    for (const char *at = client.got; (at = strstr(at, "-32004")) != NULL; at++)
        small++;
    assert_int_equal(small, 1);
    assert_non_null(strstr(client.got, "\"limit\":\"output-max\",\"max\":1000"));
    assert_non_null(strstr(client.got, "," RESULT("4", "[4]") "]\n"));
    client_close(&client);
}

// ---- ends ------------------------------------------------------------------------------------

static void
test_half_close(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    say(&client, REQUEST("1", "sleep", "[0.20]") "\n" REQUEST("2", "sleep", "[0]"));
    shutdown(client.fd, SHUT_WR);
    hear(&client, SLEPT("2", "0") "\n");
    hear(&client, SLEPT("1", "0.20") "\n");
    await_end(&client);
    client_close(&client);
}

static void
test_end_without_a_word(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    shutdown(client.fd, SHUT_WR);
    await_end(&client);
    client_close(&client);
}

static void
test_client_gone(void **state)
{
    (void)state;
    check_gone("");
    check_gone(REQUEST("1", "sleep", "[1000]") "\n" REQUEST("2", "hang", "[]") "\n");
    check_gone("[" REQUEST("1", "sleep", "[1000]") "," REQUEST("2", "params", "[]") "]\n");
    check_gone(NOTIFICATION("sleep", "[1000]") "\n");
    check_gone("[" NOTIFICATION("sleep", "[1000]") "," REQUEST("2", "answer", "[]") "]\n");
}

// Gone while its session is not read, because too much is in flight, or after its half-close.
static void
test_client_gone_unread(void **state)
{
    struct client client;

    (void)state;
    client_prepare(&client);
    client.house.config.limits.in_flight_max = 1;
    client_start(&client);
    say(&client, REQUEST("1", "sleep", "[1000]") "\n" REQUEST("2", "sleep", "[1000]") "\n");
    loop_settle(&client.house.loop);
    hang_up(&client);
    LOOP_UNTIL(&client.house.loop, client.closed);
    client_close(&client);
    client_open(&client);
    say(&client, REQUEST("1", "sleep", "[1000]") "\n");
    shutdown(client.fd, SHUT_WR);
    loop_settle(&client.house.loop);
    assert_int_equal(client.closed, 0);
    hang_up(&client);
    LOOP_UNTIL(&client.house.loop, client.closed);
    client_close(&client);
}

static void
test_finish(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    say(&client, REQUEST("1", "sleep", "[0.20]") "\n");
    loop_settle(&client.house.loop);
    session_finish(client.session);
    say(&client, REQUEST("2", "params", "[]") "\n");
    loop_settle(&client.house.loop);
    assert_int_equal(client.controls, 0);
    LOOP_UNTIL(&client.house.loop, client.closed);
    pull(&client);
    assert_string_equal(client.got, SLEPT("1", "0.20") "\n");
    client_close(&client);
}

static void
test_finish_when_idle(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    loop_settle(&client.house.loop);
    session_finish(client.session);
    assert_int_equal(client.closed, 1);
    await_end(&client);
    client_close(&client);
}

static void
test_drop(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    say(&client, "[" REQUEST("1", "sleep", "[1000]") "," REQUEST("2", "hang", "[]") "]\n" REQUEST(
                     "3", "sleep", "[1000]") "\n" NOTIFICATION("sleep", "[1000]") "\n");
    LOOP_UNTIL(&client.house.loop, house_report(&client.house).running == 4);
    session_drop(client.session, "the test says so");
    assert_int_equal(client.closed, 1);
    assert_int_equal(house_report(&client.house).sleeping, 0);
    await_end(&client);
    client_close(&client);
}

// The client vanishes while it is being answered from inside a batch of many.
static void
test_gone_before_a_large_batch_is_answered(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    say(&client, "[" REQUEST("1", "big", "[]") "," REQUEST("2", "sleep", "[0]") "," REQUEST(
                     "3", "sleep", "[0.01]") "]\n" REQUEST("4", "big", "[]") "\n");
    hang_up(&client);
    LOOP_UNTIL(&client.house.loop, client.closed);
    client_close(&client);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_flight_max),
        cmocka_unit_test(test_client_that_does_not_read),
        cmocka_unit_test(test_output_cap),
        cmocka_unit_test(test_half_close),
        cmocka_unit_test(test_end_without_a_word),
        cmocka_unit_test(test_client_gone),
        cmocka_unit_test(test_client_gone_unread),
        cmocka_unit_test(test_finish),
        cmocka_unit_test(test_finish_when_idle),
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_gone_before_a_large_batch_is_answered),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
