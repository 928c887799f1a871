// Methods: what the daemon answers itself; rpc.discover against the rules of OpenRPC, server.status
// against what really runs.
#include "common/errors.h"
#include "common/log.h"
#include "daemon/methods.h"
#include "tests/unit/dispatcher/fixture.h"

#include <jansson.h>
#include <signal.h>

struct view {
    struct house house;
    struct address address;
    struct methods_view view;
    struct callers callers;
    struct histogram lag;
    struct discovery discovery;
    char *builtin_methods[3];
    struct pool_config pools[2];
};

// A second pool that says it is the built-in one: its methods are described in full.
static void
view_open(struct view *view)
{
    struct house *house = &view->house;

    house_prepare(house, 2);
    view->lag = (struct histogram){0};
    view->discovery = (struct discovery){0};
    view->builtin_methods[0] = (char *)"echo";
    view->builtin_methods[1] = (char *)"sum_squares";
    view->builtin_methods[2] = NULL;
    view->pools[0] = (struct pool_config){.name = (char *)"cpu",
                                          .kind = POOL_PROGRAM,
                                          .argv = house->argv,
                                          .methods = view->builtin_methods,
                                          .processes = 1,
                                          .processes_min = 1,
                                          .threads = 1};
    view->pools[1] = house->pool;
    house->config.pools = view->pools;
    house->config.pool_count = 2;
    house_start(house);
    view->pools[0].kind = POOL_BUILTIN;
    callers_init(&view->callers);
    view->address = (struct address){.kind = ADDRESS_TCP, .host = "127.0.0.1", .port = 7707};
    view->view = (struct methods_view){.config = &house->config,
                                       .statistics = &house->statistics,
                                       .lag = &view->lag,
                                       .dispatcher = house->dispatcher,
                                       .discovery = &view->discovery,
                                       .listen = &view->address,
                                       .callers = &view->callers,
                                       .listen_count = 1,
                                       .sessions_open = 3};
}

static void
view_close(struct view *view)
{
    discovery_done(&view->discovery);
    house_close(&view->house);
}

static json_t *
call(struct view *view, const char *method)
{
    struct session_reply reply = {.failed = true};
    json_t *answer;

    assert_true(methods_call(&view->view, span_of(method), (struct span){0}, &reply));
    assert_false(reply.failed);
    assert_int_equal(strlen(reply.text), reply.length);
    answer = json_loads(reply.text, JSON_DECODE_ANY, NULL);
    assert_non_null(answer);
    assert_null(strchr(reply.text, '\n'));
    free(reply.text);
    return answer;
}

static const char *
text_of(json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);

    if (!json_is_string(value))
        fail_msg("%s is no string", name);
    return json_string_value(value);
}

static long long
number_of(json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);

    if (!json_is_integer(value))
        fail_msg("%s is no integer", name);
    return json_integer_value(value);
}

static void
test_ping(void **state)
{
    struct view view;
    json_t *answer;

    (void)state;
    view_open(&view);
    answer = call(&view, "server.ping");
    assert_string_equal(json_string_value(answer), "pong");
    json_decref(answer);
    view_close(&view);
}

static void
test_unknown(void **state)
{
    static const char *const names[] = {
        "", "ping", "server", "server.pin", "server.pings", "rpc.", "Server.ping", "echo", "sleep"};
    struct session_reply reply = {.length = 77};
    struct view view;

    (void)state;
    view_open(&view);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_false(methods_call(&view.view, span_of(names[i]), (struct span){0}, &reply));
    assert_null(reply.text);
    assert_int_equal(reply.length, 77);
    view_close(&view);
}

static void
note_drain(void *context)
{
    ++*(int *)context;
}

