// Asks a daemon one thing after the other: send a request, wait for its answer. For the commands
// that have nothing else to do meanwhile.
#ifndef OFFLOAD_CLIENT_ASK_H
#define OFFLOAD_CLIENT_ASK_H

#include "common/message.h"

#include <stdbool.h>

struct ask;
struct options;

// A control method answers at once; a daemon that does not within this time is stuck.
#define ASK_CONTROL_TIMEOUT_MS 10000

// An answer: the spans point into the line that is kept here.
struct ask_reply {
    char *line;
    size_t length;
    bool failed;
    struct span value; // the result, or the error object
};

// Each returns 0, or the exit status after saying what is wrong.
int ask_open(const struct options *options, struct ask **ret);
void ask_close(struct ask *ask);

// From now on progress is told: the raw JSON value, borrowed for the call.
void ask_on_progress(struct ask *ask, void (*progress)(struct span value));

// Where the daemon is, as a user would type it.
const char *ask_address(const struct ask *ask);

// `method` is the inside of a JSON string; `params` may be absent. *ret is released by
// ask_reply_done.
int ask_request(struct ask *ask, struct span method, struct span params, int timeout_ms,
                struct ask_reply *ret);
void ask_reply_done(struct ask_reply *reply);

// A notification; nothing may be asked after it. Returns once the daemon has surely taken it: it
// has read to the end and closed.
int ask_notify(struct ask *ask, struct span method, struct span params);

// Asks a control method and passes on an error as the exit status.
int ask_control(struct ask *ask, const char *method, struct ask_reply *ret);

#endif
