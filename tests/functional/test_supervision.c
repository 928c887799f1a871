// How a pool looks after its workers: their number follows the need, and old ones are replaced
// before they go.
#include "shell_worker.h"

#include <signal.h>

#define WRAPPED (getenv("OFFLOAD_TEST_WRAP") != NULL)

// ---- the number of workers ------------------------------------------------------------------

// One after the other is started while jobs wait, up to MAX; without need they go again, to MIN.
static void
test_the_number_follows_the_need(struct fixture *fixture)
{
    struct peer *peer = start(fixture, WORKER("0"), "processes = 1..4\nidle-timeout = 500ms\n");
    int descriptors;

    ask_pid(peer);
    await_workers(fixture, 1);
    descriptors = processes_descriptors(fixture->daemon.pid);
    for (int i = 0; i < 6; i++)
        peer_say(peer, REQUEST("%d", "hold", "[]"), i);
    fixture_await(fixture, "pools.0.running", 4);
    fixture_await(fixture, "pools.0.queued", 2);
    await_workers(fixture, 4);
    jobs_release(fixture);
    for (int i = 0; i < 6; i++)
        check_contains(peer_line(peer), "\"result\":\"released\"}");
    await_processes(fixture, 1, descriptors);
    await_workers(fixture, 1);
    ask_pid(peer);
    assert_int_equal(count_lines(fixture, "starts"), 4);
    assert_int_equal(fixture_number(fixture, "pools.0.restarts"), 0);
}

static void
test_a_pool_that_sleeps(struct fixture *fixture)
{
    struct peer *peer = start(fixture, WORKER("0"), "processes = 0..2\nidle-timeout = 300ms\n");
    int descriptors;
    pid_t first;

    assert_int_equal(count_workers(fixture, NULL), 0); // opens the session that watches, too
    descriptors = processes_descriptors(fixture->daemon.pid);
    await_processes(fixture, 0, descriptors);
    first = ask_pid(peer);
    await_processes(fixture, 0, descriptors);
    assert_int_not_equal(ask_pid(peer), first);
    await_processes(fixture, 0, descriptors);
}

// A job that comes in just when the last worker is sent away is not left lying.
static void
test_a_job_comes_while_the_last_worker_goes(struct fixture *fixture)
{
    struct peer *peer = start(fixture, WORKER("0"), "processes = 0..2\nidle-timeout = 1ms\n");
    int64_t deadline = deadline_in(PATIENCE);
    size_t count = 0;

    // Until the last one has gone a few times.
    while (count_lines(fixture, "starts") < 6) {
        char text[16];

        snprintf(text, sizeof(text), "%zu", count);
        expect_result(peer_ask(peer, REQUEST("1", "run", "[%zu]"), count), "1", text);
        count++;
        usleep(7001);
        if (deadline_passed(deadline))
            fail_msg("no worker goes");
    }
    assert_int_equal(count_lines(fixture, "runs"), count);
}

// ---- replacing ------------------------------------------------------------------------------

#define LOAD_MAX    100000
#define LOAD_WINDOW 16
#define LOAD_SWAPS  6

struct load {
    struct peer *peer;
    bool answered[LOAD_MAX];
    int sent;
    int received;
};

static void
load_send(struct load *load)
{
    assert_true(load->sent < LOAD_MAX);
    peer_say(load->peer, REQUEST("%d", "run", "[%d]"), load->sent, load->sent);
    load->sent++;
}

static void
load_receive(struct load *load)
{
    char *line = peer_line(load->peer);
    int id, result;

    if (sscanf(line, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":%d}", &id, &result) != 2 ||
        id != result || id < 0 || id >= load->sent || load->answered[id])
        fail_msg("not the one answer to a job: %.500s", line);
    load->answered[id] = true;
    load->received++;
}

// Each job has left its line in the file just once.
static void
expect_run_once(struct fixture *fixture, const struct load *load)
{
    char *path = path_of(fixture, "runs"), *text = read_text(path), *rest = text, *line;
    bool *seen = calloc(LOAD_MAX, sizeof(*seen));
    int count = 0;

    while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
        int number = atoi(line);

        if (number < 0 || number >= load->sent || seen[number])
            fail_msg("job %s ran twice", line);
        seen[number] = true;
        count++;
    }
    assert_int_equal(count, load->sent);
    free(seen);
    free(text);
    free(path);
}

// Under load, with workers that need 300 ms to start: nobody notices, for the old one serves until
// the new one is ready.
static void
test_replacing_under_load(struct fixture *fixture)
{
    struct load *load = calloc(1, sizeof(*load));
    json_int_t restarts = 0;
    int64_t deadline = deadline_in(PATIENCE);

    load->peer = start_whole(fixture, WORKER(".3"), "processes = 2\nmax-jobs = 20\n");
    for (int i = 0; i < LOAD_WINDOW; i++)
        load_send(load);
    for (int i = 0; restarts < LOAD_SWAPS; i++) {
        load_receive(load);
        load_send(load);
        if (i % 16 == 0) {
            assert_int_equal(count_workers(fixture, "ready"), 2);
            restarts = fixture_number(fixture, "pools.0.restarts");
        }
        if (deadline_passed(deadline))
            fail_msg("only %d workers were replaced", (int)restarts);
    }
    while (load->received < load->sent)
        load_receive(load);
    expect_run_once(fixture, load);
    fixture_await(fixture, "pools.0.running", 0);
    free(load);
}

