// offload top and a real daemon: what it shows is so, and what keys do is done.
#include "harness.h"
#include "screen.h"
#include "stage.h"

#include <signal.h>
#include <stdio.h>

static void
start(struct screen *screen, const char *address)
{
    screen_start(screen, 24, 100, OFFLOAD_PROGRAM,
                 (const char *const[]){"--server", address, "top", "--interval", "0.1", NULL},
                 stage_utf8);
    screen_await(screen, "worker 1/2");
}

static void
quit(struct screen *screen)
{
    int status;

    screen_type(screen, "q");
    screen_wait(screen);
    status = screen->status;
    screen_expect_restored(screen);
    screen_done(screen);
    assert_int_equal(status, 0);
}

// A job that runs until `path` is there.
static struct peer *
hold(struct fixture *fixture, char path[128])
{
    struct peer *peer = open_unix(fixture);
    char request[512];

    snprintf(path, 128, "%s/go", fixture->daemon.folder);
    snprintf(request, sizeof(request), REQUEST("\"held\"", "hold", "[\"%s\"]"), path);
    peer_say(peer, "%s", request);
    return peer;
}

static void
test_what_it_shows(struct fixture *fixture)
{
    struct screen screen;
    struct peer *peer;
    char path[128];
    char pid[16];

    start(&screen, fixture->daemon.unix_address);
    peer = hold(fixture, path);
    snprintf(pid, sizeof(pid), "%d", (int)fixture_worker(fixture, POOL_FAULTY, 0));
    screen_await(&screen, "ready  hold ");
    screen_await(&screen, pid);
    screen_await(&screen, "0 queued, 1 running");
    fclose(fopen(path, "w"));
    check_contains(peer_line(peer), "\"released\"");
    screen_await_none(&screen, "ready  hold ");
    screen_await(&screen, "of 1 jobs/min");
    quit(&screen);
}

static void
test_killing(struct fixture *fixture)
{
    struct screen screen;
    struct peer *peer;
    char path[128];
    char text[64];
    pid_t pid = fixture_worker(fixture, POOL_FAULTY, 0);

    start(&screen, fixture->daemon.unix_address);
    peer = hold(fixture, path);
    screen_await(&screen, "ready  hold ");
    screen_type(&screen, SCREEN_DOWN "k");
    snprintf(text, sizeof(text), "kill worker %d of faulty and end its jobs? y/n", (int)pid);
    screen_await_row(&screen, 23, text);
    screen_type(&screen, "y");
    check_contains(peer_line(peer),
                   "\"code\":-32010,\"message\":\"Job failed\",\"data\":{\"cause\":\"killed\"");
    snprintf(text, sizeof(text), "kill worker %d of pool faulty: done", (int)pid);
    screen_await_row(&screen, 23, text);
    fixture_await_workers(fixture);
    snprintf(text, sizeof(text), "%d", (int)fixture_worker(fixture, POOL_FAULTY, 0));
    screen_await(&screen, text);
    quit(&screen);
}

static void
test_pausing(struct fixture *fixture)
{
    struct screen screen;
    struct peer *peer = open_unix(fixture);

    start(&screen, fixture->daemon.unix_address);
    screen_type(&screen, SCREEN_DOWN "p");
    screen_await(&screen, "faulty  paused ");
    peer_say(peer, REQUEST("1", "faulty.pid", "[]"));
    screen_await(&screen, "1 queued, 0 running");
    screen_type(&screen, "p");
    screen_await(&screen, "faulty  serving ");
    check_contains(peer_line(peer), "\"id\":1,\"result\":");
    quit(&screen);
}

// Whom the daemon does not know may look, and no more.
static void
test_by_tcp(struct fixture *fixture)
{
    struct screen screen;

    start(&screen, fixture->daemon.tcp_address);
    screen_type(&screen, "p");
    screen_await(&screen, "pause pool cpu: Unauthorised (-32002)");
    screen_type(&screen, "ky");
    screen_await(&screen, "of pool cpu: Unauthorised (-32002)");
    screen_await(&screen, "cpu     serving ");
    quit(&screen);
}

static void
test_a_daemon_that_is_started_again(struct fixture *fixture)
{
    struct screen screen;
    char text[64];

    start(&screen, fixture->daemon.unix_address);
    fixture_forget(fixture);
    kill(fixture->daemon.pid, SIGTERM);
    assert_int_equal(daemon_wait(&fixture->daemon), 0);
    screen_await(&screen, "trying again: unix:");
    daemon_start(&fixture->daemon, NULL, NULL);
    snprintf(text, sizeof(text), "pid %d, serving", (int)fixture->daemon.pid);
    screen_await(&screen, text);
    screen_await(&screen, "worker 1/2");
    quit(&screen);
}

HARNESS_MAIN(SCENARIO_CONFIG(test_what_it_shows, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_killing, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_pausing, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_by_tcp, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_a_daemon_that_is_started_again, CONFIG_FAULTY))
