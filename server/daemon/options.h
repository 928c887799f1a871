// The command line of offloadd.
#ifndef OFFLOAD_DAEMON_OPTIONS_H
#define OFFLOAD_DAEMON_OPTIONS_H

#include "model/config.h"

#include <stdbool.h>
#include <stdio.h>

struct options {
    struct config_source source;
    const char *ready_file; // NULL: none
    bool check;
    bool help;
    bool version;
};

// Parses; complains on stderr and returns false if the command line is wrong. The texts are those
// of argv. options_done in any case.
bool options_parse(struct options *options, int argc, char **argv);
void options_done(struct options *options);

void options_help(FILE *out);

#endif
