// The journal's own protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): one datagram of fields for each
// line of the log, so that one can ask for the lines of a pool, a worker, a session or a job. For
// log.c alone.
#ifndef OFFLOAD_COMMON_JOURNAL_H
#define OFFLOAD_COMMON_JOURNAL_H

#include "common/span.h"

#include <stdbool.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

// Sends a line: MESSAGE, PRIORITY (of syslog(3)), SYSLOG_IDENTIFIER, and a field for each pair of
// words of the subject that means one ("worker cpu/3 pid 4711": POOL=cpu, WORKER=cpu/3,
// WORKER_PID=4711). The subject is the program's own and plain; the message may be anything. Never
// waits. False if it could not be sent.
bool journal_send(const char *socket_path, int priority, const char *subject, struct span message);

#endif
