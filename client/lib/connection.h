// One connection to a daemon: lines out, messages in. Knows JSON-RPC's envelope and libevent, not
// what the calls are for.
//
// All callbacks come from within the event loop and may send, and stop the connection; none may
// free it but `left`. After `closed` no other comes but `left`.
#ifndef OFFLOAD_LIB_CONNECTION_H
#define OFFLOAD_LIB_CONNECTION_H

#include "common/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct connection;
struct event_base;

struct connection_handlers {
    // A response line: `messages` holds one, or those of a batch; each is a result or an error. The
    // byte after each value belongs to the line and may be overwritten.
    void (*response)(void *context, const struct messages *messages);
    // A notification line, such as $/progress.
    void (*notification)(void *context, const struct message *message);
    // All that was readable has been delivered, or all that was to be sent has been sent.
    void (*turn)(void *context);
    // The end. error 0: the daemon closed in an orderly way; else a negative errno value, and `why`
    // is a part of a sentence.
    void (*closed)(void *context, int error, const char *why);
    // The last thing of any event: now the connection may be freed.
    void (*left)(void *context);
};

// Takes the connected, non-blocking descriptor over. NULL when out of memory (fd then stays the
// caller's).
struct connection *connection_new(struct event_base *base, int fd,
                                  const struct connection_handlers *handlers, void *context);
void connection_free(struct connection *connection);

// No callback comes any more but `left`, if an event is under way.
void connection_stop(struct connection *connection);
// True while an event is: from before the first callback until `left`.
bool connection_is_busy(const struct connection *connection);

// The longest line that is taken.
void connection_set_line_max(struct connection *connection, size_t bytes);

// Queues a line; its newline is added. All or nothing: false when out of memory.
bool connection_send(struct connection *connection, const struct iovec *pieces, int count);

// Bytes that wait to be sent.
size_t connection_pending(const struct connection *connection);

// No more will be sent: shuts the write side once everything is out. The daemon still answers.
void connection_finish(struct connection *connection);

#endif
