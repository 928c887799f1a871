// How much of the workers' time a user gets beside others, as the configuration has it. Plain data.
#ifndef OFFLOAD_MODEL_WEIGHT_H
#define OFFLOAD_MODEL_WEIGHT_H

#include <sys/types.h>

struct weight {
    uid_t uid;
    unsigned weight; // from 1 to JOB_WEIGHT_MAX
};

// "USER:N", the user by name or number. Asks the user database for names: not while the loop runs.
// On failure returns a sentence that says what is wrong, and leaves *ret alone; NULL means success.
const char *weight_parse(const char *text, struct weight *ret);

#endif