// Only a trusted caller may; and the wish is noted, not fulfilled from inside a session.
static void
test_drain(void **state)
{
    struct session_reply reply = {0};
    struct view view;
    json_t *answer;
    int wishes = 0;

    (void)state;
    view_open(&view);
    view.view.drain = note_drain;
    view.view.drain_context = &wishes;
    assert_true(methods_call(&view.view, SPAN("server.drain"), (struct span){0}, &reply));
    assert_true(reply.failed);
    assert_non_null(strstr(reply.text, "\"code\":-32002"));
    free(reply.text);
    assert_int_equal(wishes, 0);
    view.view.trusted = true;
    answer = call(&view, "server.drain");
    assert_string_equal(json_string_value(json_object_get(answer, "state")), "draining");
    json_decref(answer);
    assert_int_equal(wishes, 1);
    view_close(&view);
}

static void
check_params(struct view *view, const char *params, bool accepted)
{
    struct session_reply reply = {0};

    assert_true(methods_call(&view->view, SPAN("server.ping"), span_of(params), &reply));
    assert_int_equal(reply.failed, !accepted);
    if (!accepted)
        assert_non_null(strstr(reply.text, "\"code\":-32602"));
    free(reply.text);
}

static void
test_params(void **state)
{
    struct view view;

    (void)state;
    view_open(&view);
    check_params(&view, NULL, true);
    check_params(&view, "[]", true);
    check_params(&view, " { } ", true);
    check_params(&view, "[1]", false);
    check_params(&view, "{\"x\":1}", false);
    view_close(&view);
}

// ---- rpc.discover
// --------------------------------------------------------------------------------

// A schema: an object whose known members have the right types.
static void
check_schema(json_t *schema)
{
    json_t *type = json_object_get(schema, "type");
    json_t *one;
    size_t i;

    assert_true(json_is_object(schema));
    if (json_is_array(type)) // any of several
        json_array_foreach (type, i, one)
            assert_true(json_is_string(one));
    else if (type != NULL)
        text_of(schema, "type");
    if (json_object_get(schema, "minimum") != NULL)
        assert_true(json_is_number(json_object_get(schema, "minimum")));
}

static void
check_method(json_t *method)
{
    json_t *params = json_object_get(method, "params");
    json_t *result = json_object_get(method, "result");
    json_t *param;
    size_t i;

    assert_true(*text_of(method, "name") != '\0');
    assert_true(*text_of(method, "summary") != '\0');
    // job.run and its like take no params by position.
    assert_string_equal(text_of(method, "paramStructure"),
                        strncmp(text_of(method, "name"), "job.", 4) == 0 ? "by-name" : "either");
    assert_true(json_is_array(params));
    json_array_foreach (params, i, param) {
        text_of(param, "name");
        check_schema(json_object_get(param, "schema"));
    }
    text_of(result, "name");
    check_schema(json_object_get(result, "schema"));
}

static json_t *
find_method(json_t *document, const char *name)
{
    json_t *found = NULL;
    json_t *method;
    size_t i;

    json_array_foreach (json_object_get(document, "methods"), i, method) {
        if (strcmp(text_of(method, "name"), name) != 0)
            continue;
        assert_null(found); // names are unique
        found = method;
    }
    return found;
}

static void
test_discover(void **state)
{
    static const char *const names[] = {
        "echo",  "sum_squares",  "answer",       "hang",        "test.echo",
        "sleep", "rpc.discover", "server.drain", "server.ping", "server.status"};
    struct view view;
    json_t *document;
    json_t *method;
    size_t i;

    (void)state;
    view_open(&view);
    document = call(&view, "rpc.discover");
    assert_string_equal(text_of(document, "openrpc"), "1.2.6");
    text_of(json_object_get(document, "info"), "title");
    text_of(json_object_get(document, "info"), "version");
    json_array_foreach (json_object_get(document, "methods"), i, method) {
        check_method(method);
        assert_ptr_equal(find_method(document, text_of(method, "name")), method);
    }
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (find_method(document, names[i]) == NULL)
            fail_msg("%s is missing", names[i]);
    assert_null(find_method(document, "cpu.echo")); // the same as echo
    json_decref(document);
    view_close(&view);
}

