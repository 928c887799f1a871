// Connects to a daemon without ever waiting for it: a step now and then, until there is a
// connection. For those who have a person to attend to meanwhile; offload_connect waits.
#ifndef OFFLOAD_CLIENT_DIAL_H
#define OFFLOAD_CLIENT_DIAL_H

#include <stdint.h>

struct dial {
    int fd; // of the attempt that is under way; -1: none
    int64_t until_us;
    unsigned index; // of those that the address means
};

void dial_init(struct dial *dial);
void dial_done(struct dial *dial);

// Goes on, or begins anew. Returns a connected socket, non-blocking and the caller's, or a negative
// errno value: -EINPROGRESS while nothing is known, else what was wrong with this attempt.
int dial_step(struct dial *dial, const char *address);

#endif
