// The params of the daemon's own methods: some named ones, by name or by position, checked strictly
// against a table that rpc.discover shows. It knows no method.
#ifndef OFFLOAD_DAEMON_PARAMS_H
#define OFFLOAD_DAEMON_PARAMS_H

#include "common/span.h"

#include <stdbool.h>
#include <stddef.h>

#define PARAMS_MAX 3

enum param_kind {
    PARAM_BOOLEAN,
    PARAM_STRING,
    PARAM_NUMBER, // a whole one, from 0 to `most`
};

struct param {
    const char *name;
    enum param_kind kind;
    bool required;
    unsigned long long most;
    const char *expected; // "the name of a pool"
};

struct param_value {
    bool given;
    bool boolean;
    struct span string; // the raw inside, escapes unresolved; borrowed from the text
    unsigned long long number;
};

// Reads the params that a request has, which may be absent, into the values of the table's `count`
// rows. False: *ret_error is the -32602 error object (malloc, the caller frees; NULL when out of
// memory), and the values say nothing.
bool params_read(const struct param *table, size_t count, struct span text,
                 struct param_value ret_values[PARAMS_MAX], char **ret_error, size_t *ret_length);

// The error object that says what is wrong with the one of them. As above.
char *params_error(const struct param *param, const char *reason, size_t *ret_length);

#endif
