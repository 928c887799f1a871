// Params as people type them: one JSON array or object, or words key=value. Plain text in, plain
// text out; knows no connection.
//
// A function that returns NULL has set *ret_problem to a sentence (malloc, caller frees), itself
// NULL when memory ran out. Results are malloc, NUL-terminated, without a line break, for the
// caller to free.
#ifndef OFFLOAD_CLIENT_PARAMS_H
#define OFFLOAD_CLIENT_PARAMS_H

#include "common/span.h"

#include <stdbool.h>
#include <stddef.h>

// True if the text begins as an array or object does.
bool params_is_json(struct span text);

// A JSON array or object, checked. Line breaks between its values become spaces; nothing else
// changes.
char *params_from_json(struct span text, size_t *ret_length, char **ret_problem);

// At least one word, each key=value. A value that is JSON stays as it is, byte for byte (1e400,
// -0); any other is a string.
char *
params_from_words(const struct span *words, size_t count, size_t *ret_length, char **ret_problem);

// A copy of a method's name; refuses what is empty or not UTF-8.
char *params_method(struct span text, size_t *ret_length, char **ret_problem);

#endif
