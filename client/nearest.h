// The command that somebody meant who typed a word that is none.
#ifndef OFFLOAD_CLIENT_NEAREST_H
#define OFFLOAD_CLIENT_NEAREST_H

struct command_table;

// The name that is the fewest slips of the fingers away; NULL if all are too far.
const char *nearest_command(const struct command_table *commands, const char *word);

#endif