// The built-in ones say what they take; the same name served by a program does not.
static void
test_discover_knows_the_builtin(void **state)
{
    struct view view;
    json_t *document;
    json_t *param;

    (void)state;
    view_open(&view);
    document = call(&view, "rpc.discover");
    param = json_array_get(json_object_get(find_method(document, "sum_squares"), "params"), 0);
    assert_string_equal(text_of(param, "name"), "n");
    assert_int_equal(number_of(json_object_get(param, "schema"), "maximum"), 1LL << 42);
    param = json_array_get(json_object_get(find_method(document, "sleep"), "params"), 0);
    assert_string_equal(text_of(param, "name"), "delay");
    assert_string_equal(text_of(find_method(document, "test.echo"), "summary"),
                        "Served by pool test");
    json_decref(document);
    view_close(&view);
}

// Made once, and anew for another configuration.
static void
test_discover_is_kept(void **state)
{
    struct view view;
    json_t *document;
    const char *text;

    (void)state;
    view_open(&view);
    json_decref(call(&view, "rpc.discover"));
    text = view.discovery.text;
    assert_non_null(text);
    json_decref(call(&view, "rpc.discover"));
    assert_ptr_equal(view.discovery.text, text);
    view.pools[0].kind = POOL_PROGRAM;
    view.view.reload.generation++;
    document = call(&view, "rpc.discover");
    assert_string_equal(text_of(find_method(document, "echo"), "summary"), "Served by pool cpu");
    assert_int_equal(view.discovery.generation, view.view.reload.generation);
    json_decref(document);
    view_close(&view);
}

static void
test_discover_errors(void **state)
{
    struct view view;
    json_t *document;
    json_t *errors;
    size_t count;
    const struct error_info *table = error_table(&count);

    (void)state;
    view_open(&view);
    document = call(&view, "rpc.discover");
    errors = json_object_get(json_object_get(document, "components"), "errors");
    assert_int_equal(json_object_size(errors), count);
    for (size_t i = 0; i < count; i++) {
        json_t *error = json_object_get(errors, table[i].name);

        assert_int_equal(number_of(error, "code"), table[i].code);
        assert_string_equal(text_of(error, "message"), table[i].text);
    }
    json_decref(document);
    view_close(&view);
}

// ---- server.status
// -------------------------------------------------------------------------------

static void
settled(void *context, const struct outcome *outcome)
{
    (void)outcome;
    ++*(int *)context;
}

