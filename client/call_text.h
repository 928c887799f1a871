// A call as it is typed: "sleep delay=1", or {"method":"sleep","params":[1]}. Plain text; knows no
// connection.
#ifndef OFFLOAD_CLIENT_CALL_TEXT_H
#define OFFLOAD_CLIENT_CALL_TEXT_H

#include "common/span.h"

#include <stdbool.h>

struct call_text {
    char *method;  // as it is, without JSON's escapes
    char *params;  // raw JSON; NULL: none
    char *options; // the same
    size_t method_length;
    size_t params_length;
    size_t options_length;
};

// Each returns false with *ret_problem set to a sentence (malloc, caller frees; NULL when memory
// ran out), *ret then untouched. *ret is released by call_text_done.

// A method and its arguments as separate words (those of `offload call`).
bool call_text_from_words(struct span method, const struct span *words, size_t count,
                          struct call_text *ret, char **ret_problem);

// All in one text: the method, then JSON or key=value words. A value that is a JSON string, array
// or object may hold white space.
bool call_text_from_argument(struct span text, struct call_text *ret, char **ret_problem);

// A JSON object with "method" and perhaps "params" and "options", nothing else.
bool call_text_from_json(struct span line, struct call_text *ret, char **ret_problem);

void call_text_done(struct call_text *call);

#endif
