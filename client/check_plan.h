// What check-worker was told: the words of its command line, without and with its options.
#ifndef OFFLOAD_CLIENT_CHECK_PLAN_H
#define OFFLOAD_CLIENT_CHECK_PLAN_H

#include "common/span.h"

#include <stddef.h>
#include <stdint.h>

#define CHECK_PLAN_IN_FLIGHT_MAX 1024

struct check_plan {
    struct span method; // the inside of a JSON string (malloc)
    struct span params; // raw JSON array or object (malloc), or absent
    int64_t timeout_us; // of every wait
    unsigned in_flight;
    char **argv; // the worker: malloc, NULL-terminated; the words are borrowed
};

// Reads [--method NAME [PARAMS]] [--timeout SECONDS] [--in-flight N] [--] PROGRAM [ARGUMENT...].
// PARAMS is told by its '{' or '['. `in_flight` is what was given before, 0 for nothing. On success
// 0, with *ret to be released by check_plan_done; otherwise it says on stderr which word is wrong
// and returns the exit status.
int check_plan_parse(const char *const *words, size_t count, unsigned in_flight,
                     struct check_plan *ret);
void check_plan_done(struct check_plan *plan);

#endif
