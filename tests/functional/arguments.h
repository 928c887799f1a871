// A command line that grows.
#ifndef OFFLOAD_TESTS_ARGUMENTS_H
#define OFFLOAD_TESTS_ARGUMENTS_H

#include <stddef.h>

#define ARGUMENTS_MAX 64

struct arguments {
    char *items[ARGUMENTS_MAX + 1]; // NULL-terminated, each its own copy
    size_t count;
};

void arguments_init(struct arguments *arguments);
void arguments_done(struct arguments *arguments);
void arguments_add(struct arguments *arguments, const char *text);
// Adds the words of OFFLOAD_TEST_WRAP, if it is set: a command that runs the program behind it.
void arguments_add_wrapper(struct arguments *arguments);

// A copy of the text with every "%F" replaced by the folder (caller frees).
char *arguments_expand(const char *text, const char *folder);

#endif
