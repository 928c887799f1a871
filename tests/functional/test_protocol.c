// The envelope: ids, member names, duplicates, notifications, blank lines, what is refused and how.
#include "harness.h"

#include <stdio.h>
#include <string.h>

#define ECHO(id) REQUEST(id, "echo", "[]")

static void
test_ids_come_back_byte_for_byte(struct fixture *fixture)
{
    static const char *const ids[] = {
        "1",
        "0",
        "-0",
        "1.0",
        "1e2",
        "1E+400",
        "-1.50",
        "123456789012345678901234567890123456789012345678901234567890",
        "\"a\"",
        "\"\"",
        "\"1\"",
        "\"\\u0041\\n\\\\\\\"\\/\"",
        "\"\xc3\xa9\xf0\x9f\x98\x80\"",
        "\"\\ud83d\\ude00\"",
        "null",
    };
    struct peer *peer = open_tcp(fixture);

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        expect_result(peer_ask(peer, ECHO("%s"), ids[i]), ids[i], "[]");
        expect_error(peer_ask(peer, REQUEST("%s", "no.such", "[]"), ids[i]), ids[i],
                     ERROR_METHOD_NOT_FOUND);
    }
}

static void
test_names_are_compared_without_their_escapes(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    expect_result(peer_ask(peer, "{\"json\\u0072pc\":\"2.0\",\"m\\u0065thod\":\"echo\","
                                 "\"par\\u0061ms\":[1],\"\\u0069d\":1}"),
                  "1", "[1]");
    expect_result(peer_ask(peer, "{\"jsonrpc\":\"2.0\",\"method\":\"ech\\u006f\",\"params\":[2],"
                                 "\"id\":2}"),
                  "2", "[2]");
    expect_result(peer_ask(peer, "{\"jsonrpc\":\"2\\u002e0\",\"method\":\"echo\",\"id\":3}"), "3",
                  "null");
}

static void
test_of_duplicate_members_the_last_wins(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    expect_result(peer_ask(peer,
                           "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"nope\",\"params\":[1],"
                           "\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"echo\",\"params\":[2]}"),
                  "2", "[2]");
    expect_result(peer_ask(peer, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"nope\",\"params\":[1],"
                                 "\"\\u0069d\":4,\"m\\u0065thod\":\"echo\",\"par\\u0061ms\":[4]}"),
                  "4", "[4]");
}

static void
test_an_id_in_flight_is_taken(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    struct peer *other = open_tcp(fixture);
    json_auto_t *data = NULL;

    peer_say(peer, REQUEST("5", "sleep", "[0.3]") "\n" ECHO("5"));
    expect_result(peer_ask(other, ECHO("5")), "5", "[]"); // ids belong to a session
    data = expect_error_data(peer_line(peer), "5", ERROR_INVALID_REQUEST);
    check_string(data, "reason", "id is in flight already");
    expect_result(peer_line(peer), "5", "\"Operation completed after 0.3 seconds\"");
    expect_result(peer_ask(peer, ECHO("5")), "5", "[]"); // free again
}

static void
test_an_id_is_taken_within_a_batch_too(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    json_auto_t *answers = NULL;
    json_int_t code;

    answers = parse_json(
        peer_ask(peer, "[" REQUEST("1", "sleep", "[0.01]") "," ECHO("1") "," ECHO("2") "]"));
    assert_int_equal(json_array_size(answers), 3);
    assert_non_null(json_at(answers, "0.result"));
    code = json_integer_value(json_at(answers, "1.error.code"));
    assert_int_equal(code, ERROR_INVALID_REQUEST);
    assert_int_equal(json_integer_value(json_at(answers, "1.id")), 1);
    assert_non_null(json_at(answers, "2.result"));
    expect_result(peer_ask(peer, ECHO("1")), "1", "[]");
}