static void
test_status(void **state)
{
    static const struct job_sink sink = {.finished = settled};
    const struct identity who = {.kind = IDENTITY_UID, .uid = 77};
    struct weight weight = {.uid = 77, .weight = 7};
    struct caller *caller;
    struct view view;
    json_t *status;
    json_t *entry;
    json_t *pool;
    json_t *worker;
    struct job *sleeping;
    int done = 0;
    json_t *lag;

    (void)state;
    view_open(&view);
    histogram_note(&view.lag, 0, 100);
    histogram_note(&view.lag, clock_us(), 70000);
    sleeping = job_new(SPAN("[1000]"), &sink, &done);
    dispatcher_submit(view.house.dispatcher, SPAN("sleep"), sleeping);
    dispatcher_submit(view.house.dispatcher, SPAN("answer"), job_new(SPAN("[]"), &sink, &done));
    LOOP_UNTIL(&view.house.loop, done == 1);
    view.house.config.weights = &weight;
    view.house.config.weight_count = 1;
    caller = callers_enter(&view.callers, &view.house.config, &who);
    status = call(&view, "server.status");
    assert_int_equal(json_array_size(json_object_get(status, "callers")), 1);
    entry = json_array_get(json_object_get(status, "callers"), 0);
    assert_string_equal(text_of(entry, "caller"), "uid 77");
    assert_int_equal(number_of(entry, "weight"), 7);
    assert_int_equal(number_of(entry, "sessions"), 1);
    assert_string_equal(text_of(status, "version"), OFFLOAD_VERSION);
    assert_int_equal(number_of(status, "pid"), getpid());
    assert_string_equal(text_of(status, "state"), "serving");
    assert_string_equal(json_string_value(json_array_get(json_object_get(status, "listen"), 0)),
                        "tcp:127.0.0.1:7707");
    assert_int_equal(number_of(json_object_get(status, "sessions"), "open"), 3);
    lag = json_object_get(json_object_get(status, "loop_lag"), "since_start");
    assert_int_equal(number_of(lag, "turns"), 2);
    assert_true(json_real_value(json_object_get(lag, "p50_seconds")) == 0.000104);
    assert_true(json_real_value(json_object_get(lag, "p99_seconds")) == 0.07);
    assert_true(json_real_value(json_object_get(lag, "max_seconds")) == 0.07);
    lag = json_object_get(json_object_get(status, "loop_lag"), "last_minute");
    assert_int_equal(number_of(lag, "turns"), 1);
    assert_int_equal(number_of(json_object_get(status, "jobs"), "running"), 1);
    assert_int_equal(number_of(json_object_get(status, "jobs"), "sleeping"), 1);
    assert_int_equal(number_of(json_object_get(status, "jobs"), "succeeded"), 1);
    assert_int_equal(json_array_size(json_object_get(status, "pools")), 2);
    pool = json_array_get(json_object_get(status, "pools"), 1);
    assert_string_equal(text_of(pool, "name"), "test");
    assert_string_equal(text_of(pool, "kind"), "program");
    assert_int_equal(number_of(pool, "threads"), 2);
    assert_int_equal(json_array_size(json_object_get(pool, "waiting")), 0);
    entry = json_object_get(pool, "method_run_seconds");
    assert_true(json_is_real(json_object_get(entry, "answer")));
    assert_true(json_is_null(json_object_get(entry, "echo")));
    worker = json_array_get(json_object_get(pool, "workers"), 0);
    assert_string_equal(text_of(worker, "state"), "ready");
    assert_int_equal(number_of(worker, "jobs_done"), 1);
    assert_int_equal(kill((pid_t)number_of(worker, "pid"), 0), 0);
    json_decref(status);
    view.view.draining = true;
    status = call(&view, "server.status");
    assert_string_equal(text_of(status, "state"), "draining");
    json_decref(status);
    dispatcher_cancel(view.house.dispatcher, sleeping);
    callers_leave(&view.callers, caller);
    view_close(&view);
}

static const struct job_sink mute = {.finished = settled};

static struct job *
submit_as(struct view *view, uint64_t caller, int priority, int *done)
{
    struct job *job = job_new(SPAN("[]"), &mute, done);

    job->caller = caller;
    job->priority = priority;
    dispatcher_submit(view->house.dispatcher, SPAN("silent"), job);
    return job;
}

// What waits, by priority, the highest first.
static void
test_status_of_what_waits(void **state)
{
    static const struct {
        uint64_t caller;
        int priority;
    } waits[] = {{0, 0}, {0, 0}, {1, -10}, {0, 10}, {1, 0}, {2, 0}, {2, 0}, {1, 0}};
    static const int expected[][3] = {{10, 1, 1}, {0, 4, 2}, {-10, 1, 1}};
    struct job *jobs[8];
    struct view view;
    json_t *waiting;
    json_t *status;
    int done = 0;

    (void)state;
    view_open(&view);
    LOOP_UNTIL(&view.house.loop, pool_has_room(dispatcher_pool(view.house.dispatcher, 1)));
    for (size_t i = 0; i < 8; i++) // the first two run
        jobs[i] = submit_as(&view, waits[i].caller, waits[i].priority, &done);
    status = call(&view, "server.status");
    waiting = json_object_get(json_array_get(json_object_get(status, "pools"), 1), "waiting");
    assert_int_equal(json_array_size(waiting), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(number_of(json_array_get(waiting, i), "priority"), expected[i][0]);
        assert_int_equal(number_of(json_array_get(waiting, i), "jobs"), expected[i][1]);
        assert_int_equal(number_of(json_array_get(waiting, i), "callers"), expected[i][2]);
    }
    json_decref(status);
    for (size_t i = 8; i-- > 0;)
        dispatcher_cancel(view.house.dispatcher, jobs[i]);
    assert_int_equal(done, 8);
    view_close(&view);
}

