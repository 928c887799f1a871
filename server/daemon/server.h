// The daemon as a whole: wires listeners, sessions and the dispatcher to one loop, and stops them
// in order. It decides what a failure means and logs it.
//
//     SERVING --SIGTERM, SIGINT, server.drain--> DRAINING --all jobs settled--> FLUSHING --all
//     gone--> (returns)
//
// SERVING: SIGHUP has the configuration read again, see reload.h. DRAINING: nothing is accepted;
// what runs may finish within drain-timeout, the rest is answered -32005. FLUSHING: answers are
// sent, workers end. A second signal cuts either of them short.
#ifndef OFFLOAD_DAEMON_SERVER_H
#define OFFLOAD_DAEMON_SERVER_H

#include "common/address.h"
#include "daemon/activation.h"
#include "daemon/delegation.h"
#include "daemon/notify.h"
#include "model/config.h"

#include <stddef.h>

struct server;

struct server_settings {
    const struct config *config;         // the first one. Outlives the server
    const struct config_source *source;  // read again on SIGHUP. Outlives the server
    const char *builtin_path;            // of offload-worker
    unsigned long open_files;            // soft RLIMIT_NOFILE of the workers; 0: the daemon's
    struct activation *activation;       // sockets that were passed; or NULL
    const struct delegation *delegation; // of cgroups for the workers; or NULL. Outlives the server
    const struct notify *notify;         // whom to tell how it goes; or NULL. Outlives the server
};

struct server_error {
    char text[256];
};

// Listens on every address and starts the workers. NULL on failure, *ret_error then filled.
struct server *server_new(const struct server_settings *settings, struct server_error *ret_error);

// Serves until it is told to stop.
void server_run(struct server *server);
void server_free(struct server *server);

// What it is really bound to. Valid as long as the server.
const struct address *server_addresses(const struct server *server, size_t *ret_count);

#endif
