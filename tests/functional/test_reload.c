// Another configuration by SIGHUP while the daemon serves: no job is lost, none runs twice, new
// workers run the new command; a configuration that is wrong changes nothing and says why.
#include "shell_worker.h"

#include <signal.h>
#include <sys/wait.h>

// Answers `run` with [LABEL, PARAM], and writes both into FOLDER/ran; `hold` with LABEL, when the
// file "release" is there. The label is the argument of the command.
#define LABELLED                                                                                \
    "#!/bin/sh\n"                                                                               \
    "folder=${0%/*}\n"                                                                          \
    "while read -r line; do\n"                                                                  \
    "    id=${line#*'\"id\":'}; id=${id%%,*}\n"                                                 \
    "    param=${line#*'\"params\":['}; param=${param%%]*}\n"                                   \
    "    case $line in\n"                                                                       \
    "    *'\"hold\"'*) while ! test -e $folder/release; do sleep .02; done; result=\\\"$1\\\" " \
    ";;\n"                                                                                      \
    "    *) echo \"$1 $param\" >> $folder/ran; result=\"[\\\"$1\\\",$param]\" ;;\n"             \
    "    esac\n"                                                                                \
    "    echo \"{\\\"jsonrpc\\\":\\\"2.0\\\",\\\"id\\\":$id,\\\"result\\\":$result}\"\n"        \
    "done\n"

#define POOL_OF(label, methods, keys) \
    "[pool it]\nprogram = %F/worker " label "\nmethods = " methods "\n" keys
#define SERVER "[server]\nin-flight-max = 100000\n"
#define ONE    SERVER POOL_OF("one", "run hold", "processes = 2\n")
#define OTHER  "[pool echo]\nbuiltin = yes\nmethods = echo\nprocesses = 1\n"
#define TWO    SERVER POOL_OF("two", "run hold", "processes = 2\n")

static struct peer *
begin(struct fixture *fixture, const char *config)
{
    install(fixture, LABELLED);
    daemon_configure(&fixture->daemon, config);
    daemon_start(&fixture->daemon, NULL, NULL);
    fixture_adopt(fixture);
    return open_tcp(fixture);
}

static void
hang_up(struct fixture *fixture)
{
    assert_int_equal(kill(fixture->daemon.pid, SIGHUP), 0);
}

static void
reload(struct fixture *fixture, const char *config)
{
    json_int_t generation = fixture_number(fixture, "configuration.generation");

    daemon_configure(&fixture->daemon, config);
    hang_up(fixture);
    fixture_await(fixture, "configuration.generation", generation + 1);
}

static size_t
count_pools(struct fixture *fixture)
{
    json_auto_t *status = fixture_status(fixture);

    return json_array_size(json_at(status, "pools"));
}

// Pools that go have gone.
static void
await_pools(struct fixture *fixture, size_t count)
{
    int64_t deadline = deadline_in(PATIENCE);
    size_t seen;

    while ((seen = count_pools(fixture)) != count) {
        if (deadline_passed(deadline))
            fail_msg("there are %zu pools, expected %zu", seen, count);
        deadline_pause();
    }
}

static void
await_outcome(struct fixture *fixture, const char *outcome)
{
    int64_t deadline = deadline_in(PATIENCE);
    bool there = false;

    while (!there) {
        json_auto_t *status = fixture_status(fixture);
        const char *text = json_string_value(json_at(status, "configuration.last_reload.outcome"));

        there = text != NULL && strcmp(text, outcome) == 0;
        if (!there && deadline_passed(deadline))
            fail_msg("the last reload is '%s', expected '%s'", text, outcome);
        if (!there)
            deadline_pause();
    }
}

static void
expect_label(struct peer *peer, const char *label)
{
    char expected[32];

    snprintf(expected, sizeof(expected), "[\"%s\",7]", label);
    expect_result(peer_ask(peer, REQUEST("1", "run", "[7]")), "1", expected);
}

// ---- under load -----------------------------------------------------------------------------

#define LOAD        4000
#define SESSIONS    4
#define GENERATIONS 6

struct load {
    unsigned char answers[LOAD]; // for each job
    unsigned char runs[LOAD];
    int last[GENERATIONS][SESSIONS]; // the job of that session that was begun last
    size_t by[GENERATIONS];          // how many jobs it ran
};

// Those whose one worker has the number as its label.
#define NUMBERED(label) SERVER POOL_OF(label, "run hold", "processes = 1\n")
static const char *const numbered[GENERATIONS] = {NUMBERED("0"), NUMBERED("1"), NUMBERED("2"),
                                                  NUMBERED("3"), NUMBERED("4"), NUMBERED("5")};

