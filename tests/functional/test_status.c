// What server.status says of jobs that have ended, of the one that runs, and of what the workers
// use: compared with what the test has made happen, and with what /proc says.
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CONFIG                          \
    CONFIG_FAULTY "crash-limit = 100\n" \
                  "[pool sh]\ncommand = /bin/sh -c {script}\nmethods = sh\nprocesses = 1\n"
#define POOL_SH 2

static json_t *
status_with(struct peer *peer, const char *params)
{
    json_auto_t *response =
        parse_json(peer_ask(peer, REQUEST("\"s\"", "server.status", "%s"), params));

    return json_incref(json_object_get(response, "result"));
}

static json_t *
pool_of(json_t *status, size_t pool)
{
    return json_array_get(json_object_get(status, "pools"), pool);
}

// succeeded, failed, cancelled, timed_out, lost, refused; and how many of them were measured
struct ends {
    json_int_t counts[6];
    json_int_t measured;
};

static void
check_ends(json_t *counts, json_t *latency, const struct ends *ends)
{
    static const char *const names[] = {"succeeded", "failed", "cancelled",
                                        "timed_out", "lost",   "refused"};
    json_t *ever = json_object_get(latency, "since_start");

    for (size_t i = 0; i < 6; i++)
        check_integer(counts, names[i], ends->counts[i]);
    check_integer(ever, "jobs", ends->measured);
    assert_int_equal(json_is_null(json_object_get(ever, "p90_seconds")), ends->measured == 0);
}

static void
check_pool(json_t *status, size_t pool, const struct ends *ends)
{
    check_ends(pool_of(status, pool), json_object_get(pool_of(status, pool), "latency"), ends);
}

// Each pool counts its own, all together counts once, whatever a job has been through.
static void
test_ends(struct fixture *fixture)
{
    json_auto_t *status = NULL;
    struct peer *leaver;
    struct peer *peer;

    daemon_configure(&fixture->daemon, CONFIG);
    daemon_start(&fixture->daemon, NULL, NULL);
    leaver = open_tcp(fixture);
    peer = open_tcp(fixture);
    peer_ask(peer, REQUEST("1", "echo", "[]"));
    peer_ask(peer, REQUEST("2", "sum_squares", "[-1]")); // the worker says no
    peer_ask(peer, REQUEST("3", "own_error", "[]"));
    expect_result(peer_ask(peer, REQUEST_WITH("{\"retries\":2}", "4", "die_first", "[\"%s/n\",2]"),
                           fixture->daemon.folder),
                  "4", "3");
    peer_ask(peer, REQUEST("5", "crash", "[]"));
    peer_ask(peer, REQUEST_WITH("{\"timeouts\":{\"run\":0.1}}", "6", "silent", "[]"));
    peer_ask(peer, REQUEST_WITH("{\"max_wait\":0,\"delay\":0.1}", "7", "echo", "[]"));
    peer_ask(peer, REQUEST("8", "no_such_method", "[]"));
    peer_ask(peer, REQUEST("9", "sleep", "[0.1]"));
    peer_ask(peer, REQUEST("10", "job.map", "{\"method\":\"echo\",\"items\":[[1],[2],[3]]}"));
    peer_ask(peer, REQUEST("11", "sh", "{\"script\":\"exit 3\"}"));
    peer_ask(peer, REQUEST("12", "sh", "{\"script\":\"kill -9 $$\"}"));
    peer_ask(peer, REQUEST("13", "sh", "{\"no\":\"\"}"));
    peer_say(leaver, REQUEST("1", "silent", "[]"));
    fixture_await(fixture, "pools.1.running", 1);
    peer_close(leaver);
    fixture_await(fixture, "jobs.cancelled", 1);
    status = fixture_status(fixture);
    check_ends(json_object_get(status, "jobs"), json_object_get(status, "latency"),
               &(struct ends){{8, 5, 1, 1, 2, 1}, 15});
    check_pool(status, POOL_CPU, &(struct ends){{5, 1, 0, 0, 0, 0}, 6});
    check_pool(status, POOL_FAULTY, &(struct ends){{1, 1, 1, 1, 1, 0}, 5});
    check_pool(status, POOL_SH, &(struct ends){{0, 2, 0, 0, 1, 0}, 2});
    // The nap took a tenth of a second, and is the longest but for what the machine was slow at.
    assert_true(json_number_value(json_at(status, "latency.since_start.max_seconds")) >= 0.1);
}

