// Workers that cannot start: they are tried again, more and more rarely, and the pool recovers by
// itself.
#include "shell_worker.h"

#define WORKER_FAILS "#!/bin/sh\necho no model >&2\nexit 3\n"

// Neither a missing program nor one that fails takes the old worker away, and the successor comes
// as soon as it can. It is not tried for each job anew.
static void
test_a_successor_that_fails(struct fixture *fixture)
{
    struct peer *peer = start_whole(fixture, WORKER("0"), "processes = 1\nmax-jobs = 3\n");
    char text[16];
    pid_t old;

    old = fixture_worker(fixture, 0, 0);
    install(fixture, "#!/bin/sh\necho $$ >> ${0%/*}/attempts\nexit 3\n");
    for (int i = 0; i < 500; i++) {
        snprintf(text, sizeof(text), "%d", i);
        expect_result(peer_ask(peer, REQUEST("1", "run", "[%d]"), i), "1", text);
        usleep(2000);
    }
    assert_int_equal(ask_pid(peer), old);
    assert_true(count_lines(fixture, "attempts") > 0);
    if (count_lines(fixture, "attempts") > 20)
        fail_msg("the successor was tried %zu times", count_lines(fixture, "attempts"));
    uninstall(fixture);
    await_log(fixture, "No such file");
    assert_int_equal(ask_pid(peer), old);
    install(fixture, WORKER("0"));
    await_another(peer, old);
}

// The pool recovers by itself.
static void
await_result(struct peer *peer)
{
    int64_t deadline = deadline_in(PATIENCE);
    char *line;

    while (strstr(line = peer_ask(peer, REQUEST("1", "run", "[1]")), "\"error\"") != NULL) {
        if (deadline_passed(deadline))
            fail_msg("the pool does not recover: %s", line);
        deadline_pause();
    }
    expect_result(line, "1", "1");
}

static void
test_a_missing_program_appears(struct fixture *fixture)
{
    struct peer *peer = start(fixture, NULL, "processes = 1\n");
    json_auto_t *data = NULL, *status = NULL, *later = NULL;
    char reason[128];

    await_log(fixture, "next one in 800 ms");
    data = expect_error_data(peer_ask(peer, REQUEST("1", "run", "[1]")), "1", ERROR_JOB_FAILED);
    check_string(data, "cause", "start");
    snprintf(reason, sizeof(reason), "%s/worker: No such file or directory",
             fixture->daemon.folder);
    check_string(data, "reason", reason);
    status = fixture_status(fixture);
    check_contains(check_text(json_at(status, "pools.0.start_error.data"), "reason"), "No such");
    install(fixture, WORKER("0"));
    await_result(peer);
    later = fixture_status(fixture);
    assert_null(json_at(later, "pools.0.start_error"));
}

static size_t
count_words(struct fixture *fixture, const char *words)
{
    char *text = read_text(fixture->daemon.log);
    size_t count = 0;

    for (const char *at = text; at != NULL && (at = strstr(at, words)) != NULL; at++)
        count++;
    free(text);
    return count;
}

// A worker that ends before it is ready is tried more and more rarely, those who wait are told why,
// and all is well once it stays.
static void
test_a_crash_loop(struct fixture *fixture)
{
    struct peer *peer = start(fixture, WORKER_FAILS, "processes = 1\n");

    await_log(fixture, "next one in 800 ms");
    assert_int_equal(count_words(fixture, "next one in 100 ms"), 1);
    assert_int_equal(count_words(fixture, "next one in 200 ms"), 1);
    assert_int_equal(count_words(fixture, "next one in 400 ms"), 1);
    install(fixture, WORKER("0"));
    await_result(peer);
    assert_int_equal(count_words(fixture, "no model"), count_words(fixture, "with status 3"));
}

static void
test_a_crash_loop_answers(struct fixture *fixture)
{
    struct peer *peer = start(fixture, WORKER_FAILS, "processes = 1\n");
    json_auto_t *data = NULL;

    await_log(fixture, "next one in 400 ms");
    data = expect_error_data(peer_ask(peer, REQUEST("1", "run", "[7]")), "1", ERROR_JOB_FAILED);
    check_string(data, "cause", "exit");
    check_integer(data, "exit_code", 3);
    check_contains(check_text(data, "stderr"), "no model");
}

HARNESS_MAIN(SCENARIO_MANUAL(test_a_successor_that_fails),
             SCENARIO_MANUAL(test_a_missing_program_appears), SCENARIO_MANUAL(test_a_crash_loop),
             SCENARIO_MANUAL(test_a_crash_loop_answers))