static void
check_reload(struct view *view, const char *outcome)
{
    json_auto_t *status = call(view, "server.status");
    json_t *configuration = json_object_get(status, "configuration");
    json_t *last = json_object_get(configuration, "last_reload");

    assert_int_equal(number_of(configuration, "generation"), 7);
    if (outcome == NULL) {
        assert_true(json_is_null(last));
        return;
    }
    assert_string_equal(text_of(last, "outcome"), outcome);
    assert_true(json_real_value(json_object_get(last, "age_seconds")) >= 1);
    if (view->view.reload.trouble != NULL)
        assert_string_equal(text_of(last, "reason"), "why \"not\"");
    else
        assert_null(json_object_get(last, "reason"));
}

static void
test_status_of_a_reload(void **state)
{
    struct view view;

    (void)state;
    view_open(&view);
    view.view.reload = (struct reload_report){.generation = 7};
    check_reload(&view, NULL);
    view.view.reload.asked = true;
    view.view.reload.asked_us = clock_us() - 1000000;
    check_reload(&view, "done");
    view.view.reload.under_way = true;
    check_reload(&view, "under way");
    view.view.reload.trouble = "why \"not\"";
    check_reload(&view, "refused");
    view_close(&view);
}

// Each pool says whether it is served, to come, or on its way out.
static void
test_status_of_pools_on_the_move(void **state)
{
    static const char *const expected[] = {"serving", "serving", "coming"};
    struct pool_config pools[2];
    struct config config;
    struct view view;
    json_t *status;

    (void)state;
    view_open(&view);
    config = view.house.config;
    config.pools = pools;
    pools[0] = view.pools[0];
    pools[1] = view.pools[1];
    pools[1].wait_ready = true; // the script never says so
    pools[1].start_timeout_us = 0;
    assert_int_equal(dispatcher_reload(view.house.dispatcher, &config), 0);
    for (int round = 0; round < 2; round++) {
        status = call(&view, "server.status");
        assert_int_equal(json_array_size(json_object_get(status, "pools")), 3);
        for (size_t i = 0; i < 3; i++)
            assert_string_equal(
                text_of(json_array_get(json_object_get(status, "pools"), i), "state"),
                round == 1 && i == 2 ? "leaving" : expected[i]);
        json_decref(status);
        LOOP_UNTIL(&view.house.loop, pool_worker(dispatcher_pool(view.house.dispatcher, 2), 0));
        dispatcher_drain(view.house.dispatcher); // nothing is coming any more
    }
    view_close(&view);
}

// A pool whose program is missing says so.
static void
test_status_of_a_broken_pool(void **state)
{
    struct view view;
    struct pool_report report = {0};
    json_t *status;
    json_t *error;

    (void)state;
    view_open(&view);
    unlink(view.house.path);
    LOOP_UNTIL(&view.house.loop, (pool_report(dispatcher_pool(view.house.dispatcher, 1), &report),
                                  span_present(report.start_error)));
    status = call(&view, "server.status");
    error = json_object_get(json_array_get(json_object_get(status, "pools"), 1), "start_error");
    assert_int_equal(number_of(error, "code"), ERROR_JOB_FAILED);
    assert_string_equal(text_of(json_object_get(error, "data"), "cause"), "start");
    json_decref(status);
    view_close(&view);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ping),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_discover),
        cmocka_unit_test(test_discover_knows_the_builtin),
        cmocka_unit_test(test_discover_is_kept),
        cmocka_unit_test(test_discover_errors),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_status_of_what_waits),
        cmocka_unit_test(test_status_of_a_reload),
        cmocka_unit_test(test_status_of_pools_on_the_move),
        cmocka_unit_test(test_status_of_a_broken_pool),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
