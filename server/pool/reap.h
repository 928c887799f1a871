// Learns of the end of child processes (SIGCHLD, wait4) and tells whoever watches them. A watched
// process is the leader of a process group: what is left of the group when it ends is killed.
#ifndef OFFLOAD_POOL_REAP_H
#define OFFLOAD_POOL_REAP_H

#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/types.h>

struct event_base;
struct reaper;

// Embedded in the object that owns the process.
struct reap_watch {
    LIST_ENTRY(reap_watch) link;
    pid_t pid;
    // Once, from the loop: the wait status of waitpid(2) and what the process used. The watch has
    // been taken off by then.
    void (*ended)(void *context, int status, const struct rusage *usage);
    void *context;
};

// NULL when out of memory.
struct reaper *reaper_new(struct event_base *base);
void reaper_free(struct reaper *reaper);

void reaper_watch(struct reaper *reaper, struct reap_watch *watch);

// Looks for ended children at once.
void reaper_collect(struct reaper *reaper);

#endif
