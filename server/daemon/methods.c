// See methods.h.
#include "daemon/methods.h"

#include "common/errors.h"
#include "daemon/orders.h"

static json_t *
answer_ping(const struct methods_view *view, const struct param_value *values)
{
    (void)view;
    (void)values;
    return json_string("pong");
}

static char *
text_status(const struct methods_view *view, const struct param_value *values, size_t *ret_length)
{
    return methods_status(view, values[0].boolean, ret_length);
}

static char *
text_discover(const struct methods_view *view, const struct param_value *values, size_t *ret_length)
{
    (void)values;
    return methods_discover(view, ret_length);
}

// What will run to its end is told; the rest of the story is that of SIGTERM.
static json_t *
answer_drain(const struct methods_view *view, const struct param_value *values)
{
    struct dispatcher_report report;

    (void)values;
    dispatcher_report(view->dispatcher, &report);
    view->drain(view->drain_context);
    return json_pack("{s:s, s:I, s:I}", "state", "draining", "running", (json_int_t)report.running,
                     "queued", (json_int_t)report.queued);
}

static const struct param status_params[] = {
    {.name = "usage",
     .kind = PARAM_BOOLEAN,
     .expected = "true or false, whether to say what each worker uses"},
};

#define THE_POOL                                                                                 \
    {                                                                                            \
        .name = "pool", .kind = PARAM_STRING, .required = true, .expected = "the name of a pool" \
    }

static const struct param pool_params[] = {[ORDER_POOL] = THE_POOL};

static const struct param worker_params[] = {
    [ORDER_POOL] = THE_POOL,
    [ORDER_SLOT] = {.name = "slot",
                    .kind = PARAM_NUMBER,
                    .required = true,
                    .most = INT32_MAX,
                    .expected = "the slot of a worker of that pool"},
    [ORDER_PID] = {.name = "pid",
                   .kind = PARAM_NUMBER,
                   .required = true,
                   .most = INT32_MAX,
                   .expected = "the pid of the worker that is in that slot now"},
};

static const struct method {
    struct method_info info;
    json_t *(*answer)(const struct methods_view *view, const struct param_value *values);
    // Or one that may be refused:
    json_t *(*order)(const struct methods_view *view, const struct param *params,
                     const struct param_value *values, struct session_reply *ret_reply);
    // Or, as text:
    char *(*text)(const struct methods_view *view, const struct param_value *values,
                  size_t *ret_length);
    bool guarded; // for a trusted caller only
} table[] = {
    {{"pool.pause", "Start no more jobs of a pool; they wait", pool_params, 1},
     .order = orders_pause,
     .guarded = true},
    {{"pool.resume", "Start the jobs of a paused pool again", pool_params, 1},
     .order = orders_resume,
     .guarded = true},
    {{"rpc.discover", "Describe every method as an OpenRPC document", NULL, 0},
     .text = text_discover},
    {{"server.drain", "Stop when the running jobs are done", NULL, 0},
     .answer = answer_drain,
     .guarded = true},
    {{"server.ping", "Answer \"pong\"", NULL, 0}, .answer = answer_ping},
    {{"server.status", "Report everything counted", status_params, 1}, .text = text_status},
    {{"worker.kill", "Kill a worker; its jobs are lost, and it is replaced", worker_params, 3},
     .order = orders_kill,
     .guarded = true},
};
#define TABLE_SIZE (sizeof(table) / sizeof(table[0]))

const struct method_info *
methods_info(size_t index)
{
    return index < TABLE_SIZE ? &table[index].info : NULL;
}

static const struct method *
find(struct span name)
{
    // All of the table have one, and most of what is asked for has none.
    if (memchr(name.at, '.', name.length) == NULL)
        return NULL;
    for (size_t i = 0; i < TABLE_SIZE; i++)
        if (span_is(name, table[i].info.name))
            return &table[i];
    return NULL;
}

bool
methods_has(struct span name)
{
    return find(name) != NULL;
}

static void
refuse(char *error, size_t length, struct session_reply *ret_reply)
{
    *ret_reply = (struct session_reply){.failed = true, .text = error, .length = length};
}

char *
methods_dump(const json_t *answer, size_t *ret_length)
{
    char *text = answer != NULL
                     ? json_dumps(answer, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12))
                     : NULL;

    if (text != NULL)
        *ret_length = strlen(text);
    return text;
}

static void
answer(const struct methods_view *view, const struct method *method,
       const struct param_value *values, struct session_reply *ret_reply)
{
    json_auto_t *value = NULL;

    *ret_reply = (struct session_reply){.failed = false};
    if (method->text != NULL) {
        ret_reply->text = method->text(view, values, &ret_reply->length);
        return;
    }
    value = method->order != NULL ? method->order(view, method->info.params, values, ret_reply)
                                  : method->answer(view, values);
    if (!ret_reply->failed)
        ret_reply->text = methods_dump(value, &ret_reply->length);
}

bool
methods_call(const struct methods_view *view, struct span name, struct span params,
             struct session_reply *ret_reply)
{
    const struct method *method = find(name);
    struct param_value values[PARAMS_MAX];
    size_t length = 0;
    char *error;

    if (method == NULL)
        return false;
    if (!params_read(method->info.params, method->info.param_count, params, values, &error,
                     &length)) {
        refuse(error, length, ret_reply);
    } else if (method->guarded && !view->trusted) {
        error = error_object(
            ERROR_UNAUTHORISED,
            SPAN("{\"reason\":\"only root and the daemon's own user may, on a Unix socket\"}"),
            &length);
        refuse(error, length, ret_reply);
    } else {
        answer(view, method, values, ret_reply);
    }
    return true;
}
