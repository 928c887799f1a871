// What the service manager is told, and in which order: over a real dispatcher with one pool.
#include "common/log.h"
#include "daemon/service.h"
#include "daemon/sessions.h"
#include "tests/unit/daemon/manager.h"
#include "tests/unit/dispatcher/fixture.h"

#include <signal.h>

// A stand-in: what the service asks them is only how many there are.
struct sessions {
    size_t count;
};

size_t
sessions_open(const struct sessions *sessions)
{
    return sessions->count;
}

struct fixture {
    struct house house;
    struct manager manager;
    struct notify notify;
    struct sessions sessions;
    struct service *service;
    char heard[16384]; // all messages, each followed by a line "--"
};

static void
fixture_open(struct fixture *fixture, const char *watchdog)
{
    memset(fixture, 0, sizeof(*fixture));
    fixture->sessions.count = 2;
    manager_open(&fixture->manager);
    if (watchdog != NULL)
        setenv("WATCHDOG_USEC", watchdog, 1);
    assert_int_equal(notify_open(&fixture->notify), 0);
    house_prepare(&fixture->house, 1);
}

static void
fixture_start(struct fixture *fixture)
{
    house_start(&fixture->house);
    fixture->service =
        service_new(&(struct service_settings){.base = fixture->house.loop.base,
                                               .notify = &fixture->notify,
                                               .dispatcher = fixture->house.dispatcher,
                                               .sessions = &fixture->sessions});
    assert_non_null(fixture->service);
}

static void
fixture_close(struct fixture *fixture)
{
    service_free(fixture->service);
    house_close(&fixture->house);
    notify_close(&fixture->notify);
    manager_close(&fixture->manager);
}

// True once all of it was said.
static bool
heard(struct fixture *fixture, const char *text)
{
    const char *message;

    while ((message = manager_hears(&fixture->manager)) != NULL) {
        size_t length = strlen(fixture->heard);

        assert_true(length + strlen(message) + 4 < sizeof(fixture->heard));
        snprintf(fixture->heard + length, sizeof(fixture->heard) - length, "%s--\n", message);
    }
    return strstr(fixture->heard, text) != NULL;
}

static void
forget(struct fixture *fixture)
{
    fixture->heard[0] = '\0';
}

static void
test_ready(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, NULL);
    fixture_start(&fixture);
    LOOP_UNTIL(&fixture.house.loop, heard(&fixture, "READY=1\n"));
    assert_true(heard(&fixture, "STATUS=Serving; jobs: 0 running, 0 queued; workers: 1; "
                                "sessions: 2\n"));
    assert_false(heard(&fixture, "WATCHDOG"));
    // What is known already is not said again.
    forget(&fixture);
    fixture.sessions.count = 3;
    LOOP_UNTIL(&fixture.house.loop, heard(&fixture, "sessions: 3\n"));
    assert_false(heard(&fixture, "READY"));
    assert_false(heard(&fixture, "EXTEND"));
    fixture_close(&fixture);
}

// A worker that is not ready yet keeps it back, and asks for patience.
static void
test_starting(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, NULL);
    fixture.house.pool.wait_ready = true; // the script never says worker.ready
    fixture.house.pool.start_timeout_us = 0;
    fixture_start(&fixture);
    LOOP_UNTIL(&fixture.house.loop, heard(&fixture, "STATUS=Starting; workers still to come up: 1 "
                                                    "of 1\n"));
    assert_true(heard(&fixture, "EXTEND_TIMEOUT_USEC="));
    assert_false(heard(&fixture, "READY=1"));
    // A stop meanwhile is the end of a service, not of a start that failed.
    service_stopping(fixture.service);
    assert_true(heard(&fixture, "READY=1\n"));
    assert_true(heard(&fixture, "--\nSTOPPING=1\nEXTEND_TIMEOUT_USEC="));
    fixture_close(&fixture);
}

// A worker that failed is waited for no longer.
static void
test_failed(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, NULL);
    unlink(fixture.house.path);
    fixture_start(&fixture);
    LOOP_UNTIL(&fixture.house.loop, heard(&fixture, "READY=1\n"));
    LOOP_UNTIL(&fixture.house.loop, heard(&fixture, "; pool test cannot start\n"));
    fixture_close(&fixture);
}

static void
test_watchdog(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, "300000");
    fixture_start(&fixture);
    LOOP_UNTIL(&fixture.house.loop, heard(&fixture, "READY=1\nWATCHDOG=1\n"));
    LOOP_UNTIL(&fixture.house.loop, heard(&fixture, "--\nWATCHDOG=1\n--\nWATCHDOG=1\n--\n"));
    fixture_close(&fixture);
}

