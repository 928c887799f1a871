// What a configuration names and this machine does not have: programs, plug-ins, directories,
// users. They may come later, so that none is an error of the configuration; --check tells of them.
// But a pool of a user who does not exist cannot be made: who serves must know that before.
#ifndef OFFLOAD_DAEMON_MISSING_H
#define OFFLOAD_DAEMON_MISSING_H

#include "model/config.h"

#include <stdbool.h>
#include <stdio.h>

// A line for each: "offloadd: warning: [pool p] program: /opt/p/worker: No such file or directory".
// Returns how many there are.
unsigned missing_report(const struct config *config, FILE *out);

// True if a pool has a user or a group that does not exist; *ret_error then says which:
// "[pool p] user: nobody-at-all: there is no such user".
bool missing_identity(const struct config *config, struct config_error *ret_error);

#endif