static void
test_notifications_are_never_answered(struct fixture *fixture)
{
    static const char *const notifications[] = {
        NOTIFICATION("echo", "[1]"),
        NOTIFICATION("no.such", "[1]"),
        NOTIFICATION("sum_squares", "{\"n\":\"wrong\"}"),
        NOTIFICATION("sleep", "[0]"),
        NOTIFICATION("sleep", "[-1]"),
        NOTIFICATION("server.ping", "[]"),
        NOTIFICATION("$/cancelRequest", "{\"id\":77}"),
        NOTIFICATION("$/unheard_of", "{}"),
        "[" NOTIFICATION("echo", "[1]") "," NOTIFICATION("no.such", "[1]") "]",
    };
    struct peer *peer = open_tcp(fixture);

    for (size_t i = 0; i < sizeof(notifications) / sizeof(notifications[0]); i++) {
        peer_say(peer, "%s", notifications[i]);
        expect_pong(peer);
    }
    fixture_await(fixture, "jobs.queued", 0);
    fixture_await(fixture, "jobs.running", 0);
    expect_pong(peer);
}

// One worker, so that the answers come in the order asked.
static void
test_blank_lines_and_carriage_returns(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, "\n\r\n  \t\n" ECHO("1") "\r\n\n \r\n  " ECHO("2") "  \r");
    expect_result(peer_line(peer), "1", "[]");
    expect_result(peer_line(peer), "2", "[]");
    peer_half_close(peer);
    peer_expect_end(peer);
}

static void
test_what_is_no_json_is_refused(struct fixture *fixture)
{
#define LINE(text)             \
    {                          \
        text, sizeof(text) - 1 \
    }
    static const struct {
        const char *text;
        size_t length;
    } lines[] = {
        LINE("x"),
        LINE("{"),
        LINE("}"),
        LINE("[1,]"),
        LINE("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",}"),
        LINE(ECHO("1") " " ECHO("2")),
        LINE(REQUEST("01", "echo", "[]")),
        LINE(REQUEST("1", "echo", "[+1]")),
        LINE(REQUEST("1", "echo", "[NaN]")),
        LINE(REQUEST("1", "echo", "['a']")),
        LINE(REQUEST("1", "echo", "[\"\x01\"]")),
        LINE(REQUEST("1", "echo", "[\"\xff\"]")),
        LINE(REQUEST("1", "echo", "[\"\xc0\x80\"]")),
        LINE(REQUEST("1", "echo", "[\"\xed\xa0\x80\"]")),
        LINE(REQUEST("1", "echo", "[\"\xf4\x90\x80\x80\"]")),
        LINE(REQUEST("1", "echo", "[\"\xc3\"]")),
        LINE(REQUEST("1", "echo", "[\"\\x41\"]")),
        LINE(REQUEST("1", "echo", "[\"\\u00g1\"]")),
        LINE("\xef\xbb\xbf" ECHO("1")),
        LINE(REQUEST("1", "echo", "[\"a\0b\"]")),
        LINE(REQUEST("1", "echo", "[1\0]")),
        LINE(ECHO("1") "\0"),
        LINE("\0"),
    };
    struct peer *peer = open_tcp(fixture);
    struct peer *other = open_unix(fixture);

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        json_auto_t *data = NULL;

        peer_send(peer, lines[i].text, lines[i].length);
        peer_send(peer, "\n", 1);
        data = expect_error_data(peer_line(peer), "null", ERROR_PARSE);
        check_text(data, "reason");
        assert_true(json_is_integer(json_object_get(data, "offset")));
        assert_in_range(json_integer_value(json_object_get(data, "offset")), 0, lines[i].length);
        expect_pong(peer);
        expect_pong(other);
    }
}

static void
test_what_is_no_request_is_refused(struct fixture *fixture)
{
    static const struct {
        const char *line;
        const char *id;
    } cases[] = {
        {"1", "null"},
        {"\"text\"", "null"},
        {"null", "null"},
        {"true", "null"},
        {"{}", "null"},
        {"{\"id\":8,\"method\":\"echo\"}", "8"},
        {"{\"jsonrpc\":\"1.0\",\"id\":8,\"method\":\"echo\"}", "8"},
        {"{\"jsonrpc\":2.0,\"id\":8,\"method\":\"echo\"}", "8"},
        {"{\"jsonrpc\":\"2.0\",\"id\":8}", "8"},
        {"{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":1}", "8"},
        {"{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":null}", "8"},
        {REQUEST("8", "echo", "\"text\""), "8"},
        {REQUEST("8", "echo", "1"), "8"},
        {REQUEST("true", "echo", "[]"), "null"},
        {REQUEST("[1]", "echo", "[]"), "null"},
        {REQUEST("{\"a\":1}", "echo", "[]"), "null"},
    };
    struct peer *peer = open_tcp(fixture);
    struct peer *other = open_unix(fixture);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_auto_t *data = expect_error_data(peer_ask(peer, "%s", cases[i].line), cases[i].id,
                                              ERROR_INVALID_REQUEST);

        check_text(data, "reason");
        expect_pong(peer);
        expect_pong(other);
    }
}

