// The params that check-worker sends.
#ifndef OFFLOAD_CLIENT_CHECK_PARAMS_H
#define OFFLOAD_CLIENT_CHECK_PARAMS_H

#include "client/check_plan.h"

#include <stdbool.h>

// The user's params with the member "text" (or one more element), or this text alone. `text` is a
// JSON string with its quotes. malloc, caller frees; NULL when out of memory.
char *check_params(const struct check_plan *plan, struct span text, size_t *ret_length);

// True if the method is the default, `echo`, and the result has a member "text" that is another
// string: something was changed on its way.
bool check_params_differ(const struct check_plan *plan, struct span text, struct span result);

#endif
