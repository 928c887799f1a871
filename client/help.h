// What --help and --version print, made from the tables of commands, options and errors.
#ifndef OFFLOAD_CLIENT_HELP_H
#define OFFLOAD_CLIENT_HELP_H

struct command;
struct command_table;

// The help of one command, or of the program if it is NULL. Returns the exit status.
int help_print(const struct command_table *commands, const struct command *command);

int help_print_version(void);

#endif
