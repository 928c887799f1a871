// What a method leaves for its caller: a result or an error object. Knows no methods.
#ifndef OFFLOAD_BUILTIN_ANSWER_H
#define OFFLOAD_BUILTIN_ANSWER_H

#include "common/errors.h"
#include "common/span.h"

#include <stdbool.h>
#include <stddef.h>

struct job_answer {
    bool failed;      // `body` is an error object, else a result
    struct span body; // raw JSON; absent: out of memory
    char *owned;      // what of it was allocated; free it after use
    char text[48];    // room for a number
};

// The answer is that error object (taken; NULL: out of memory).
void job_answer_error(struct job_answer *answer, char *error, size_t length);

// The answer is the plain error of that code.
void job_answer_code(struct job_answer *answer, enum error_code code);

// There is no such method.
void job_answer_no_method(struct job_answer *answer, struct span method);

#endif
