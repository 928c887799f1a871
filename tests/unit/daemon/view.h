// The methods that the daemon answers itself, with a real dispatcher of two pools behind them.
#ifndef OFFLOAD_TESTS_UNIT_DAEMON_VIEW_H
#define OFFLOAD_TESTS_UNIT_DAEMON_VIEW_H

#include "daemon/methods.h"
#include "tests/unit/dispatcher/fixture.h"

#include <jansson.h>

struct view {
    struct house house;
    struct address address;
    struct methods_view view;
    struct callers callers;
    struct histogram lag;
    struct discovery discovery;
    struct status_text status[2];
    char *builtin_methods[3];
    struct pool_config pools[2];
};

// A second pool that says it is the built-in one: its methods are described in full.
static inline void
view_open(struct view *view)
{
    struct house *house = &view->house;

    house_prepare(house, 2);
    view->lag = (struct histogram){0};
    view->discovery = (struct discovery){0};
    memset(view->status, 0, sizeof(view->status));
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
                                       .status = view->status,
                                       .listen = &view->address,
                                       .callers = &view->callers,
                                       .listen_count = 1,
                                       .sessions_open = 3};
}

static inline void
view_close(struct view *view)
{
    discovery_done(&view->discovery);
    for (int i = 0; i < 2; i++)
        status_text_done(&view->status[i]);
    house_close(&view->house);
}

// Its result; caller decrefs.
static inline json_t *
call_with(struct view *view, const char *method, const char *params)
{
    struct session_reply reply = {.failed = true};
    json_t *answer;

    assert_true(methods_call(&view->view, span_of(method), span_of(params), &reply));
    assert_false(reply.failed);
    assert_int_equal(strlen(reply.text), reply.length);
    answer = json_loads(reply.text, JSON_DECODE_ANY, NULL);
    assert_non_null(answer);
    assert_null(strchr(reply.text, '\n'));
    free(reply.text);
    return answer;
}

static inline json_t *
call(struct view *view, const char *method)
{
    return call_with(view, method, NULL);
}

static inline const char *
text_of(json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);

    if (!json_is_string(value))
        fail_msg("%s is no string", name);
    return json_string_value(value);
}

static inline long long
number_of(json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);

    if (!json_is_integer(value))
        fail_msg("%s is no integer", name);
    return json_integer_value(value);
}

#endif
