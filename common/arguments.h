// The params of a method that takes one argument, by name ({"n":5}) or by position ([5]), checked
// strictly, and the error that says which member is wrong and what was expected.
#ifndef OFFLOAD_COMMON_ARGUMENTS_H
#define OFFLOAD_COMMON_ARGUMENTS_H

#include "common/scanner.h"
#include "common/span.h"

#include <stdbool.h>
#include <stddef.h>

// What a method expects of its argument, for the check and for people.
struct argument {
    const char *name;     // "n"; "" if it is one of several, which `expected` lists
    const char *expected; // "a whole number from 0 to 10"
};

struct argument_fault {
    struct span member; // the raw name, for an unknown member the caller's spelling
    const char *reason; // "missing", "unknown member", "wrong type", ...
    const char *prefix; // before the member's name, such as "options."; NULL: nothing
};

// Finds the argument's value. False with *ret_fault filled if it is missing, there is anything else
// beside it, or the params are no valid JSON array or object.
bool argument_find(const struct argument *argument, struct span params, struct span *ret_value,
                   enum json_kind *ret_kind, struct argument_fault *ret_fault);

// The -32602 error object. malloc, NUL-terminated, caller frees; NULL when out of memory.
char *argument_error(const struct argument *argument, const struct argument_fault *fault,
                     size_t *ret_length);

// A value that is a whole number from 0 to `most` without fraction and exponent. False with
// *ret_fault filled otherwise.
bool argument_whole_number(const struct argument *argument, enum json_kind kind, struct span value,
                           unsigned long long most, unsigned long long *ret,
                           struct argument_fault *ret_fault);

// A value that is a number from 0 to `most`.
bool argument_number(const struct argument *argument, enum json_kind kind, struct span value,
                     double most, double *ret, struct argument_fault *ret_fault);

#endif
