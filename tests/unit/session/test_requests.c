// Session: what each message of a client means, and what is answered.
#include "tests/unit/session/client.h"

// ---- requests --------------------------------------------------------------------------------

static void
test_order_of_completion(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    say(&client, REQUEST("1", "sleep", "[0.30]") "\n" REQUEST("2", "sleep", "[0.20]") "\n");
    hear(&client, SLEPT("2", "0.20") "\n");
    hear(&client, SLEPT("1", "0.30") "\n");
    client_close(&client);
}

static void
test_ids_are_echoed(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    say(&client, REQUEST(" \"\\u0061\\n\" ", "sleep", "[0]") "\n");
    hear(&client, SLEPT("\"\\u0061\\n\"", "0") "\n");
    say(&client, REQUEST("-0.10e+5", "sleep", "[0]") "\n");
    hear(&client, SLEPT("-0.10e+5", "0") "\n");
    say(&client, REQUEST("123456789012345678901234567890", "sleep", "[0]") "\n");
    hear(&client, SLEPT("123456789012345678901234567890", "0") "\n");
    say(&client, REQUEST("null", "sleep", "[0]") "\n"); // answered, unlike a notification
    hear(&client, SLEPT("null", "0") "\n");
    client_close(&client);
}

static void
test_refusals(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    say(&client, REQUEST("1", "foobar", "[]") "\n");
    hear_line(&client, ERROR_START("1", "-32601"), "");
    say(&client, REQUEST("1", "sleep", "{\"delay\":true}") "\n");
    hear_line(&client, ERROR_START("1", "-32602"), "\"member\":\"delay\"");
    say(&client, "{\"jsonrpc\":\"2.0\",\"method\":\"foobar,\"params\":\"bar\",\"baz]\n");
    hear_line(&client, ERROR_START("null", "-32700"), "\"offset\":");
    say(&client, "{\"foo\":\"boo\"}\n");
    hear_line(&client, ERROR_START("null", "-32600"), "\"reason\":");
    say(&client, "{\"id\":5,\"method\":\"sleep\"}\n");
    hear_line(&client, ERROR_START("5", "-32600"), "\"reason\":");
    say(&client, "\"\\u00g1\"\n");
    hear_line(&client, ERROR_START("null", "-32700"), "\"reason\":");
    say(&client, RESULT("3", "1") "\n");
    hear_line(&client, ERROR_START("3", "-32600"), "\"reason\":");
    assert_int_equal(client.house.statistics.lines, 7);
    assert_int_equal(client.house.statistics.requests, 2);
    assert_int_equal(client.house.statistics.invalid, 5);
    assert_int_equal(client.house.statistics.responses, 7);
    client_close(&client);
}

static void
test_limits(void **state)
{
    static char line[SCRIPT_LINE_MAX + 3];
    struct client client;

    (void)state;
    client_open(&client);
    say(&client, " \n\r\n"); // blank lines are nothing
    memset(line, '[', sizeof(line) - 2);
    line[sizeof(line) - 2] = '\n';
    say(&client, line);
    hear_line(&client, ERROR_START("null", "-32600"), "\"limit\":\"line-max\",\"max\":10000");
    memset(line, '[', 65);
    strcpy(line + 65, "\n");
    say(&client, line);
    hear_line(&client, ERROR_START("null", "-32600"), "\"limit\":\"depth-max\",\"max\":64");
    say(&client, REQUEST("1", "sleep", "[0]") "\n"); // the session lives
    hear(&client, SLEPT("1", "0") "\n");
    client_close(&client);
}

static void
test_duplicate_ids(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    say(&client, REQUEST("1", "sleep", "[0.6]") "\n" REQUEST("1", "sleep", "[0]") "\n");
    hear_line(&client, ERROR_START("1", "-32600"), "\"reason\":");
    say(&client, REQUEST("\"1\"", "sleep", "[0]") "\n"); // another id
    hear(&client, SLEPT("\"1\"", "0") "\n");
    hear(&client, SLEPT("1", "0.6") "\n");           // the first was not touched
    say(&client, REQUEST("1", "sleep", "[0]") "\n"); // free again
    hear(&client, SLEPT("1", "0") "\n");
    client_close(&client);
}

static void
test_notifications(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    say(&client, NOTIFICATION("sleep", "[0]") "\n" NOTIFICATION("foobar", "[]") "\n" NOTIFICATION(
                     "sleep", "[-1]") "\n" NOTIFICATION("big", "[]") "\n");
    hear_nothing(&client);
    assert_int_equal(client.house.statistics.notifications, 4);
    assert_int_equal(client.house.statistics.responses, 0);
    assert_int_equal(client.controls, 1);
    client_close(&client);
}

