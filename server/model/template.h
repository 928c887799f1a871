// The template of a job command: words with placeholders, compiled once, and filled from the params
// of each job. Plain data; it starts nothing, and there is no shell anywhere.
//
// In a word {name} is a placeholder (letters, digits, '-' and '_'), {slot} the number of the slot,
// and {{ and }} are braces. A placeholder stays inside its word: a value with white space or quotes
// is one argument. A value may begin with '-', and at the start of a word the program will then
// take it for an option: whoever writes the template puts a "--" or a "./" before it, or gives the
// option its value as in --size={size}.
#ifndef OFFLOAD_MODEL_TEMPLATE_H
#define OFFLOAD_MODEL_TEMPLATE_H

#include "common/arguments.h"
#include "common/span.h"

#include <stddef.h>

#define TEMPLATE_PARAMS_MAX   64                  // different names
#define TEMPLATE_NAME_MAX     64                  // bytes of a name
#define TEMPLATE_ARGUMENT_MAX ((size_t)128 << 10) // bytes of a word with its NUL, as in execve(2)
#define TEMPLATE_TOTAL_MAX    ((size_t)1 << 20)   // bytes of all words with their NULs

struct template;

struct template_source {
    char *const *argv; // NULL-terminated; the first has no placeholder. NULL: none
    char *const
        *environment; // NULL-terminated, NAME=VALUE; only a VALUE has placeholders. NULL: none
    const char *stdin_param; // the param whose text goes to stdin; NULL: none
};

// All is copied. NULL if it is no template, or when out of memory: then `error` says which word and
// why.
struct template *template_new(const struct template_source *source, char *error, size_t error_size);
void template_free(struct template *template);

// What one job's process is started with.
struct template_filled {
    char **argv;        // NULL-terminated
    char **environment; // NULL-terminated
    struct span input;  // for stdin; absent if there is no such param
    void *words;        // the memory behind argv and environment
    char *values;       // and behind input
};

// Fills the words from `params`, a raw JSON object (by name), array (in the order in which the
// names first appear: argv, environment, stdin_param) or absent. A placeholder takes a string's
// text without NUL, or a number, true or false as it is spelt. The param for stdin may be left out,
// and takes any text or any JSON as it is spelt, unless it is a placeholder as well.
//
// 0; -EINVAL with *ret_fault set (its member points into `params` or `template`); -ENOMEM.
int template_fill(const struct template *template, struct span params, unsigned slot,
                  struct template_filled *ret_filled, struct argument_fault *ret_fault);
void template_filled_done(struct template_filled *filled);

// The -32602 error object of a fault. malloc, NUL-terminated, caller frees; NULL when out of
// memory.
char *template_error(const struct template *template, const struct argument_fault *fault,
                     size_t *ret_length);

#endif
