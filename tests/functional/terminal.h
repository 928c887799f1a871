// A program on a pseudo-terminal, and the screen that a person would see there: lines of text, with
// what terminals do at the right edge, carriage returns, and the erasing of lines. Colours are left
// out of the lines and kept in the raw bytes.
#ifndef OFFLOAD_TESTS_TERMINAL_H
#define OFFLOAD_TESTS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TERMINAL_ROWS        200 // what scrolls out is not forgotten
#define TERMINAL_COLUMNS_MAX 300

struct terminal {
    pid_t pid; // 0: it has ended
    int fd;
    unsigned columns;
    char screen[TERMINAL_ROWS][TERMINAL_COLUMNS_MAX + 1];
    unsigned row;
    unsigned column;
    char sequence[32]; // of an escape sequence, so far
    size_t sequence_length;
    char raw[65536]; // all that came, as far as there is room
    size_t raw_length;
    int status; // after terminal_wait: the exit status, or -1
};

// Starts PROGRAM (behind OFFLOAD_TEST_WRAP) with the arguments up to a NULL. `environment` is added
// to that of the test; NULL: nothing.
void terminal_start(struct terminal *terminal, unsigned columns, const char *program,
                    const char *const arguments[], const char *const environment[]);

// In a child whose standard streams are a terminal: becomes that program.
void terminal_become(const char *program, const char *const arguments[],
                     const char *const environment[]) __attribute__((noreturn));

// A new width, of which the program is told as by a real terminal.
void terminal_resize(struct terminal *terminal, unsigned columns);
void terminal_type(struct terminal *terminal, const char *text);

// Waits until the row that the cursor is in has this text in it; fails the test if it never does.
void terminal_await(struct terminal *terminal, const char *text);
// The same, until the row is just this.
void terminal_await_line(struct terminal *terminal, const char *text);
// Takes in all until the program ends.
void terminal_wait(struct terminal *terminal);
void terminal_done(struct terminal *terminal);

// The row where the cursor is; the rows above it, each with a newline (caller frees).
const char *terminal_line(const struct terminal *terminal);
char *terminal_above(const struct terminal *terminal);

#endif
