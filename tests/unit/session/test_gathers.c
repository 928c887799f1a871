// Gathers in a session: one answer each whatever happens, the order of what begins, and that
// nothing is left of them.
#include "tests/unit/session/client.h"

#define GATHER(id, params)   REQUEST(id, "job.gather", params)
#define MAP(id, params)      REQUEST(id, "job.map", params)
#define CALLS(calls)         "{\"calls\":[" calls "]}"
#define MODE(mode, calls)    "{\"mode\":\"" mode "\",\"calls\":[" calls "]}"
#define CALL(method, params) "{\"method\":\"" method "\",\"params\":" params "}"
#define SLEEP(seconds)       CALL("sleep", "[" seconds "]")
#define DONE(seconds)        "\"Operation completed after " seconds " seconds\""
#define NOT_FOUND            "{\"code\":-32601,\"message\":\"Method not found\",\"data\":{\"method\":\"no\"}}"
#define FAILED(id, error)    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":" error "}"
#define CANCELLED(id)        FAILED(id, "{\"code\":-32800,\"message\":\"Cancelled\"}")

static void
expect_nothing_left(struct client *client)
{
    struct dispatcher_report report = house_report(&client->house);

    assert_int_equal(report.queued + report.running + report.held + report.memory, 0);
}

// Says it, hears exactly that, and nothing is left.
static void
ask(struct client *client, const char *request, const char *answer)
{
    say(client, request);
    hear(client, answer);
    expect_nothing_left(client);
}

static void
test_modes(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    ask(&client, GATHER("1", CALLS("")) "\n", RESULT("1", "[]") "\n");
    ask(&client, GATHER("1", CALLS(CALL("params", "[ 1 ]") "," SLEEP("0.02") "," SLEEP("0"))) "\n",
        RESULT("1", "[[ 1 ]," DONE("0.02") "," DONE("0") "]") "\n");
    ask(&client, GATHER("1", CALLS(SLEEP("1000") "," CALL("no", "[]"))) "\n",
        FAILED("1", NOT_FOUND) "\n");
    ask(&client, GATHER("1", MODE("settled", CALL("no", "[]") "," CALL("params", "{}"))) "\n",
        RESULT("1", "[{\"error\":" NOT_FOUND "},{\"result\":{}}]") "\n");
    ask(&client,
        GATHER("1", MODE("any", SLEEP("1000") "," CALL("no", "[]") "," SLEEP("0.02"))) "\n",
        RESULT("1", DONE("0.02")) "\n");
    ask(&client, GATHER("1", MODE("first", SLEEP("1000") "," SLEEP("0.02"))) "\n",
        RESULT("1", DONE("0.02")) "\n");
    ask(&client, MAP("1", "{\"method\":\"sleep\",\"items\":[[0.02],{\"delay\":0.0}]}") "\n",
        RESULT("1", "[" DONE("0.02") "," DONE("0.0") "]") "\n");
    client_close(&client);
}

static void
test_one_within_another(void **state)
{
    struct client client;

    (void)state;
    client_prepare(&client);
    client.house.config.limits.gather_depth_max = 3;
    client_start(&client);
    ask(&client,
        GATHER("1", CALLS(CALL("job.gather",
                               CALLS(CALL("job.map", "{\"method\":\"params\",\"items\":[[1],[2]]"
                                                     "}"))) "," CALL("params", "[3]"))) "\n",
        RESULT("1", "[[[[1],[2]]],[3]]") "\n");
    ask(&client,
        GATHER("1",
               CALLS(CALL("job.gather",
                          CALLS(CALL("job.gather", CALLS(CALL("job.gather", CALLS("")))))))) "\n",
        FAILED("1", "{\"code\":-32600,\"message\":\"Invalid Request\","
                    "\"data\":{\"limit\":\"gather-depth-max\",\"max\":3}}") "\n");
    // What ends the outer one ends the inner ones.
    ask(&client,
        GATHER("1", CALLS(CALL("job.gather",
                               CALLS(SLEEP("1000") "," SLEEP("1000"))) "," CALL("no", "[]"))) "\n",
        FAILED("1", NOT_FOUND) "\n");
    client_close(&client);
}

static void
test_cancel(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    say(&client,
        GATHER("1", CALLS(SLEEP("1000") "," CALL("hang", "[]") "," CALL("answer", "[]") "," CALL(
                        "job.gather", CALLS(SLEEP("1000"))))) "\n");
    LOOP_UNTIL(&client.house.loop, house_report(&client.house).held == 2);
    hear_nothing(&client);
    assert_int_equal(house_report(&client.house).sleeping, 2);
    ask(&client, CANCEL("1") "\n", CANCELLED("1") "\n");
    // At once, before anything has begun.
    ask(&client, GATHER("1", CALLS(SLEEP("1000"))) "\n" CANCEL("1") "\n", CANCELLED("1") "\n");
    ask(&client, CANCEL("1") "\n", "");
    client_close(&client);
}

