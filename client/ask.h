// Asks a daemon one thing after the other: send a request, wait for its answer. For the commands
// that have nothing else to do meanwhile.
#ifndef OFFLOAD_CLIENT_ASK_H
#define OFFLOAD_CLIENT_ASK_H

#include "client/lib/offload.h"

struct ask;
struct options;

// A control method answers at once; a daemon that does not within this time is stuck.
#define ASK_CONTROL_TIMEOUT_MS 10000

// Each returns 0, or the exit status after saying what is wrong.
int ask_open(const struct options *options, struct ask **ret);
void ask_close(struct ask *ask);

// Where the daemon is, as a user would type it.
const char *ask_address(const struct ask *ask);

// *ret, a result or an error, is released by offload_answer_done.
int ask_request(struct ask *ask, const struct offload_call *call, int timeout_ms,
                struct offload_answer *ret);

// A notification; nothing may be asked after it. Returns once the daemon has surely taken it: it
// has read to the end and closed.
int ask_notify(struct ask *ask, const struct offload_call *call);

// Asks a control method and passes on an error as the exit status.
int ask_control(struct ask *ask, const char *method, struct offload_answer *ret);

#endif
