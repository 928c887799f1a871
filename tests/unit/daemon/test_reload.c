// Reading again: what is taken over, what stays and is warned of, what is refused. Over a real
// dispatcher, with files and a real SIGHUP.
#include "common/log.h"
#include "daemon/reload.h"
#include "tests/unit/capture.h"
#include "tests/unit/dispatcher/fixture.h"

#include <signal.h>

#define POOL "[pool p]\nprogram = /bin/cat\nmethods = a\nprocesses = 1\n"

struct fixture {
    struct house house;
    char path[128];
    struct config_source source;
    const struct config *first;
    struct reload *reload;
    const struct config *applied;
    int times;
};

static void
applied_cb(void *context, const struct config *config)
{
    struct fixture *fixture = context;

    fixture->applied = config;
    fixture->times++;
}

static void
reloaded_cb(void *context)
{
    struct house *house = context;

    house->reloaded++;
    reload_applied(((struct fixture *)house)->reload); // the house stands first
}

static void
write_config(struct fixture *fixture, const char *text)
{
    temporary_write(&fixture->house.temporary, "conf", text, 0644);
}

static void
fixture_open(struct fixture *fixture, const char *text)
{
    static const struct dispatcher_callbacks callbacks = {
        .idle = house_idle_cb, .reloaded = reloaded_cb, .stopped = house_stopped_cb};
    struct house *house = &fixture->house;
    struct config_error error;
    struct dispatcher_settings settings;
    struct reload_settings reload;

    memset(fixture, 0, sizeof(*fixture));
    house_prepare(house, 1);
    write_config(fixture, text);
    strcpy(fixture->path, temporary_path(&house->temporary, "conf"));
    fixture->source.path = fixture->path;
    fixture->first = config_load(&fixture->source, &error);
    assert_non_null(fixture->first);
    settings = (struct dispatcher_settings){.base = house->loop.base,
                                            .turn = house->loop.turn,
                                            .config = fixture->first,
                                            .statistics = &house->statistics};
    house->dispatcher = dispatcher_new(&settings, &callbacks, house);
    assert_non_null(house->dispatcher);
    reload = (struct reload_settings){.base = house->loop.base,
                                      .turn = house->loop.turn,
                                      .source = &fixture->source,
                                      .first = fixture->first,
                                      .dispatcher = house->dispatcher,
                                      .applied = applied_cb,
                                      .context = fixture};
    fixture->reload = reload_new(&reload);
    assert_non_null(fixture->reload);
}

static void
fixture_close(struct fixture *fixture)
{
    LOOP_UNTIL(&fixture->house.loop,
               dispatcher_pool(fixture->house.dispatcher,
                               dispatcher_config(fixture->house.dispatcher)->pool_count) == NULL);
    reload_free(fixture->reload);
    house_close(&fixture->house);
    config_free(fixture->first);
}

static struct reload_report
report_of(const struct fixture *fixture)
{
    struct reload_report report;

    reload_report(fixture->reload, &report);
    return report;
}

// What was said by the time it is over; the caller frees it.
static char *
reload_to(struct fixture *fixture, const char *text)
{
    int64_t before_us = report_of(fixture).asked_us;
    struct capture capture;

    write_config(fixture, text);
    capture_begin(&capture);
    assert_int_equal(raise(SIGHUP), 0);
    LOOP_UNTIL(&fixture->house.loop, report_of(fixture).asked_us != before_us);
    LOOP_UNTIL(&fixture->house.loop, !report_of(fixture).under_way);
    return capture_end(&capture);
}

static void
test_taken_over(void **state)
{
    struct fixture fixture;
    char *said;

    (void)state;
    fixture_open(&fixture, "[server]\nqueue-max = 5\n" POOL);
    assert_int_equal(report_of(&fixture).generation, 1);
    assert_false(report_of(&fixture).asked);
    for (int i = 0; i < 3; i++) {
        said = reload_to(&fixture, i % 2 == 0 ? "[server]\nqueue-max = 6\n" POOL "nice = 1\n"
                                              : "[server]\nqueue-max = 7\n" POOL);
        assert_null(strstr(said, "warning"));
        assert_null(strstr(said, "error"));
        free(said);
        assert_int_equal(fixture.times, i + 1);
        assert_int_equal(report_of(&fixture).generation, i + 2);
        assert_null(report_of(&fixture).trouble);
        assert_ptr_equal(fixture.applied, dispatcher_config(fixture.house.dispatcher));
        assert_int_equal(fixture.applied->limits.queue_max, i % 2 == 0 ? 6 : 7);
    }
    fixture_close(&fixture);
}

