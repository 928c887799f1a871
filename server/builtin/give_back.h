// Jobs that the worker was sent ahead of time and will not begin with, as the one before them takes
// long: told to the daemon as worker.return, so that another worker may have them. It knows ids and
// nothing else of a job.
#ifndef OFFLOAD_BUILTIN_GIVE_BACK_H
#define OFFLOAD_BUILTIN_GIVE_BACK_H

#include "builtin/output.h"
#include "common/span.h"

#include <stddef.h>

// So long a job may keep others waiting that came after it.
#define GIVE_BACK_AFTER_US 1000

struct give_back {
    struct output *output;
    size_t length;
    char ids[4000]; // raw, with commas between
};

void give_back_init(struct give_back *give_back, struct output *output);

// One more id (raw, as it came).
void give_back_add(struct give_back *give_back, struct span id);

// Tells the daemon of those added since the last time.
void give_back_send(struct give_back *give_back);

#endif
