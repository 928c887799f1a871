// What a configuration names and this machine does not have: programs, plug-ins, directories,
// users. They may come later, so that none is an error of the configuration; --check tells of them.
#ifndef OFFLOAD_DAEMON_MISSING_H
#define OFFLOAD_DAEMON_MISSING_H

#include "model/config.h"

#include <stdio.h>

// A line for each: "offloadd: warning: [pool p] program: /opt/p/worker: No such file or directory".
// Returns how many there are.
unsigned missing_report(const struct config *config, FILE *out);

#endif
