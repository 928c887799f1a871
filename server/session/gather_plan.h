// What a job.gather or a job.map asks for, read from its params. Plain data; it knows neither jobs
// nor who asked.
//
// The elements are found, not judged: what is wrong in one of them is the outcome of that one,
// found out when its turn comes.
#ifndef OFFLOAD_SESSION_GATHER_PLAN_H
#define OFFLOAD_SESSION_GATHER_PLAN_H

#include "common/span.h"
#include "model/job_options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GATHER_METHOD "job.gather"
#define MAP_METHOD    "job.map"

enum gather_mode {
    GATHER_ALL,     // every result, in order; the first failure ends it and is the answer
    GATHER_SETTLED, // every outcome, in order
    GATHER_ANY,     // the first result; the last failure if there is none
    GATHER_FIRST,   // the first outcome
};

// Where an element stands in the params. Half of what a span takes: there may be very many.
struct gather_element {
    uint32_t offset;
    uint32_t length;
};

struct gather_plan {
    enum gather_mode mode;
    size_t limit;        // how many may be under way at once
    struct span text;    // the params
    bool map;            // the elements are params of `method`, not calls
    struct span method;  // of a map; unescaped, in the params
    struct span options; // of each call of a map; raw JSON or absent, and found to be right
    struct gather_element *elements;
    size_t count;
};

enum gather_plan_status {
    GATHER_PLAN_OK = 0,
    GATHER_PLAN_FAULT,    // -32602: *ret_fault says what
    GATHER_PLAN_TOO_MANY, // more elements than `max`
    GATHER_PLAN_NO_MEMORY,
};

// True for the two methods.
bool gather_plan_is_for(struct span method);

// `params` was accepted by a scanner, is writable (the method of a map is unescaped in place) and
// outlives the plan. On anything but OK the plan is untouched.
enum gather_plan_status
gather_plan_parse(struct gather_plan *plan, struct span method, struct span params, size_t max,
                  struct job_options_fault *ret_fault);
void gather_plan_done(struct gather_plan *plan);

// The raw JSON of one element.
struct span gather_plan_element(const struct gather_plan *plan, size_t index);

// Bytes that it holds beside its params.
size_t gather_plan_size(const struct gather_plan *plan);

#endif