static void
test_takes_a_restart(void **state)
{
    static const struct {
        const char *text;
        const char *key;
    } changes[] = {
        {"listen = unix:/tmp/a\n", "listen"},
        {"listen = unix:/tmp/b unix:/tmp/a\n", "listen"},
        {"listen = unix:/tmp/a unix:/tmp/b\nsocket-mode = 0666\n", "socket-mode"},
        {"listen = unix:/tmp/a unix:/tmp/b\nline-max = 2M\n", "line-max"},
        {"listen = unix:/tmp/a unix:/tmp/b\ndepth-max = 7\n", "depth-max"},
        {"listen = unix:/tmp/a unix:/tmp/b\nidle-timeout = 7s\n", "idle-timeout"},
        {"listen = unix:/tmp/a unix:/tmp/b\nline-timeout = 7s\n", "line-timeout"},
    };
    struct fixture fixture;
    char line[128];
    char *said;

    (void)state;
    fixture_open(&fixture, "[server]\nlisten = unix:/tmp/a unix:/tmp/b\n" POOL);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        char text[256];

        snprintf(text, sizeof(text), "[server]\n%s" POOL, changes[i].text);
        said = reload_to(&fixture, text);
        snprintf(line, sizeof(line), "%s has changed: that takes a restart\n", changes[i].key);
        assert_non_null(strstr(said, line));
        assert_int_equal(count_of(said, "has changed"), 1);
        free(said);
        assert_int_equal(fixture.applied->socket_mode, fixture.first->socket_mode);
        assert_int_equal(fixture.applied->limits.line_max, fixture.first->limits.line_max);
        assert_int_equal(fixture.applied->limits.depth_max, fixture.first->limits.depth_max);
    }
    // It is not one pool more each time.
    assert_int_equal(fixture.times, 7);
    assert_null(dispatcher_pool(fixture.house.dispatcher, 1));
    said = reload_to(&fixture, "[server]\nlisten = unix:/tmp/a unix:/tmp/b\n" POOL);
    assert_int_equal(count_of(said, "has changed"), 0);
    free(said);
    fixture_close(&fixture);
}

static void
test_refused(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } wrong[] = {
        {POOL "nicee = 1\n", "conf:5: unknown key 'nicee' in [pool p] (did you mean 'nice'?)"},
        {"[server]\nlisten = tcp:0.0.0.0:1\n" POOL, "conf:2: listen: tcp:0.0.0.0:1 is not loop"},
        {POOL "user = nobody-of-that-name\n",
         "[pool p] user: nobody-of-that-name: there is no such user"},
        {POOL "group = nobody-of-that-name\n",
         "[pool p] group: nobody-of-that-name: there is no such group"},
    };
    struct fixture fixture;
    char *said;

    (void)state;
    fixture_open(&fixture, POOL);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        said = reload_to(&fixture, wrong[i].text);
        assert_non_null(strstr(said, "error server: the configuration stays as it was: "));
        assert_non_null(strstr(said, wrong[i].why));
        free(said);
        assert_non_null(strstr(report_of(&fixture).trouble, wrong[i].why));
        assert_int_equal(report_of(&fixture).generation, 1);
    }
    assert_int_equal(fixture.times, 0);
    assert_ptr_equal(dispatcher_config(fixture.house.dispatcher), fixture.first);
    free(reload_to(&fixture, POOL "nice = 1\n"));
    assert_null(report_of(&fixture).trouble);
    assert_int_equal(report_of(&fixture).generation, 2);
    fixture_close(&fixture);
}

// What was right and is on its way still comes, though the next one was wrong.
static void
test_refused_on_the_way(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, POOL);
    write_config(&fixture, POOL "wait-ready = yes\ntimeout-start = 1s\n");
    assert_int_equal(raise(SIGHUP), 0);
    LOOP_UNTIL(&fixture.house.loop, report_of(&fixture).under_way);
    free(reload_to(&fixture, "nonsense"));
    assert_int_equal(report_of(&fixture).generation, 2); // reload_to has waited for it
    assert_int_equal(fixture.times, 1);
    assert_non_null(strstr(report_of(&fixture).trouble, "conf:1: "));
    fixture_close(&fixture);
}

static void
test_ended(void **state)
{
    struct fixture fixture;
    struct capture capture;
    char *said;

    (void)state;
    fixture_open(&fixture, POOL);
    write_config(&fixture, POOL "nice = 1\n");
    capture_begin(&capture);
    assert_int_equal(raise(SIGHUP), 0);
    reload_end(fixture.reload);
    loop_settle(&fixture.house.loop);
    assert_int_equal(raise(SIGHUP), 0);
    loop_settle(&fixture.house.loop);
    said = capture_end(&capture);
    assert_non_null(strstr(said, "no configuration is read any more"));
    assert_null(strstr(said, "reading"));
    free(said);
    assert_false(report_of(&fixture).asked);
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken_over),
        cmocka_unit_test(test_takes_a_restart),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_ended),
        cmocka_unit_test(test_refused_on_the_way),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_NOTICE);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
