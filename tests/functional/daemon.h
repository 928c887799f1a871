// One offloadd of its own: started in a folder of the test, with its own process group, and stopped
// again. It dies with the test whatever happens.
#ifndef OFFLOAD_TESTS_DAEMON_H
#define OFFLOAD_TESTS_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

struct daemon {
    pid_t pid; // 0: not running
    char folder[64];
    char log[96];       // its stderr; appended to by each start
    char ready[96];     // its --ready-file
    char config[96];    // its --config
    char unix_path[96]; // of the default socket
    char unix_address[112];
    int passed[4]; // listening sockets that it gets as descriptors 3 and up, as by systemd
    size_t passed_count;
    const char *passed_names; // LISTEN_FDNAMES; may be NULL
    bool passed_to_another;   // LISTEN_PID is not the daemon's
    const char *cgroup;       // the directory of the one that it starts in; NULL: that of the test
    unsigned open_files;      // hard limit of its descriptors; 0: that of the test
    char tcp_address[112];    // of the default listener, known once it is ready; else ""
};

// Makes the folder and an empty configuration file.
void daemon_init(struct daemon *daemon);
// Removes the folder.
void daemon_done(struct daemon *daemon);

// Writes the configuration file; "%F" becomes the folder.
void daemon_configure(struct daemon *daemon, const char *text);

// Starts it with --config and --ready-file, with a TCP and a Unix listener unless `arguments` (NULL
// or NULL-terminated, "%F" becomes the folder) have a --listen, and waits until it is ready.
// `environment` (NULL or NULL-terminated) is added to that of the test.
void
daemon_start(struct daemon *daemon, const char *const arguments[], const char *const environment[]);
// The same without waiting.
void
daemon_spawn(struct daemon *daemon, const char *const arguments[], const char *const environment[]);
void daemon_await_ready(struct daemon *daemon);

// Waits for its end; returns the wait status.
int daemon_wait(struct daemon *daemon);
// SIGTERM; it must exit 0, and leave no process behind.
void daemon_stop(struct daemon *daemon);
// Kills it with all its processes, without any check.
void daemon_kill(struct daemon *daemon);

// Fails the test if processes that descend from it are left, now that it is gone. `patience` in
// seconds: how long they may take to go.
void daemon_expect_none_left(double patience);

// The text of a file in the folder or elsewhere (caller frees); NULL if it cannot be read.
char *read_text(const char *path);
void write_text(const char *path, const char *text);

#endif
