// One client connection: takes its requests line by line, hands them to the dispatcher, and writes
// each answer when it comes. It keeps the client within its limits and knows nothing of other
// clients.
//
// A session is read only while it has fewer than in-flight-max requests without an answer and less
// than output-max bytes of requests in flight and answers unsent; otherwise its input stays in the
// kernel. It ends when the client has gone, or has shut down its sending side and got all answers,
// or was idle for too long. Of one that does not go on with a line no more is read.
#ifndef OFFLOAD_SESSION_SESSION_H
#define OFFLOAD_SESSION_SESSION_H

#include "common/message.h"
#include "common/span.h"
#include "dispatcher/dispatcher.h"
#include "model/config.h"
#include "model/statistics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct callers;
struct event_base;
struct quiet;
struct session;
struct turn;

// What a method of the daemon itself answers.
struct session_reply {
    bool failed; // `text` is an error object, else a result
    char *text;  // raw JSON, malloc; the session frees it. NULL: out of memory
    size_t length;
};

// The layer above hands this down.
struct session_hooks {
    // Answers a method of the daemon itself; false if it is none.
    bool (*control)(void *context, struct span method, struct span params,
                    struct session_reply *ret_reply);
    // The session has ended; it frees itself after the call.
    void (*closed)(void *context, struct session *session);
};

// What all sessions share; outlives them.
struct session_settings {
    struct event_base *base;
    struct turn *turn;
    const struct config *config;
    struct statistics *statistics;
    struct dispatcher *dispatcher;
    struct messages *messages; // scratch for parsing
    struct callers *callers;
    struct quiet *idle;       // watches those with nothing in flight: idle-timeout; or NULL
    struct quiet *unfinished; // those in the middle of a line: line-timeout; or NULL
};

// Takes the descriptor. NULL when out of memory; the fd is then still the caller's.
struct session *session_new(const struct session_settings *settings, int fd, uint64_t number,
                            const struct session_hooks *hooks, void *context);

// Reads no more, and ends as soon as what was answered is sent.
void session_finish(struct session *session);

// Ends at once (`closed` is called); its jobs are stopped.
void session_drop(struct session *session, const char *reason);

// The link in the owner's list of sessions.
TAILQ_HEAD(session_list, session);
void session_list_insert(struct session_list *list, struct session *session);
struct session *session_list_next(const struct session *session);
void session_list_remove(struct session_list *list, struct session *session);

#endif
