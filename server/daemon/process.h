// What the daemon arranges for its own process before it does anything.
#ifndef OFFLOAD_DAEMON_PROCESS_H
#define OFFLOAD_DAEMON_PROCESS_H

#include "model/config.h"

#include <stdbool.h>
#include <stddef.h>

// Makes sure that descriptors 0, 1 and 2 are open (a pipe must never get one of those numbers),
// that no signal is blocked and SIGPIPE does not kill, that libevent's log goes into ours, and that
// as many descriptors as the kernel permits may be opened. *ret_open_files is the soft limit from
// before, which the workers get back. 0 or a negative errno.
int process_prepare(unsigned long *ret_open_files);

// Finds offload-worker: beside this program, else where it is installed. False if it is in neither
// place; `path` then holds the last one looked at.
bool process_find_worker(char *path, size_t size);

// How many sessions there may be: they may not take the descriptors that workers need. At most what
// the configuration says; that it is less is logged.
unsigned process_sessions_max(const struct config *config);

// Writes `lines` into a file that appears under its name only when complete. 0 or a negative errno.
int process_write_file(const char *path, const char *lines);

#endif