static void
test_timeout(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    say(&client, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"job.gather\",\"params\":" CALLS(
                     SLEEP("1000")) ",\"options\":{\"timeouts\":{\"total\":0.05}}}\n");
    hear_line(&client, ERROR_START("1", "-32011"), "\"cause\":\"timeout.total\"");
    expect_nothing_left(&client);
    // Of one call: its outcome, and not that of the whole.
    say(&client,
        GATHER("2", MODE("settled", "{\"method\":\"job.gather\",\"params\":" CALLS(
                                        SLEEP("1000")) ",\"options\":{\"timeouts\":{\"total\":0.05}"
                                                       "}}," SLEEP("0"))) "\n");
    hear_line(&client,
              RESULT("2", "[{\"error\":{\"code\":-32011,\"message\":\"Timed out\","
                          "\"data\":{\"cause\":\"timeout.total\",\"jobs_done\":0,"
                          "\"stderr\":\"\",\"attempts\":1}}},{\"result\":" DONE("0") "}]"),
              "");
    client_close(&client);
}

static void
test_in_a_batch_and_unanswered(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    ask(&client,
        "[" GATHER("1", CALLS(SLEEP("0.02"))) "," NOTIFICATION(
            "job.gather", CALLS(SLEEP("0"))) "," GATHER("2", CALLS("")) "]\n",
        "[" RESULT("1", "[" DONE("0.02") "]") "," RESULT("2", "[]") "]\n");
    ask(&client, NOTIFICATION("job.map", "{\"method\":\"params\",\"items\":[[]]}") "\n", "");
    assert_int_equal(client.controls, 1);
    ask(&client, NOTIFICATION("job.map", "{\"method\":\"params\",\"items\":1}") "\n", "");
    client_close(&client);
}

// No more begin at once than in-flight-max, whatever the trees look like, and gathers take turns.
static void
test_under_way(void **state)
{
    struct client client;

    (void)state;
    client_prepare(&client);
    client.house.config.limits.in_flight_max = 3;
    client_start(&client);
    say(&client, MAP("1", "{\"method\":\"sleep\",\"items\":[[1000],[1000],[1000],[1000]]}") "\n");
    LOOP_UNTIL(&client.house.loop, house_report(&client.house).sleeping == 3);
    say(&client, GATHER("2", CALLS(SLEEP("0"))) "\n");
    hear_nothing(&client);
    assert_int_equal(house_report(&client.house).sleeping, 3);
    say(&client, CANCEL("1") "\n");
    LOOP_UNTIL(&client.house.loop, lines_heard(&client) == 2);
    hear(&client, CANCELLED("1") "\n" RESULT("2", "[" DONE("0") "]") "\n");
    // A limit of its own is kept as well; and many that are over at once do not stop the rest.
    say(&client, MAP("1", "{\"method\":\"sleep\",\"limit\":1,\"items\":[[1000],[1000]]}") "\n");
    LOOP_UNTIL(&client.house.loop, house_report(&client.house).sleeping == 1);
    hear_nothing(&client);
    assert_int_equal(house_report(&client.house).sleeping, 1);
    ask(&client, CANCEL("1") "\n", CANCELLED("1") "\n");
    client_close(&client);
}

