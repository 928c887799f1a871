// The environment of a worker: an allow-list of the daemon's own, and what tells the worker who it
// is. Nothing else gets through: no NOTIFY_SOCKET, LISTEN_*, LD_*, no tokens.
#ifndef OFFLOAD_POOL_ENVIRONMENT_H
#define OFFLOAD_POOL_ENVIRONMENT_H

#include <stdbool.h>

// OFFLOAD_POOL and OFFLOAD_SLOT (from 0) are set; `more` (NULL-terminated NAME=VALUE with {slot},
// or NULL) is added and wins over what is allowed from the daemon's. NULL-terminated;
// environment_free. NULL when out of memory.
char **environment_new(const char *pool, unsigned slot, char *const *more, bool substitute);
void environment_free(char **environment);

#endif