static void
test_unknown_methods(struct fixture *fixture)
{
    static const char *const names[] = {"nope",        "",
                                        "rpc.nope",    "job.nope",
                                        "cpu.nope",    "nope.echo",
                                        "server.nope", "ECHO",
                                        "echo ",       "cpu.",
                                        ".echo",       "cpu.sleep",
                                        "$/nope",      "ec\\u0000ho",
                                        "\\u0000",     "worker.ready"};
    struct peer *peer = open_tcp(fixture);

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        expect_error(peer_ask(peer, REQUEST("1", "%s", "[]"), names[i]), "1",
                     ERROR_METHOD_NOT_FOUND);
}

static void
test_options(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    expect_error(peer_ask(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":[1],"
                                "\"options\":{\"frobnicate\":1}}"),
                 "1", ERROR_INVALID_PARAMS);
    expect_pong(peer);
}

static void
test_discovery(struct fixture *fixture)
{
    static const char *const wanted[] = {"echo", "sum_squares", "sleep", "server.ping",
                                         "server.status"};
    struct peer *peer = open_tcp(fixture);
    json_auto_t *answer =
        parse_json(peer_ask(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"}"));
    json_t *document = json_object_get(answer, "result");
    json_t *methods = json_object_get(document, "methods");

    check_string(document, "openrpc", "1.2.6");
    check_text(json_object_get(document, "info"), "title");
    check_string(json_object_get(document, "info"), "version", OFFLOAD_VERSION);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        json_t *method;
        size_t at, found = 0;

        json_array_foreach (methods, at, method) {
            found += strcmp(check_text(method, "name"), wanted[i]) == 0;
            assert_true(json_is_array(json_object_get(method, "params")));
            assert_true(json_is_object(json_object_get(method, "result")));
        }
        if (found != 1)
            fail_msg("rpc.discover lists %s %zu times", wanted[i], found);
    }
}

static void
test_status(struct fixture *fixture)
{
    json_auto_t *status = fixture_status(fixture);
    struct peer *peer = open_tcp(fixture);
    json_int_t succeeded = json_integer_value(json_at(status, "jobs.succeeded"));

    check_string(status, "version", OFFLOAD_VERSION);
    check_string(status, "state", "serving");
    check_integer(status, "pid", fixture->daemon.pid);
    assert_true(json_number_value(json_object_get(status, "uptime_seconds")) >= 0);
    assert_string_equal(json_string_value(json_at(status, "listen.0")),
                        fixture->daemon.tcp_address);
    assert_int_equal(json_integer_value(json_at(status, "sessions.open")), 1);
    expect_result(peer_ask(peer, ECHO("1")), "1", "[]");
    assert_int_equal(fixture_number(fixture, "sessions.open"), 2);
    assert_int_equal(fixture_number(fixture, "jobs.succeeded"), succeeded + 1);
}

HARNESS_MAIN(SCENARIO(test_ids_come_back_byte_for_byte),
             SCENARIO(test_names_are_compared_without_their_escapes),
             SCENARIO(test_of_duplicate_members_the_last_wins),
             SCENARIO(test_an_id_in_flight_is_taken),
             SCENARIO(test_an_id_is_taken_within_a_batch_too),
             SCENARIO(test_notifications_are_never_answered),
             SCENARIO(test_blank_lines_and_carriage_returns, "--set", "pool.cpu.processes=1"),
             SCENARIO(test_what_is_no_json_is_refused),
             SCENARIO(test_what_is_no_request_is_refused), SCENARIO(test_unknown_methods),
             SCENARIO(test_options), SCENARIO(test_discovery), SCENARIO(test_status))
