// Order and concurrency: batches are answered in the order asked, single requests in the order of
// completion; and thousands of sleeps cost neither threads nor processes.
#include "common/clock.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLEPT(delay) "\"Operation completed after " delay " seconds\""

static void
test_single_requests_are_answered_as_they_complete(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, REQUEST("1", "sleep", "[0.6]") "\n" REQUEST("2", "sleep", "[0.4]") "\n" REQUEST(
                       "3", "sleep", "[0.2]"));
    expect_result(peer_line(peer), "3", SLEPT("0.2"));
    expect_result(peer_line(peer), "2", SLEPT("0.4"));
    expect_result(peer_line(peer), "1", SLEPT("0.6"));
}

static void
test_a_batch_is_answered_in_the_order_asked(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    int64_t start_us = clock_us();

    peer_say(peer, "[" REQUEST("1", "sleep", "[1.5]") "," REQUEST(
                       "2", "sleep", "[1.0]") "," REQUEST("3", "sleep", "[0.5]") "]");
    assert_string_equal(
        peer_line(peer),
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" SLEPT(
            "1.5") "},"
                   "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":" SLEPT(
                       "1.0") "},"
                              "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":" SLEPT("0.5") "}]");
    assert_true(clock_us() - start_us >= 1500000);
    if (clock_us() - start_us >= (int64_t)(3000000 * deadline_slowness()))
        fail_msg("the sleeps of a batch do not run together");
}

static void
test_a_single_request_overtakes_a_batch(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, "[" REQUEST("1", "faulty.hold", "[\"%s/release\"]") "]", fixture->daemon.folder);
    expect_result(peer_ask(peer, REQUEST("2", "echo", "[]")), "2", "[]");
    jobs_release(fixture);
    assert_string_equal(peer_line(peer),
                        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"released\"}]");
}

static void
test_a_batch_of_everything(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    static const char *const ids[] = {"1", "\"b\"", "null", "4", "1.50", "6"};
    json_auto_t *answers = NULL;

    peer_say(
        peer,
        "[" REQUEST("1", "sleep", "[0.2]") "," NOTIFICATION("echo", "[0]") "," REQUEST(
            "\"b\"", "sum_squares",
            "{\"n\":1000000}") ",17," REQUEST("4", "nope",
                                              "[]") "," REQUEST("1.50", "sum_squares",
                                                                "[-1]") "," REQUEST("6",
                                                                                    "server.ping",
                                                                                    "[]") "]");
    answers = parse_json(peer_line(peer));
    assert_int_equal(json_array_size(answers), sizeof(ids) / sizeof(ids[0]));
    for (size_t i = 0; i < json_array_size(answers); i++) {
        json_auto_t *id = parse_json(ids[i]);

        assert_true(json_equal(json_object_get(json_array_get(answers, i), "id"), id));
    }
    assert_int_equal(json_integer_value(json_at(answers, "1.result")), 333332833333500000);
    assert_int_equal(json_integer_value(json_at(answers, "2.error.code")), ERROR_INVALID_REQUEST);
    assert_int_equal(json_integer_value(json_at(answers, "3.error.code")), ERROR_METHOD_NOT_FOUND);
    assert_int_equal(json_integer_value(json_at(answers, "4.error.code")), ERROR_INVALID_PARAMS);
    assert_string_equal(json_string_value(json_at(answers, "5.result")), "pong");
}

// A batch of CPU jobs on two workers, many more jobs than slots, large and small ones mixed.
static void
test_a_batch_of_jobs_keeps_its_order(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    char *text = NULL;
    json_auto_t *answers = NULL;
    json_t *answer;
    size_t size, i;
    FILE *out = open_memstream(&text, &size);

    for (i = 0; i < 500; i++)
        fprintf(out, "%c" REQUEST("%zu", "sum_squares", "[%zu]"), i == 0 ? '[' : ',', i,
                i % 7 == 0 ? (size_t)200000 : i);
    fputc(']', out);
    fclose(out);
    peer_say(peer, "%s", text);
    free(text);
    answers = parse_json(peer_line(peer));
    assert_int_equal(json_array_size(answers), 500);
    json_array_foreach (answers, i, answer) {
        json_int_t n = i % 7 == 0 ? 200000 : (json_int_t)i;

        check_integer(answer, "id", (json_int_t)i);
        check_integer(answer, "result", (n - 1) * n / 2 * (2 * n - 1) / 3);
    }
}

