// The object behind offload.h, for the files that make up its functions.
#ifndef OFFLOAD_LIB_OBJECT_H
#define OFFLOAD_LIB_OBJECT_H

#include "client/lib/calls.h"
#include "client/lib/connection.h"
#include "client/lib/offload.h"
#include "common/address.h"

struct offload {
    struct event_base *base;
    bool owns_base;
    struct connection *connection;
    struct offload_events events;
    void *context; // of the events
    struct calls calls;
    uint64_t last_id;
    bool freed;   // by the user, in a callback: destroyed when that is over
    bool waiting; // in wait.c
    bool finished;
    bool closed;
    bool lost;         // calls were without an answer at the end
    int error;         // of the end
    char problem[192]; // of the end
    char address[ADDRESS_TEXT_MAX];
    // An error with id null answers a line of ours, and nobody can tell which.
    size_t unanswered; // lines sent: requests and batches
    size_t refused;    // of them: answered so
    bool heard;        // some line was answered otherwise
    char *refusal;     // the last such error, NUL-terminated
    size_t refusal_length;
};

// Frees it. No event of it may be under way.
void object_destroy(struct offload *offload);

// What the connection calls (answers.c), with the object as its context.
const struct connection_handlers *answers_handlers(void);

#endif
