// pool.pause, pool.resume, worker.kill: what whoever looks after the daemon may do to its pools.
// That the caller may is known by now.
#ifndef OFFLOAD_DAEMON_ORDERS_H
#define OFFLOAD_DAEMON_ORDERS_H

#include "daemon/methods.h"

// What the values of each order stand for.
enum {
    ORDER_POOL,
    ORDER_SLOT, // of worker.kill
    ORDER_PID,
};

// Each a new reference. NULL if the order is refused, then *ret_reply has the error, which may show
// a row of `params`; or when out of memory.
json_t *orders_pause(const struct methods_view *view, const struct param *params,
                     const struct param_value *values, struct session_reply *ret_reply);
json_t *orders_resume(const struct methods_view *view, const struct param *params,
                      const struct param_value *values, struct session_reply *ret_reply);
json_t *orders_kill(const struct methods_view *view, const struct param *params,
                    const struct param_value *values, struct session_reply *ret_reply);

#endif
