// The process of a job of `offload run`, from the daemon's exec to that of the user's command. The
// daemon gives commands a clean environment and a pipe of bounded size; the user wants his own
// environment and all of the output. So the daemon starts this very program, which is told on its
// stdin what to become: {"seq":N,"client":PID,"files":[OUT,ERR],"argv":[...]}. The files are
// descriptors of the client. Knows nothing else of the client.
#ifndef OFFLOAD_CLIENT_RUN_CHILD_H
#define OFFLOAD_CLIENT_RUN_CHILD_H

#include <stdbool.h>

// What argv[1] is then.
#define RUN_CHILD_WORD "run.child"

// Exit statuses of a shell, when there is no command to become.
#define RUN_CHILD_NOT_RUN   126
#define RUN_CHILD_NOT_FOUND 127

bool run_child_is_meant(char *const *argv);

void run_child(void) __attribute__((noreturn));

#endif