// Replacing is counted, and nothing is started that nobody wanted.
static void
test_replacing_is_counted(struct fixture *fixture)
{
    struct peer *peer = start_whole(fixture, WORKER("0"), "processes = 1\nmax-jobs = 1\n");
    pid_t pids[4];

    pids[0] = ask_pid(peer);
    for (int i = 1; i < 4; i++) {
        fixture_await(fixture, "pools.0.restarts", i);
        pids[i] = ask_pid(peer);
        for (int j = 0; j < i; j++)
            assert_int_not_equal(pids[i], pids[j]);
    }
    fixture_await(fixture, "pools.0.restarts", 4);
    assert_int_equal(count_lines(fixture, "starts"), 5);
}

// A worker that is due may end the job it has; new ones go to its successor.
static void
test_max_age(struct fixture *fixture)
{
    struct peer *busy = start_whole(fixture, WORKER("0"), "processes = 1\nmax-age = 1s\n");
    struct peer *peer = open_unix(fixture);
    pid_t old;

    old = ask_pid(peer);
    peer_say(busy, REQUEST("\"long\"", "hold", "[]"));
    await_another(peer, old);
    assert_true(processes_alive(old));
    jobs_release(fixture);
    expect_result(peer_line(busy), "\"long\"", "\"released\"");
    await_another(peer, ask_pid(peer)); // and so on
}

// The old one dies before its successor is ready: that one takes its place, and no third comes.
static void
test_the_old_one_dies_meanwhile(struct fixture *fixture)
{
    struct peer *peer = start_whole(fixture, WORKER(".3"), "processes = 1\nmax-jobs = 1\n");
    pid_t old = ask_pid(peer);

    await_log(fixture, "is being replaced");
    assert_int_equal(kill(old, SIGKILL), 0);
    while (fixture_worker(fixture, 0, 0) == old) // a job of now might still go to the dead one
        deadline_pause();
    assert_int_not_equal(ask_pid(peer), old);
    fixture_await(fixture, "pools.0.restarts", 2);
    assert_int_equal(count_lines(fixture, "starts"), 3);
}

// One that should go and neither sees the end of its input nor heeds SIGTERM is killed.
static void
test_an_old_one_that_stays(struct fixture *fixture)
{
    struct peer *peer =
        start_whole(fixture, WORKER("0") "trap '' TERM\nwhile :; do sleep 1; done\n",
                    "processes = 1\nmax-jobs = 1\nkill-delay = 200ms\n");
    pid_t old = ask_pid(peer);

    fixture_await(fixture, "pools.0.restarts", 1);
    processes_await_end(old);
    assert_int_not_equal(ask_pid(peer), old);
}

// ---- memory ---------------------------------------------------------------------------------

static void
test_memory_max(struct fixture *fixture)
{
    struct peer *peer;
    pid_t old;

    if (WRAPPED) {
        print_message("skipped: valgrind needs more memory than the worker may have\n");
        return;
    }
    peer = start_whole(fixture, WORKER("0"), "processes = 1\nmemory-max = 64M\n");
    old = ask_pid(peer);
    expect_result(peer_ask(peer, REQUEST("1", "grow", "[2]")), "1", "2");
    usleep(1200000); // two looks at it
    assert_int_equal(ask_pid(peer), old);
    expect_result(peer_ask(peer, REQUEST("1", "grow", "[26]")), "1", "26");
    await_another(peer, old);
    fixture_await(fixture, "pools.0.restarts", 1);
}

// What is too much is not to be had: that is the worker's trouble alone.
static void
test_too_much_memory(struct fixture *fixture)
{
    json_auto_t *data = NULL;
    struct peer *peer;

    if (WRAPPED) {
        print_message("skipped: valgrind needs more memory than the worker may have\n");
        return;
    }
    peer = start_whole(fixture, WORKER("0"), "processes = 1\nmemory-max = 64M\n");
    data = expect_error_data(peer_ask(peer, REQUEST("1", "grow", "[2000]")), "1", ERROR_JOB_FAILED);
    check_string(data, "cause", "exit");
    check_contains(check_text(data, "stderr"), "cannot allocate");
    assert_true(json_integer_value(json_object_get(data, "peak_memory_bytes")) <= 72 << 20);
    expect_result(peer_ask(peer, REQUEST("2", "grow", "[2]")), "2", "2");
}

// Told to go it closes its stdout and tidies up: that is no breach, and it gets the time for it.
static void
test_one_that_tidies_up(struct fixture *fixture)
{
    char *log;

    ask_pid(start(fixture, WORKER("0") "exec >&-\nsleep .5\ntouch $folder/tidied\n",
                  "processes = 1\n"));
    fixture_forget(fixture);
    assert_int_equal(kill(fixture->daemon.pid, SIGTERM), 0);
    assert_int_equal(daemon_wait(&fixture->daemon), 0);
    log = read_text(fixture->daemon.log);
    assert_non_null(strstr(log, "stopped"));
    assert_null(strstr(log, "broke the protocol"));
    free(log);
}

HARNESS_MAIN(SCENARIO_MANUAL(test_the_number_follows_the_need),
             SCENARIO_MANUAL(test_a_pool_that_sleeps),
             SCENARIO_MANUAL(test_a_job_comes_while_the_last_worker_goes),
             SCENARIO_MANUAL(test_replacing_under_load), SCENARIO_MANUAL(test_replacing_is_counted),
             SCENARIO_MANUAL(test_max_age), SCENARIO_MANUAL(test_the_old_one_dies_meanwhile),
             SCENARIO_MANUAL(test_an_old_one_that_stays), SCENARIO_MANUAL(test_memory_max),
             SCENARIO_MANUAL(test_too_much_memory), SCENARIO_MANUAL(test_one_that_tidies_up))
