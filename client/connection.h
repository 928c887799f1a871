// One connection to a daemon: lines out, responses in. Knows JSON-RPC's envelope and libevent, not
// what the calls are for.
//
// All callbacks come from within the event loop and may send; none may free the connection. After
// `closed` no other follows.
#ifndef OFFLOAD_CLIENT_CONNECTION_H
#define OFFLOAD_CLIENT_CONNECTION_H

#include "common/message.h"
#include "common/span.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct connection;
struct event_base;

struct connection_handlers {
    // A response line: `messages` holds one, or those of a batch; each is a result or an error.
    void (*response)(void *context, const struct messages *messages, struct span line);
    // A notification line, such as $/progress. May be NULL.
    void (*notification)(void *context, const struct message *message);
    // All that was readable has been delivered, or all that was to be sent has been sent: the
    // moment to print and to send more. May be NULL.
    void (*turn)(void *context);
    // The end. status 0: the daemon closed in an orderly way; else an exit status, and `why` is a
    // sentence.
    void (*closed)(void *context, int status, const char *why);
};

// Takes the connected, non-blocking descriptor over. NULL when out of memory (fd then stays the
// caller's).
struct connection *connection_new(struct event_base *base, int fd,
                                  const struct connection_handlers *handlers, void *context);
void connection_free(struct connection *connection);

// Queues a line; its newline is added. False when out of memory.
bool connection_send(struct connection *connection, const struct iovec *pieces, int count);

// Bytes that wait to be sent.
size_t connection_pending(const struct connection *connection);

// No more will be sent: shuts the write side once everything is out. The daemon still answers.
void connection_finish(struct connection *connection);

// The number that an id is; false if it is none of ours (a plain whole number).
bool connection_id(struct span id, uint64_t *ret);

#endif
