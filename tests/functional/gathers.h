// How the tests of job.gather and job.map write requests.
#ifndef OFFLOAD_TESTS_GATHERS_H
#define OFFLOAD_TESTS_GATHERS_H

#include "harness.h"

#define CALL(method, params) "{\"method\":\"" method "\",\"params\":" params "}"
#define CALL_WITH(options, method, params) \
    "{\"method\":\"" method "\",\"params\":" params ",\"options\":" options "}"
#define SLEEP(seconds) CALL("sleep", "[" seconds "]")
#define SLEPT(seconds) "\"Operation completed after " seconds " seconds\""
#define FOREVER        CALL("sum_squares", "[4000000000000]") // keeps a worker busy for hours

// Of the mode `all`, and with more members before the calls.
#define GATHER(id, calls) REQUEST(id, "job.gather", "{\"calls\":[" calls "]}")
#define GATHER_BY(members, id, calls) \
    REQUEST(id, "job.gather", "{" members ",\"calls\":[" calls "]}")
#define MODE(mode) "\"mode\":\"" mode "\""

#define MAP(id, method, items) \
    REQUEST(id, "job.map", "{\"method\":\"" method "\",\"items\":[" items "]}")

#define NOT_FOUND "{\"code\":-32601,\"message\":\"Method not found\",\"data\":{\"method\":\"no\"}}"

// No job of any kind is left.
static inline void
await_no_jobs(struct fixture *fixture)
{
    fixture_await(fixture, "jobs.running", 0);
    fixture_await(fixture, "jobs.queued", 0);
    fixture_await(fixture, "jobs.gathering", 0);
    fixture_await(fixture, "jobs.memory_bytes", 0);
}

#endif
