// The method `sleep`: jobs that only wait, on the daemon's own loop. Each costs one timer, no
// thread and no process.
#ifndef OFFLOAD_DISPATCHER_SLEEPER_H
#define OFFLOAD_DISPATCHER_SLEEPER_H

#include "model/job.h"

#include <stddef.h>

#define SLEEPER_METHOD      "sleep"
#define SLEEPER_MAX_SECONDS 31536000 // a year
#define SLEEPER_EXPECTED    "a number of seconds from 0 to 31536000"

struct event_base;
struct sleeper;

// As in pool.h; `finished` may come from inside sleeper_submit.
struct sleeper_callbacks {
    void (*finished)(void *context, struct job *job, const struct outcome *outcome);
};

// NULL when out of memory.
struct sleeper *
sleeper_new(struct event_base *base, const struct sleeper_callbacks *callbacks, void *context);
void sleeper_free(struct sleeper *sleeper); // when no job is left

void sleeper_submit(struct sleeper *sleeper, struct job *job);
void sleeper_cancel(struct sleeper *sleeper, struct job *job);

// Some job; NULL if there is none.
struct job *sleeper_any(struct sleeper *sleeper);
size_t sleeper_running(const struct sleeper *sleeper);

#endif