// All that a job waited for is part of its time: here for the one that came with it.
static void
test_waiting_counts(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    json_auto_t *status = NULL;

    peer_ask(peer, "[" REQUEST("1", "nap", "[200]") "," REQUEST("2", "nap", "[0]") "]");
    status = fixture_status(fixture);
    assert_int_equal(json_integer_value(json_at(status, "pools.1.latency.since_start.jobs")), 2);
    assert_true(json_number_value(json_at(status, "pools.1.latency.since_start.p50_seconds")) >=
                0.2);
}

static void
test_present_job(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    json_auto_t *status = NULL;
    json_t *job;
    double before;

    status = fixture_status(fixture);
    assert_true(json_is_null(json_at(status, "pools.1.workers.0.job")));
    json_decref(status);
    jobs_hold(fixture, peer, "1");
    peer_say(peer, REQUEST("2", "nap", "[0]")); // waits
    fixture_await(fixture, "pools.1.running", 1);
    fixture_await(fixture, "pools.1.queued", 1);
    status = fixture_status(fixture);
    job = json_at(status, "pools.1.workers.0.job");
    check_string(job, "method", "hold");
    before = json_number_value(json_object_get(job, "running_seconds"));
    assert_true(before > 0);
    json_decref(status);
    status = fixture_status(fixture);
    job = json_at(status, "pools.1.workers.0.job");
    assert_true(json_number_value(json_object_get(job, "running_seconds")) > before);
    assert_true(json_is_null(json_at(status, "pools.0.workers.0.job")));
    jobs_release(fixture);
    expect_result(peer_line(peer), "1", "\"released\"");
    expect_result(peer_line(peer), "2", "\"slept\"");
    json_decref(status);
    status = fixture_status(fixture);
    assert_true(json_is_null(json_at(status, "pools.1.workers.0.job")));
}

// Anybody may ask; what is told is what /proc says of that process.
static void
test_usage(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    int64_t deadline = deadline_in(PATIENCE);
    double seconds = 0;
    double memory;

    peer_say(peer, REQUEST("1", "sum_squares", "[4000000000000]"));
    while (seconds < 0.1) {
        json_auto_t *status = status_with(peer, "{\"usage\":true}");
        json_t *worker = json_at(status, "pools.0.workers.0");

        assert_true(json_is_real(json_object_get(worker, "cpu_seconds")));
        assert_true(json_number_value(json_object_get(worker, "cpu_seconds")) >= seconds);
        seconds = json_number_value(json_object_get(worker, "cpu_seconds"));
        memory = json_number_value(json_object_get(worker, "memory_bytes"));
        if (deadline_passed(deadline))
            fail_msg("the CPU time stays %g s", seconds);
    }
    assert_true(memory > (double)processes_memory(fixture_worker(fixture, 0, 0)) / 2);
    assert_true(memory < (double)processes_memory(fixture_worker(fixture, 0, 0)) * 2);
    expect_error(peer_ask(peer, NOTIFICATION("$/cancelRequest", "{\"id\":1}")), "1",
                 ERROR_CANCELLED);
}

static void
test_usage_only_if_asked_for(struct fixture *fixture)
{
    static const char *const plain[] = {"{}", "[]", "{\"usage\":false}", "[false]"};
    static const char *const wrong[] = {"{\"usage\":1}", "[null]", "{\"Usage\":true}", "[true,1]"};
    struct peer *peer = open_tcp(fixture);

    for (size_t i = 0; i < 4; i++) {
        json_auto_t *status = status_with(peer, plain[i]);

        assert_non_null(json_at(status, "pools.0.workers.0.pid"));
        assert_null(json_at(status, "pools.0.workers.0.cpu_seconds"));
        assert_null(json_at(status, "pools.0.workers.0.memory_bytes"));
    }
    for (size_t i = 0; i < 4; i++)
        expect_error(peer_ask(peer, REQUEST("1", "server.status", "%s"), wrong[i]), "1",
                     ERROR_INVALID_PARAMS);
}

HARNESS_MAIN(SCENARIO_MANUAL(test_ends), SCENARIO_CONFIG(test_waiting_counts, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_present_job, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_usage, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_usage_only_if_asked_for, CONFIG_FAULTY))
