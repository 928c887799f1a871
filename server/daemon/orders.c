// See orders.h.
#include "daemon/orders.h"

static json_t *
refuse(const struct param *param, const char *reason, struct session_reply *ret_reply)
{
    ret_reply->failed = true;
    ret_reply->text = params_error(param, reason, &ret_reply->length);
    return NULL;
}

// The first of that name; NULL, and the order is refused, if there is none.
static const struct pool *
find_pool(const struct methods_view *view, const struct param *params,
          const struct param_value *values, struct session_reply *ret_reply)
{
    const struct pool *pool = dispatcher_pool_named(view->dispatcher, values[ORDER_POOL].string);

    if (pool == NULL)
        refuse(&params[ORDER_POOL], "no such pool", ret_reply);
    return pool;
}

static const char *
name_of(const struct pool *pool)
{
    struct pool_report report;

    pool_report(pool, &report);
    return report.config->name;
}

static json_t *
set_paused(const struct methods_view *view, const struct pool *pool, bool paused)
{
    if (pool == NULL)
        return NULL;
    dispatcher_pause(view->dispatcher, name_of(pool), paused);
    return json_pack("{s:s, s:s}", "pool", name_of(pool), "state", methods_pool_state(view, pool));
}

json_t *
orders_pause(const struct methods_view *view, const struct param *params,
             const struct param_value *values, struct session_reply *ret_reply)
{
    return set_paused(view, find_pool(view, params, values, ret_reply), true);
}

json_t *
orders_resume(const struct methods_view *view, const struct param *params,
              const struct param_value *values, struct session_reply *ret_reply)
{
    return set_paused(view, find_pool(view, params, values, ret_reply), false);
}

json_t *
orders_kill(const struct methods_view *view, const struct param *params,
            const struct param_value *values, struct session_reply *ret_reply)
{
    const struct pool *pool = find_pool(view, params, values, ret_reply);
    unsigned slot = (unsigned)values[ORDER_SLOT].number;
    pid_t pid = (pid_t)values[ORDER_PID].number;

    if (pool == NULL)
        return NULL;
    if (!dispatcher_kill_worker(view->dispatcher, name_of(pool), slot, pid))
        return refuse(&params[ORDER_PID], "no such worker", ret_reply);
    return json_pack("{s:i}", "pid", (int)pid);
}
