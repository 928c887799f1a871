// See reap.h.
#include "pool/reap.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

LIST_HEAD(watch_list, reap_watch);

struct reaper {
    struct event *child;
    struct watch_list watches;
};

static struct reap_watch *
reaper_find(struct reaper *reaper, pid_t pid)
{
    struct reap_watch *watch;

    LIST_FOREACH (watch, &reaper->watches, link)
        if (watch->pid == pid)
            return watch;
    return NULL;
}

// The next child that has ended, still unreaped; 0 if there is none.
static pid_t
next_ended(void)
{
    siginfo_t info = {.si_pid = 0};

    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 ? info.si_pid : 0;
}

void
reaper_collect(struct reaper *reaper)
{
    struct rusage usage;
    int status;
    pid_t pid;

    // Signals merge: one SIGCHLD may stand for many children.
    while ((pid = next_ended()) > 0) {
        struct reap_watch *watch = reaper_find(reaper, pid);

        // While the leader is unreaped its number cannot belong to anybody else.
        if (watch != NULL)
            kill(-pid, SIGKILL);
        if (wait4(pid, &status, 0, &usage) != pid || watch == NULL)
            continue;
        LIST_REMOVE(watch, link);
        watch->ended(watch->context, status, &usage);
    }
}

static void
reaper_child_cb(evutil_socket_t signal, short what, void *context)
{
    (void)signal;
    (void)what;
    reaper_collect(context);
}

struct reaper *
reaper_new(struct event_base *base)
{
    struct reaper *reaper = calloc(1, sizeof(*reaper));

    if (reaper == NULL)
        return NULL;
    LIST_INIT(&reaper->watches);
    reaper->child = evsignal_new(base, SIGCHLD, reaper_child_cb, reaper);
    if (reaper->child == NULL || evsignal_add(reaper->child, NULL) != 0) {
        reaper_free(reaper);
        return NULL;
    }
    return reaper;
}

void
reaper_free(struct reaper *reaper)
{
    if (reaper == NULL)
        return;
    if (reaper->child != NULL)
        event_free(reaper->child);
    free(reaper);
}

void
reaper_watch(struct reaper *reaper, struct reap_watch *watch)
{
    LIST_INSERT_HEAD(&reaper->watches, watch, link);
}
