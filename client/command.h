// The commands: one function each. main.c holds the table of them; options.c and help.c read it.
#ifndef OFFLOAD_CLIENT_COMMAND_H
#define OFFLOAD_CLIENT_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct options;

struct command {
    const char *name;
    const char *arguments; // as the usage line shows them
    const char *summary;   // one line for the list of commands
    const char *help;      // paragraphs and examples for `offload NAME --help`
    unsigned accepts;      // option bits beyond those that every command takes, see options.h
    bool own_options;      // what follows its name is its own, but for --help
    bool own_command;      // its first argument is a program, what follows is that program's
    bool own_daemon;       // it talks to a private daemon
    bool lists;            // what follows ":::" is its own
    int least;             // arguments
    int most;              // -1: any number
    int (*run)(const struct options *options); // returns the exit status
};

struct command_table {
    const struct command *items;
    size_t count;
};

int command_bench(const struct options *options);
int command_call(const struct options *options);
int command_gather(const struct options *options);
int command_map(const struct options *options);
int command_methods(const struct options *options);
int command_run(const struct options *options);
int command_ping(const struct options *options);
int command_status(const struct options *options);
int command_top(const struct options *options);

#endif