static void
test_progress(void **state)
{
    static const char said[] =
        "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":{\"token\":\"t\",\"value\":"
        "{\"kind\":\"partial\",\"index\":1,\"error\":" NOT_FOUND "}}}\n"
        "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":{\"token\":\"t\",\"value\":"
        "{\"kind\":\"partial\",\"index\":0,\"result\":" DONE("0.02") "}}}\n";
    struct client client;

    (void)state;
    client_open(&client);
    say(&client, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"job.gather\",\"params\":" MODE(
                     "any", SLEEP("0.02") "," CALL("no", "[]") "," SLEEP(
                                "1000")) ",\"options\":{\"progress\":\"t\"}}\n");
    LOOP_UNTIL(&client.house.loop, lines_heard(&client) == 3);
    assert_int_equal(strncmp(client.got, said, strlen(said)), 0);
    assert_string_equal(client.got + strlen(said), RESULT("1", DONE("0.02")) "\n");
    forget(&client);
    // Without an id nobody hears.
    ask(&client,
        "{\"jsonrpc\":\"2.0\",\"method\":\"job.gather\",\"params\":" CALLS(
            CALL("no", "[]")) ",\"options\":{\"progress\":\"t\"}}\n",
        "");
    // A call has no id that could name its progress.
    say(&client, GATHER("2", CALLS("{\"method\":\"sleep\",\"params\":[0],\"options\":{\"progress\":"
                                   "true}}")) "\n");
    hear_line(&client, ERROR_START("2", "-32602"), "\"member\":\"options.progress\"");
    client_close(&client);
}

// Results that are more than a client may have waiting: the gather fails, what it holds is let go,
// and the rest is stopped.
static void
test_too_large(void **state)
{
    struct client client;

    (void)state;
    client_prepare(&client);
    client.house.config.limits.output_max = 1000; // the cap: 1000 and two lines, 21000
    client_start(&client);
    say(&client, GATHER("1", CALLS(CALL("big", "[]") "," SLEEP("1000") "," CALL(
                                 "big", "[]") "," CALL("big", "[]"))) "\n");
    hear_line(&client, ERROR_START("1", "-32004"), "\"limit\":\"output-max\",\"max\":1000");
    expect_nothing_left(&client);
    // The inner one fails; the outer one has room for that.
    say(&client,
        GATHER("2", MODE("settled", CALL("job.map", "{\"method\":\"big\",\"items\":[[],[],"
                                                    "[]]}") "," CALL("params", "[1]"))) "\n");
    hear_line(&client, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":[{\"error\":{\"code\":-32004,",
              "},{\"result\":[1]}]}");
    say(&client, MAP("3", "{\"method\":\"big\",\"items\":[[],[]]}") "\n");
    LOOP_UNTIL(&client.house.loop, lines_heard(&client) == 1);
    assert_int_equal(client.length, strlen(RESULT("3", "[,]")) + 1 + 2 * BIG);
    client_close(&client);
}

static void
test_client_gone(void **state)
{
    (void)state;
    check_gone(
        GATHER("1", CALLS(SLEEP("1000") "," CALL("hang", "[]") "," CALL("answer", "[]"))) "\n");
    check_gone(GATHER("1", CALLS(CALL("job.gather", CALLS(SLEEP("1000"))))) "\n" NOTIFICATION(
        "job.map", "{\"method\":\"sleep\",\"items\":[[1000]]}") "\n");
    check_gone("[" GATHER("1", CALLS(SLEEP("1000"))) "]\n");
}

// What has not begun is answered that the daemon stops, what runs may finish, and the gather with
// it.
static void
test_drain(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    say(&client, GATHER("1", "{\"mode\":\"settled\",\"limit\":1,\"calls\":[" SLEEP("0.1") "," SLEEP(
                                 "0") "]}") "\n" GATHER("2", CALLS(SLEEP("0.1"))) "\n");
    LOOP_UNTIL(&client.house.loop, house_report(&client.house).sleeping == 2);
    dispatcher_drain(client.house.dispatcher);
    LOOP_UNTIL(&client.house.loop, lines_heard(&client) == 2);
    assert_non_null(
        strstr(client.got,
               RESULT("1", "[{\"result\":" DONE("0.1") "},{\"error\":{"
                                                       "\"code\":-32005,\"message\":\"Shutting "
                                                       "down\"}}]") "\n"));
    assert_non_null(strstr(client.got, RESULT("2", "[" DONE("0.1") "]") "\n"));
    assert_int_equal(client.house.idle, 1);
    forget(&client);
    say(&client, GATHER("3", CALLS("")) "\n");
    hear_line(&client, ERROR_START("3", "-32005"), "");
    client_close(&client);
}

// The daemon may open no jobs at all: a gather is refused like any.
static void
test_refused(void **state)
{
    struct client client;

    (void)state;
    client_prepare(&client);
    client.house.config.limits.queue_memory_max = 10;
    client.house.config.limits.gather_max = 2;
    client_start(&client);
    say(&client, GATHER("1", CALLS("")) "\n");
    hear_line(&client, ERROR_START("1", "-32001"), "\"limit\":\"queue-memory-max\"");
    say(&client, GATHER("1", CALLS("1,2,3")) "\n");
    hear_line(&client, ERROR_START("1", "-32600"), "\"limit\":\"gather-max\",\"max\":2");
    say(&client, GATHER("1", "{}") "\n");
    hear_line(&client, ERROR_START("1", "-32602"), "\"member\":\"calls\"");
    client_close(&client);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_one_within_another),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_in_a_batch_and_unanswered),
        cmocka_unit_test(test_under_way),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_client_gone),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_refused),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
