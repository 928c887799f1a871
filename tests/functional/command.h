// Another program that a test runs: the client, or a daemon that is expected to refuse. Its
// standard streams are pipes; what it says is collected.
#ifndef OFFLOAD_TESTS_COMMAND_H
#define OFFLOAD_TESTS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct command {
    pid_t pid; // 0: it has ended
    int input; // its stdin's other end; -1: closed
    int output;
    int errors;
    char *out; // what it has written to stdout so far, NUL-terminated
    size_t out_length;
    char *err;
    size_t err_length;
    int status; // after command_wait: exit status, or -1 if a signal killed it
};

// Starts PROGRAM (behind OFFLOAD_TEST_WRAP) with the arguments up to a NULL.
void command_start(struct command *command, const char *program, const char *const arguments[],
                   const char *const environment[]);
// Takes in what there is, waiting until something comes or the deadline; false at the deadline and
// when both streams have ended.
bool command_read(struct command *command, int64_t deadline_us);
// Writes to its stdin, taking in its output meanwhile. False if it reads no more.
bool command_write(struct command *command, const char *text, size_t length);
void command_close_input(struct command *command);
// Closes its stdin, collects the rest, waits for its end.
void command_wait(struct command *command);
// Frees; kills it if it still runs.
void command_done(struct command *command);

// All of it: start, write `input` (may be NULL), wait.
void command_run(struct command *command, const char *program, const char *const arguments[],
                 const char *const environment[], const char *input);

#endif
