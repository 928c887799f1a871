// The params of a job, made from a record: words in which {} and its like stand for what the record
// has. The names are those of parallel(1):
//
//   {}  all fields, joined by a space     {1}  the first field     {name}  the field of that name
//   {.} without its extension   {/} without its folder   {//} its folder   {/.} without both
//   {1.} {1/} {1//} {1/.} the same of one field            {#}  the number of the job
//
// Anything else in braces stands for itself. Plain text in, plain text out.
#ifndef OFFLOAD_CLIENT_TEMPLATE_H
#define OFFLOAD_CLIENT_TEMPLATE_H

#include "client/fields.h"
#include "common/span.h"

#include <stdint.h>

struct template;

enum template_kind {
    // One JSON array or object; or words key=value, members of an object; or other words, elements
    // of an array. A value that begins like a JSON string, array or object is JSON, and what is
    // filled in between its quotes stays inside of them. Any other value is JSON if it is so when
    // it
    // is filled in, else a string.
    TEMPLATE_PARAMS,
    // Words of a command, an array of strings.
    TEMPLATE_COMMAND,
};

// The words are copied. `names` are those of the fields, and may be none. NULL with *ret_problem
// set to a sentence (malloc, caller frees; NULL when out of memory).
struct template *template_new(enum template_kind kind, const char *const *words, size_t count,
                              const struct fields *names, char **ret_problem);

// One without words: an object with a member for each name, or an array of so many fields. NULL as
// template_new.
struct template *template_of_names(const struct fields *names, char **ret_problem);
struct template *template_of_places(size_t count);

void template_free(struct template *template);

// True if any of them stands in this word. `names` NULL: anything may be a name.
bool template_has_place_in(struct span word, const struct fields *names);

// The params of one job; malloc, NUL-terminated, caller frees. NULL as template_new.
char *template_fill(const struct template *template, const struct fields *fields, uint64_t number,
                    size_t *ret_length, char **ret_problem);

// All fields, joined by a space; malloc, caller frees, NULL when out of memory.
char *template_join(const struct fields *fields, size_t *ret_length);

#endif
