// All sessions of the daemon: takes connections in up to sessions-max and turns the others away,
// knows who is at the other end of each, and ends them all. What they ask of the daemon itself is
// passed on.
#ifndef OFFLOAD_DAEMON_SESSIONS_H
#define OFFLOAD_DAEMON_SESSIONS_H

#include "session/session.h"

struct address;
struct sessions;

struct sessions_settings {
    struct event_base *base;
    struct turn *turn;
    const struct config *config;
    struct statistics *statistics;
    struct dispatcher *dispatcher;

    // Answers a method of the daemon itself; false if it is none. `trusted`: the caller is root or
    // the daemon's own user, by the kernel's word.
    bool (*control)(void *context, bool trusted, struct span method, struct span params,
                    struct session_reply *ret_reply);
    // None is left.
    void (*empty)(void *context);
    void *context;
};

// NULL when out of memory. What the settings point to outlives it; the configuration may change.
struct sessions *sessions_new(const struct sessions_settings *settings);
void sessions_free(struct sessions *sessions); // there are none any more

void sessions_configure(struct sessions *sessions, const struct config *config);

// Takes the descriptor of a connection that was accepted, see listener.h.
void sessions_take(struct sessions *sessions, int fd, const struct address *peer);

size_t sessions_open(const struct sessions *sessions);
const struct callers *sessions_callers(const struct sessions *sessions);

// Each ends as soon as what was answered is sent.
void sessions_finish(struct sessions *sessions);

// Each ends at once.
void sessions_drop(struct sessions *sessions, const char *reason);

#endif