// Job N is that of session N modulo SESSIONS.
static void
send_load(struct peer *peers[SESSIONS], int from, int to)
{
    for (int i = from; i < to; i++)
        peer_say(peers[i % SESSIONS], REQUEST("%d", "run", "[%d]"), i, i);
}

static void
take_answers(struct peer *peer, struct load *load)
{
    int label;
    int id;
    int param;

    for (int i = 0; i < LOAD / SESSIONS; i++) {
        assert_int_equal(sscanf(peer_line(peer),
                                "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":[\"%d\",%d]}", &id,
                                &label, &param),
                         3);
        assert_int_equal(id, param);
        assert_in_range(id, 0, LOAD - 1);
        load->answers[id]++;
    }
}

// Each job was run once, and each worker has run those of a session in their order.
static void
check_runs(struct fixture *fixture, struct load *load)
{
    char *path = path_of(fixture, "ran");
    FILE *file = fopen(path, "re");
    int label;
    int job;

    assert_non_null(file);
    memset(load->last, -1, sizeof(load->last));
    while (fscanf(file, "%d %d", &label, &job) == 2) {
        int *last;

        assert_in_range(label, 0, GENERATIONS - 1);
        assert_in_range(job, 0, LOAD - 1);
        last = &load->last[label][job % SESSIONS];
        assert_true(job > *last);
        *last = job;
        load->runs[job]++;
        load->by[label]++;
    }
    fclose(file);
    free(path);
    for (int i = 0; i < LOAD; i++) {
        assert_int_equal(load->answers[i], 1);
        assert_int_equal(load->runs[i], 1);
    }
}

static void
test_under_load(struct fixture *fixture)
{
    static struct load load;
    struct peer *holder = begin(fixture, numbered[0]);
    struct peer *peers[SESSIONS];

    for (int i = 0; i < SESSIONS; i++)
        peers[i] = open_unix(fixture);
    peer_say(holder, REQUEST("\"h\"", "hold", "[0]"));
    fixture_await(fixture, "pools.0.running", 1);
    send_load(peers, 0, LOAD / 2);
    fixture_await(fixture, "pools.0.queued", LOAD / 2); // these will move
    for (int i = 1; i < GENERATIONS; i++) {
        reload(fixture, numbered[i]);
        send_load(peers, LOAD / 2 + (i - 1) * LOAD / 10, LOAD / 2 + i * LOAD / 10);
    }
    for (int i = 0; i < SESSIONS; i++)
        take_answers(peers[i], &load);
    check_runs(fixture, &load);
    assert_int_equal(load.by[0], 0); // it holds to this moment
    assert_true(load.by[GENERATIONS - 1] >= LOAD / 10);
    jobs_release(fixture);
    expect_result(peer_line(holder), "\"h\"", "\"0\"");
    await_pools(fixture, 1);
    assert_int_equal(fixture_number(fixture, "jobs.succeeded"), LOAD + 1);
}

// Two after one another, the second before the first can be in force.
static void
test_two_in_a_row(struct fixture *fixture)
{
    struct peer *peer = begin(fixture, ONE);

    daemon_configure(&fixture->daemon, POOL_OF("never", "run", "wait-ready = yes\n"));
    hang_up(fixture);
    await_outcome(fixture, "under way");
    expect_label(peer, "one");
    reload(fixture, TWO);
    expect_label(peer, "two");
    await_pools(fixture, 1);
    await_log(fixture, "pool it, as it was, ends with its last job");
}

// Whoever asks more often than it can be read is asked once in a while.
static void
test_a_flood_of_signals(struct fixture *fixture)
{
    struct peer *peer = begin(fixture, ONE);
    pid_t worker = fixture_worker(fixture, 0, 0);

    for (int i = 0; i < 2000; i++)
        peer_say(peer, REQUEST("%d", "run", "[%d]"), i, i);
    for (int i = 0; i < 2000; i++) {
        hang_up(fixture);
        check_contains(peer_line(peer), "\"result\":[\"one\",");
    }
    await_outcome(fixture, "done");
    assert_int_equal(fixture_worker(fixture, 0, 0), worker); // nothing has changed
    assert_int_equal(count_lines(fixture, "ran"), 2000);
    expect_label(peer, "one");
}

// ---- what changes ---------------------------------------------------------------------------

static void
expect_method(struct peer *peer, const char *name, bool there)
{
    json_auto_t *response = parse_json(peer_ask(peer, REQUEST("1", "rpc.discover", "[]")));
    json_t *method;
    bool found = false;
    size_t i;

    json_array_foreach (json_at(response, "result.methods"), i, method)
        found |= strcmp(json_string_value(json_object_get(method, "name")), name) == 0;
    assert_int_equal(found, there);
}

// A job whose method is gone was accepted: the old pool runs it.
static void
test_methods(struct fixture *fixture)
{
    struct peer *peer =
        begin(fixture, SERVER POOL_OF("one", "hold run old", "processes = 1\nprefetch = 0\n"));

    peer_say(peer, REQUEST("\"h\"", "hold", "[0]"));
    fixture_await(fixture, "pools.0.running", 1);
    peer_say(peer, REQUEST("\"o\"", "old", "[1]"));
    peer_say(peer, REQUEST("\"r\"", "run", "[2]"));
    fixture_await(fixture, "pools.0.queued", 2);
    reload(fixture, POOL_OF("two", "hold run new", "processes = 1\n"));
    expect_result(peer_line(peer), "\"r\"", "[\"two\",2]");
    expect_error(peer_ask(peer, REQUEST("2", "old", "[3]")), "2", ERROR_METHOD_NOT_FOUND);
    expect_error(peer_ask(peer, REQUEST("3", "it.old", "[3]")), "3", ERROR_METHOD_NOT_FOUND);
    expect_result(peer_ask(peer, REQUEST("4", "it.new", "[3]")), "4", "[\"two\",3]");
    expect_method(peer, "old", false);
    expect_method(peer, "new", true);
    jobs_release(fixture);
    expect_result(peer_line(peer), "\"h\"", "\"one\"");
    expect_result(peer_line(peer), "\"o\"", "[\"one\",1]");
    await_pools(fixture, 1);
}

static void
test_pools_come_and_go(struct fixture *fixture)
{
    struct peer *peer = begin(fixture, ONE);
    pid_t worker = fixture_worker(fixture, 0, 0);
    pid_t other;

    reload(fixture, ONE OTHER);
    expect_result(peer_ask(peer, REQUEST("1", "echo", "[5]")), "1", "[5]");
    assert_int_equal(fixture_worker(fixture, 0, 0), worker); // is not disturbed
    other = fixture_worker(fixture, 1, 0);
    peer_say(peer, REQUEST("\"h\"", "hold", "[0]"));
    fixture_await(fixture, "pools.0.running", 1);
    reload(fixture, OTHER);
    expect_error(peer_ask(peer, REQUEST("2", "run", "[5]")), "2", ERROR_METHOD_NOT_FOUND);
    assert_int_equal(fixture_worker(fixture, 0, 0), other);
    assert_int_equal(count_pools(fixture), 2);
    jobs_release(fixture);
    expect_result(peer_line(peer), "\"h\"", "\"one\"");
    await_pools(fixture, 1);
    processes_await_end(worker);
    fixture->descriptors = 0; // it had more workers at first
}

// As after a restart: the file is right, its program is not.
static void
test_a_pool_that_cannot_start(struct fixture *fixture)
{
    struct peer *peer = begin(fixture, ONE);
    json_t *data;

    reload(fixture, "[pool it]\nprogram = /nowhere/worker\nmethods = run\nprocesses = 1\n");
    data = expect_error_data(peer_ask(peer, REQUEST("1", "run", "[5]")), "1", ERROR_JOB_FAILED);
    check_string(data, "cause", "start");
    json_decref(data);
    reload(fixture, ONE);
    expect_label(peer, "one");
    await_pools(fixture, 1);
}

// What takes a restart is said, and stays.
static void
test_keys_of_the_server(struct fixture *fixture)
{
    struct peer *peer = begin(fixture, ONE);
    struct stat info;

    reload(fixture, "[server]\nsocket-mode = 0666\nline-max = 1K\ndepth-max = 5\nbatch-max = 2\n"
                    "log-level = debug\n" POOL_OF("one", "run hold", "processes = 2\n"));
    await_log(fixture, "warning server: socket-mode has changed: that takes a restart");
    await_log(fixture, "warning server: line-max has changed: that takes a restart");
    await_log(fixture, "warning server: depth-max has changed: that takes a restart");
    assert_int_equal(stat(fixture->daemon.unix_path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    expect_error(peer_ask(peer, REQUEST("1", "server.ping", "[[[[[[[1]]]]]]]")), "1",
                 ERROR_INVALID_PARAMS);
    expect_limit(peer_ask(peer, "[" PING "," PING "," PING "]"), "null", ERROR_INVALID_REQUEST,
                 "batch-max");
    assert_int_equal(count_pools(fixture), 1);
    open_tcp(fixture);
    await_log(fixture, " debug server: session ");
}

// A configuration that brought no pool of its own is held by nobody else: who is answered because
// of the next one must not look at it any more.
static void
test_a_job_that_nobody_runs_any_more(struct fixture *fixture)
{
    struct peer *peer = begin(fixture, ONE OTHER);

    reload(fixture, ONE OTHER "[server]\nbatch-max = 2\n");
    peer_say(peer, REQUEST_WITH("{\"delay\":1000}", "1", "echo", "[5]"));
    fixture_await(fixture, "jobs.delayed", 1);
    reload(fixture, ONE);
    expect_error(peer_line(peer), "1", ERROR_METHOD_NOT_FOUND);
    expect_label(peer, "one");
    await_pools(fixture, 1);
    fixture->descriptors = 0; // it had more workers at first
}

// ---- what is wrong --------------------------------------------------------------------------

static void
test_a_wrong_file(struct fixture *fixture)
{
    struct peer *peer = begin(fixture, ONE);
    pid_t worker = fixture_worker(fixture, 0, 0);
    json_t *status;

    daemon_configure(&fixture->daemon, TWO "proceses = 1\n");
    hang_up(fixture);
    await_outcome(fixture, "refused");
    status = fixture_status(fixture);
    check_contains(json_string_value(json_at(status, "configuration.last_reload.reason")),
                   "offloadd.conf:7: unknown key 'proceses' in [pool it]");
    json_decref(status);
    await_log(fixture, "error server: the configuration stays as it was: ");
    expect_label(peer, "one");
    // A pool that cannot be made is as good as a wrong file.
    daemon_configure(&fixture->daemon, TWO "[pool b]\nbuiltin = yes\nuser = no-such-user\n");
    hang_up(fixture);
    await_log(fixture, "error server: the configuration stays as it was: [pool b] user: "
                       "no-such-user: there is no such user");
    expect_label(peer, "one");
    assert_int_equal(fixture_worker(fixture, 0, 0), worker);
    assert_int_equal(fixture_number(fixture, "configuration.generation"), 1);
    assert_int_equal(unlink(fixture->daemon.config), 0);
    hang_up(fixture);
    await_log(fixture, "offloadd.conf: No such file or directory");
    expect_label(peer, "one");
    reload(fixture, TWO);
    expect_label(peer, "two");
    await_pools(fixture, 1);
}

// ---- the end --------------------------------------------------------------------------------

static void
test_while_it_stops(struct fixture *fixture)
{
    struct peer *peer = begin(fixture, ONE);

    peer_say(peer, REQUEST("\"h\"", "hold", "[0]"));
    fixture_await(fixture, "pools.0.running", 1);
    fixture_forget(fixture);
    daemon_configure(&fixture->daemon, TWO);
    assert_int_equal(kill(fixture->daemon.pid, SIGTERM), 0);
    await_log(fixture, "SIGTERM: stopping");
    hang_up(fixture);
    await_log(fixture, "SIGHUP: the daemon stops");
    jobs_release(fixture);
    expect_result(peer_line(peer), "\"h\"", "\"one\"");
    assert_int_equal(daemon_wait(&fixture->daemon), 0);
    daemon_expect_none_left(0);
}

// With one pool on its way out and another that is not up yet.
static void
test_stopped_in_the_middle(struct fixture *fixture)
{
    struct peer *peer = begin(fixture, ONE);

    peer_say(peer, REQUEST("\"h\"", "hold", "[0]"));
    fixture_await(fixture, "pools.0.running", 1);
    reload(fixture, TWO);
    daemon_configure(&fixture->daemon, POOL_OF("never", "run", "wait-ready = yes\n"));
    hang_up(fixture);
    await_outcome(fixture, "under way");
    fixture_forget(fixture);
    assert_int_equal(kill(fixture->daemon.pid, SIGTERM), 0);
    await_log(fixture, "SIGTERM: stopping; 1 jobs run");
    jobs_release(fixture);
    expect_result(peer_line(peer), "\"h\"", "\"one\"");
    peer_expect_end(peer);
    assert_int_equal(daemon_wait(&fixture->daemon), 0);
    daemon_expect_none_left(0);
}

HARNESS_MAIN(SCENARIO_MANUAL(test_under_load), SCENARIO_MANUAL(test_two_in_a_row),
             SCENARIO_MANUAL(test_a_flood_of_signals), SCENARIO_MANUAL(test_methods),
             SCENARIO_MANUAL(test_pools_come_and_go),
             SCENARIO_MANUAL(test_a_pool_that_cannot_start),
             SCENARIO_MANUAL(test_keys_of_the_server),
             SCENARIO_MANUAL(test_a_job_that_nobody_runs_any_more),
             SCENARIO_MANUAL(test_a_wrong_file), SCENARIO_MANUAL(test_while_it_stops),
             SCENARIO_MANUAL(test_stopped_in_the_middle))