static void
test_options(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    say(&client, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sleep\",\"params\":[0],"
                 "\"options\":{}}\n");
    hear(&client, SLEPT("1", "0") "\n");
    say(&client, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sleep\",\"params\":[0],"
                 "\"options\":{\"pri\\\"ority\":1}}\n");
    hear_line(&client, ERROR_START("1", "-32602"), "\"member\":\"options.pri\\\"ority\"");
    client_close(&client);
}

static void
test_control(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    say(&client, REQUEST("1", "params", "[1e400]") "\n");
    hear(&client, RESULT("1", "[1e400]") "\n");
    say(&client, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"params\"}\n");
    hear(&client, RESULT("1", "0") "\n");
    say(&client, REQUEST("1", "failing", "[]") "\n");
    hear(&client, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":7,\"message\":\"x\"}}\n");
    say(&client, REQUEST("1", "no.memory", "[]") "\n");
    hear_line(&client, ERROR_START("1", "-32001"), "out of memory");
    client_close(&client);
}

// ---- batches ---------------------------------------------------------------------------------

static void
test_batch(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    say(&client, "[" REQUEST("1", "sleep", "[0.20]") "," NOTIFICATION("sleep", "[0]") "," REQUEST(
                     "2", "sleep", "[0]") "," REQUEST("3", "params", "[7]") "]\n");
    hear(&client, "[" SLEPT("1", "0.20") "," SLEPT("2", "0") "," RESULT("3", "[7]") "]\n");
    say(&client, "[" NOTIFICATION("sleep", "[0]") "," NOTIFICATION("foobar", "[]") "]\n");
    hear_nothing(&client);
    say(&client, "[]\n");
    hear_line(&client, ERROR_START("null", "-32600"), "\"reason\":");
    say(&client, "[1]\n");
    hear_line(&client, "[" ERROR_START("null", "-32600"), "}]");
    assert_int_equal(client.house.statistics.batches, 3);
    client_close(&client);
}

static void
test_batch_with_the_same_id(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    say(&client, "[" REQUEST("1", "sleep", "[0.01]") "," REQUEST("1", "sleep", "[0]") "]\n");
    hear_line(&client, "[" SLEPT("1", "0.01") "," ERROR_START("1", "-32600"), "}]");
    client_close(&client);
}

static void
test_large_batch(void **state)
{
    struct client client;

    (void)state;
    client_prepare(&client);
    client.house.config.limits.batch_max = 2;
    client_start(&client);
    say(&client, "[1,1,1]\n");
    hear_line(&client, ERROR_START("null", "-32600"), "\"limit\":\"batch-max\",\"max\":2");
    client_close(&client);
}

// ---- cancelling ------------------------------------------------------------------------------

static void
test_cancel(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    say(&client, REQUEST("1", "sleep", "[1000]") "\n" REQUEST("\"1\"", "sleep", "[1000]") "\n");
    say(&client, CANCEL("2") "\n" CANCEL("null") "\n" NOTIFICATION("$/cancelRequest", "[1]") "\n");
    hear_nothing(&client);
    say(&client, CANCEL("\"1\"") "\n");
    hear_line(&client, ERROR_START("\"1\"", "-32800"), "");
    say(&client, CANCEL("1") "\n" CANCEL("1") "\n");
    hear_line(&client, ERROR_START("1", "-32800"), "");
    assert_int_equal(house_report(&client.house).sleeping, 0);
    client_close(&client);
}

static void
test_cancel_in_a_batch(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    say(&client,
        "[" REQUEST("1", "sleep", "[1000]") "," REQUEST("2", "sleep", "[0]") "," CANCEL("1") "]\n");
    hear_line(&client, "[" ERROR_START("1", "-32800"), SLEPT("2", "0") "]");
    client_close(&client);
}

// A running job of a real worker: killed, answered once.
static void
test_cancel_a_running_job(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    say(&client, REQUEST("1", "hang", "[]") "\n");
    LOOP_UNTIL(&client.house.loop,
               house_report(&client.house).running == 1 && house_report(&client.house).queued == 0);
    say(&client, CANCEL("1") "\n");
    hear_line(&client, ERROR_START("1", "-32800"), "");
    say(&client, REQUEST("1", "answer", "[]") "\n");
    hear_line(&client, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[0,", "");
    client_close(&client);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_completion),
        cmocka_unit_test(test_ids_are_echoed),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_duplicate_ids),
        cmocka_unit_test(test_notifications),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_control),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_batch_with_the_same_id),
        cmocka_unit_test(test_large_batch),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_in_a_batch),
        cmocka_unit_test(test_cancel_a_running_job),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