static void
test_stopping(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, "300000");
    fixture_start(&fixture);
    LOOP_UNTIL(&fixture.house.loop, heard(&fixture, "READY=1\n"));
    forget(&fixture);
    service_stopping(fixture.service);
    assert_true(heard(&fixture, "STOPPING=1\n")); // at once
    assert_true(heard(&fixture, "STATUS=Stopping; jobs: 0 running"));
    forget(&fixture);
    LOOP_UNTIL(&fixture.house.loop, heard(&fixture, "EXTEND_TIMEOUT_USEC=15000000\n"));
    assert_false(heard(&fixture, "STOPPING"));
    assert_false(heard(&fixture, "READY"));
    fixture_close(&fixture);
}

// What a full queue does not take is said when there is room again.
static void
test_said_later(void **state)
{
    struct fixture fixture;
    struct notify filler;

    (void)state;
    fixture_open(&fixture, "300000");
    filler = fixture.notify;
    while (notify_send(&filler, "X=1") == 0)
        ;
    fixture_start(&fixture);
    LOOP_UNTIL(&fixture.house.loop, pool_has_room(dispatcher_pool(fixture.house.dispatcher, 0)));
    for (int i = 0; i < 5; i++) // turns in which READY cannot be said
        loop_turn(&fixture.house.loop);
    fixture.heard[0] = '\0';
    while (manager_hears(&fixture.manager) != NULL)
        ;
    LOOP_UNTIL(&fixture.house.loop, heard(&fixture, "READY=1\n"));
    fixture_close(&fixture);
}

static void
test_reloading(void **state)
{
    struct fixture fixture;
    long long told_us = 0;

    (void)state;
    fixture_open(&fixture, NULL);
    fixture_start(&fixture);
    LOOP_UNTIL(&fixture.house.loop, heard(&fixture, "READY=1\n"));
    forget(&fixture);
    service_reloading(fixture.service);
    assert_true(heard(&fixture, "RELOADING=1\nMONOTONIC_USEC=")); // at once
    assert_int_equal(sscanf(fixture.heard, "RELOADING=1\nMONOTONIC_USEC=%lld\n", &told_us), 1);
    assert_in_range(clock_us() - told_us, 0, LOOP_PATIENCE_US);
    assert_true(heard(&fixture, "EXTEND_TIMEOUT_USEC="));
    assert_true(heard(&fixture, "STATUS=Reloading; workers still to come up: 0 of 1\n"));
    assert_false(heard(&fixture, "READY"));
    forget(&fixture);
    service_reloaded(fixture.service, NULL);
    assert_true(heard(&fixture, "READY=1\nSTATUS=Serving; jobs: "));
    assert_false(heard(&fixture, "refused"));
    fixture_close(&fixture);
}

// The reason stands in the status line until a reload does better. It is of one line.
static void
test_reload_refused(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, NULL);
    fixture_start(&fixture);
    LOOP_UNTIL(&fixture.house.loop, heard(&fixture, "READY=1\n"));
    service_reloading(fixture.service);
    service_reloaded(fixture.service, "a\nREADY=1\x7f.conf:3: unknown key");
    assert_true(heard(&fixture, "sessions: 2; reload refused: a?READY=1?.conf:3: unknown key\n"));
    forget(&fixture);
    fixture.sessions.count = 3;
    LOOP_UNTIL(&fixture.house.loop, heard(&fixture, "sessions: 3; reload refused: a?"));
    service_reloading(fixture.service);
    service_reloaded(fixture.service, NULL);
    assert_true(heard(&fixture, "sessions: 3\n"));
    fixture_close(&fixture);
}

// Whoever is still starting is not reloading, nor is who stops.
static void
test_reloading_at_the_wrong_time(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, NULL);
    fixture_start(&fixture);
    service_reloading(fixture.service);
    service_reloaded(fixture.service, "no");
    assert_false(heard(&fixture, "RELOADING"));
    assert_false(heard(&fixture, "READY"));
    LOOP_UNTIL(&fixture.house.loop, heard(&fixture, "READY=1\n"));
    assert_true(heard(&fixture, "; reload refused: no\n"));
    service_reloading(fixture.service);
    forget(&fixture);
    service_stopping(fixture.service);
    assert_true(heard(&fixture, "READY=1\nSTATUS="));
    assert_true(heard(&fixture, "--\nSTOPPING=1\n"));
    forget(&fixture);
    service_reloading(fixture.service);
    service_reloaded(fixture.service, NULL);
    assert_false(heard(&fixture, "R"));
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ready),
        cmocka_unit_test(test_starting),
        cmocka_unit_test(test_failed),
        cmocka_unit_test(test_watchdog),
        cmocka_unit_test(test_stopping),
        cmocka_unit_test(test_said_later),
        cmocka_unit_test(test_reloading),
        cmocka_unit_test(test_reload_refused),
        cmocka_unit_test(test_reloading_at_the_wrong_time),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