#define SLEEPERS 10
#define SLEEPS   1000 // of each

// Says requests to sleep for a second, as one batch or one by one.
static char *
sleeps_text(bool batch, size_t *ret_length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_length);

    for (int i = 0; i < SLEEPS; i++) {
        fputs(!batch ? "" : i == 0 ? "[" : ",", out);
        fprintf(out, REQUEST("%d", "sleep", "[1]") "%s", i, batch ? "" : "\n");
    }
    fputs(batch ? "]\n" : "", out);
    fclose(out);
    return text;
}

// While they sleep: one thread, no process more.
static void
expect_no_thread_no_process(struct fixture *fixture, size_t processes)
{
    pid_t children[PROCESSES_MAX];

    // A daemon under valgrind has not read the last ones yet when the first are done.
    if (deadline_slowness() == 1)
        fixture_await(fixture, "jobs.running", SLEEPERS * SLEEPS);
    assert_int_equal(processes_threads(fixture->daemon.pid), 1);
    assert_int_equal(processes_children(fixture->daemon.pid, children), processes);
}

// The lines that come to a session, put together to one JSON array (caller frees). They are parsed
// later: the time that takes is the test's own.
static char *
take_answers(struct peer *peer, bool batch)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (batch)
        fputs(peer_line(peer), out);
    for (int i = 0; !batch && i < SLEEPS; i++)
        fprintf(out, "%c%s", i == 0 ? '[' : ',', peer_line(peer));
    fputs(batch ? "" : "]", out);
    fclose(out);
    return text;
}

// Each id once; in the order asked if it was a batch. (One by one they fall due together, and no
// order is promised.)
static void
expect_slept(const char *text, bool batch)
{
    json_auto_t *answers = parse_json(text);
    bool seen[SLEEPS] = {false};
    json_t *answer;
    size_t i;

    assert_int_equal(json_array_size(answers), SLEEPS);
    json_array_foreach (answers, i, answer) {
        json_int_t id = json_integer_value(json_object_get(answer, "id"));

        assert_in_range(id, 0, SLEEPS - 1);
        assert_false(seen[id]);
        assert_true(!batch || id == (json_int_t)i);
        seen[id] = true;
        check_string(answer, "result", "Operation completed after 1 seconds");
    }
}

static void
sleep_ten_thousand_times(struct fixture *fixture, bool batch)
{
    struct peer *peers[SLEEPERS];
    char *answers[SLEEPERS];
    pid_t children[PROCESSES_MAX];
    size_t processes = processes_children(fixture->daemon.pid, children), length;
    char *text = sleeps_text(batch, &length);
    int64_t sent_us, took_us;

    for (int i = 0; i < SLEEPERS; i++)
        peers[i] = open_tcp(fixture);
    for (int i = 0; i < SLEEPERS; i++)
        peer_send(peers[i], text, length);
    sent_us = clock_us();
    free(text);
    expect_no_thread_no_process(fixture, processes);
    for (int i = 0; i < SLEEPERS; i++)
        answers[i] = take_answers(peers[i], batch);
    took_us = clock_us() - sent_us;
    print_message("10000 sleeps of a second took %.3f s\n", (double)took_us / 1e6);
    for (int i = 0; i < SLEEPERS; i++) {
        expect_slept(answers[i], batch);
        free(answers[i]);
    }
    if (took_us > INT64_C(120000000)) // one after the other they would take hours
        fail_msg("they did not sleep at the same time");
    assert_int_equal(processes_threads(fixture->daemon.pid), 1);
    assert_int_equal(processes_children(fixture->daemon.pid, children), processes);
}

static void
test_ten_thousand_sleeps_in_batches(struct fixture *fixture)
{
    sleep_ten_thousand_times(fixture, true);
}

static void
test_ten_thousand_sleeps_one_by_one(struct fixture *fixture)
{
    sleep_ten_thousand_times(fixture, false);
}

HARNESS_MAIN(SCENARIO(test_single_requests_are_answered_as_they_complete),
             SCENARIO(test_a_batch_is_answered_in_the_order_asked),
             SCENARIO_CONFIG(test_a_single_request_overtakes_a_batch, CONFIG_FAULTY),
             SCENARIO(test_a_batch_of_everything), SCENARIO(test_a_batch_of_jobs_keeps_its_order),
             SCENARIO(test_ten_thousand_sleeps_in_batches),
             SCENARIO(test_ten_thousand_sleeps_one_by_one))
