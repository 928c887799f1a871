// The command line: which command, its arguments, and the options, which may stand anywhere before
// "--". Knows the words, not what they do.
#ifndef OFFLOAD_CLIENT_OPTIONS_H
#define OFFLOAD_CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct command;
struct command_table;

// Bits of command.accepts, one per option that not every command takes.
enum option_bit {
    OPTION_JSON = 1 << 0,
    OPTION_NOTIFY = 1 << 1,
    OPTION_PROGRESS = 1 << 4,
    OPTION_IN_FLIGHT = 1 << 2,
    OPTION_KEEP_ORDER = 1 << 3,
};

#define OPTIONS_IN_FLIGHT_MAX 65536u

struct options {
    const struct command *command; // NULL: --help or --version of the program itself
    const char **arguments;        // after the command
    int argument_count;
    const char *server; // --server; NULL: OFFLOAD_SERVER or the defaults decide
    bool local;
    const char **sets; // --set, in order
    size_t set_count;
    bool json;
    bool progress;
    bool notify;
    bool keep_order;
    unsigned in_flight; // 0: the command's own default
    bool help;
    bool version;
};

// One row per option, in the order of --help.
struct option_info {
    const char *name;
    char letter;          // 0: only the long name
    const char *argument; // NULL: takes none
    unsigned bit;         // 0: every command takes it
    const char *help;
};
const struct option_info *option_table(size_t *ret_count);

// Reads the command line. On success 0, with *ret to be released by options_done; on a mistake it
// says which word is wrong on stderr and returns the exit status. The strings are argv's own.
int options_parse(int argc, char **argv, const struct command_table *commands, struct options *ret);
void options_done(struct options *options);

#endif
