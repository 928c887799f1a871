// Requests that many tests make, and jobs that end when a test says so.
#ifndef OFFLOAD_TESTS_JOBS_H
#define OFFLOAD_TESTS_JOBS_H

#include "fixture.h"

// server.ping, answered at once.
#define PING "{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"server.ping\"}"
void expect_pong(struct peer *peer);

// Starts a job of the pool `faulty` that runs until jobs_release; `id` is raw JSON.
void jobs_hold(struct fixture *fixture, struct peer *peer, const char *id);
// Lets all such jobs succeed, with the result "released".
void jobs_release(struct fixture *fixture);

#endif
