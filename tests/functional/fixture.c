// See fixture.h.
#include "fixture.h"

#include "assertions.h"
#include "check.h"
#include "deadline.h"
#include "processes.h"
#include "reports.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

// AddressSanitizer keeps 256 MiB of freed memory by default, which hides how much is really held;
// and no sanitizer may turn a signal that a test sends into an exit status.
void
fixture_prepare(int argc, char *argv[])
{
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    setenv("ASAN_OPTIONS", "quarantine_size_mb=8:malloc_context_size=12:handle_segv=0", 1);
    setenv("TSAN_OPTIONS", "handle_segv=0", 1);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
}

static struct peer *
open_from_to(struct fixture *fixture, const char *from, const char *address)
{
    struct peer *peer = &fixture->peers[fixture->peer_count];

    assert_true(fixture->peer_count < FIXTURE_PEERS_MAX);
    peer_connect_from(peer, address, from);
    fixture->peer_count++;
    return peer;
}

struct peer *
open_at(struct fixture *fixture, const char *address)
{
    return open_from_to(fixture, NULL, address);
}

struct peer *
open_tcp_from(struct fixture *fixture, const char *from)
{
    return open_from_to(fixture, from, fixture->daemon.tcp_address);
}

struct peer *
open_tcp(struct fixture *fixture)
{
    return open_at(fixture, fixture->daemon.tcp_address);
}

struct peer *
open_unix(struct fixture *fixture)
{
    return open_at(fixture, fixture->daemon.unix_address);
}

json_t *
fixture_status(struct fixture *fixture)
{
    json_auto_t *response = NULL;
    json_t *result;

    if (fixture->watch.fd < 0)
        peer_connect(&fixture->watch, fixture->daemon.unix_address);
    response = parse_json(peer_ask(
        &fixture->watch, "{\"jsonrpc\":\"2.0\",\"id\":\"status\",\"method\":\"server.status\"}"));
    result = json_object_get(response, "result");
    assert_true(json_is_object(result));
    return json_incref(result);
}

json_int_t
fixture_number(struct fixture *fixture, const char *path)
{
    json_auto_t *status = fixture_status(fixture);
    json_t *value = json_at(status, path);

    if (!json_is_integer(value))
        fail_msg("the status has no number %s", path);
    return json_integer_value(value);
}

void
fixture_await(struct fixture *fixture, const char *path, json_int_t value)
{
    int64_t deadline = deadline_in(PATIENCE);
    json_int_t seen;

    while ((seen = fixture_number(fixture, path)) != value) {
        if (deadline_passed(deadline))
            fail_msg("%s stays %lld, expected %lld", path, (long long)seen, (long long)value);
        deadline_pause();
    }
}

// True if the pool has as many workers as it should, all past their start.
static bool
pool_is_whole(json_t *pool)
{
    json_t *worker;
    json_int_t live = 0;
    size_t i;

    json_array_foreach (json_object_get(pool, "workers"), i, worker) {
        const char *state = json_string_value(json_object_get(worker, "state"));

        live += state != NULL && strcmp(state, "ready") == 0;
    }
    return live > 0 && live == json_integer_value(json_object_get(pool, "processes"));
}

void
fixture_await_workers(struct fixture *fixture)
{
    int64_t deadline = deadline_in(PATIENCE);
    bool whole = false;

    while (!whole) {
        json_auto_t *status = fixture_status(fixture);
        json_t *pools = json_object_get(status, "pools");
        json_t *pool;
        size_t i;

        whole = json_array_size(pools) > 0;
        json_array_foreach (pools, i, pool)
            whole = whole && pool_is_whole(pool);
        if (!whole && deadline_passed(deadline))
            fail_msg("not all workers are ready");
        if (!whole)
            deadline_pause();
    }
}

pid_t
fixture_worker(struct fixture *fixture, int pool, int slot)
{
    char path[64];

    snprintf(path, sizeof(path), "pools.%d.workers.%d.pid", pool, slot);
    return (pid_t)fixture_number(fixture, path);
}

void
fixture_adopt(struct fixture *fixture)
{
    fixture_await_workers(fixture);
    fixture->descriptors = processes_descriptors(fixture->daemon.pid);
}

void
fixture_forget(struct fixture *fixture)
{
    peer_close(&fixture->watch);
    fixture->descriptors = 0;
}

int
fixture_set_up(void **state)
{
    const struct scenario *scenario = *state;
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    *state = fixture;
    fixture->scenario = scenario;
    fixture->watch.fd = -1;
    daemon_init(&fixture->daemon);
    reports_prepare(fixture->daemon.folder);
    if (scenario->config != NULL)
        daemon_configure(&fixture->daemon, scenario->config);
    return 0;
}

// Waits until the sessions of the test have left no descriptor in the daemon.
static void
expect_no_descriptor_more(struct fixture *fixture)
{
    int64_t deadline = deadline_in(PATIENCE);
    int now;

    fixture_await_workers(fixture);
    while ((now = processes_descriptors(fixture->daemon.pid)) != fixture->descriptors) {
        if (deadline_passed(deadline))
            fail_msg("the daemon had %d descriptors open at first and has now %d",
                     fixture->descriptors, now);
        deadline_pause();
    }
}

static void
expect_clean_end(struct fixture *fixture)
{
    struct daemon *daemon = &fixture->daemon;

    if (daemon->pid > 0 && fixture->descriptors > 0)
        expect_no_descriptor_more(fixture);
    peer_close(&fixture->watch);
    if (daemon->pid > 0)
        daemon_stop(daemon);
    reports_check_log(daemon->log, fixture->killing);
    reports_check_valgrind(daemon->folder, fixture->killing);
}

void
fixture_run(void **state)
{
    struct fixture *fixture = *state;
    const struct scenario *scenario = fixture->scenario;

    // Start and checks stand here and not in set-up and teardown, so that whatever fails, cmocka
    // still runs the teardown, which ends everything.
    if (!scenario->manual) {
        daemon_start(&fixture->daemon, scenario->arguments, scenario->environment);
        fixture_adopt(fixture);
    }
    scenario->run(fixture);
    for (size_t i = 0; i < fixture->peer_count; i++)
        peer_close(&fixture->peers[i]);
    expect_clean_end(fixture);
    fixture->passed = true;
}

static void
print_log(const struct daemon *daemon)
{
    char *text = read_text(daemon->log);
    size_t length = text == NULL ? 0 : strlen(text);

    print_error("the daemon's log%s:\n%s\n", length > 8000 ? " (its end)" : "",
                text == NULL ? "" : text + (length > 8000 ? length - 8000 : 0));
    free(text);
}

int
fixture_tear_down(void **state)
{
    struct fixture *fixture = *state;

    if (!fixture->passed)
        print_log(&fixture->daemon);
    for (size_t i = 0; i < fixture->peer_count; i++)
        peer_close(&fixture->peers[i]);
    peer_close(&fixture->watch);
    daemon_kill(&fixture->daemon);
    daemon_done(&fixture->daemon);
    free(fixture);
    return 0;
}
