// A program that has the whole of a pseudo-terminal, and its screen as a person would see it:
// libvterm is the terminal. Also what such a program must leave behind: the terminal as it was.
#ifndef OFFLOAD_TESTS_SCREEN_H
#define OFFLOAD_TESTS_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>
#include <vterm.h>

struct screen {
    pid_t pid; // 0: it has ended
    int fd;
    int terminal; // the program's side, kept open so that it can be looked at afterwards
    unsigned rows;
    unsigned columns;
    VTerm *vterm;
    VTermScreen *cells;
    bool alternate; // it has taken the whole terminal
    bool hidden;    // the cursor
    struct termios before;
    char *raw; // all that came
    size_t raw_length;
    int status; // after screen_wait: as waitpid(2) has it
};

#define SCREEN_UP   "\033OA" // as an xterm sends them
#define SCREEN_DOWN "\033OB"
#define SCREEN_END  "\033OF"

// As terminal_start.
void screen_start(struct screen *screen, unsigned rows, unsigned columns, const char *program,
                  const char *const arguments[], const char *const environment[]);
void screen_resize(struct screen *screen, unsigned rows, unsigned columns);
void screen_type(struct screen *screen, const char *text);

// Waits until the text is to be seen somewhere, or is not any more; fails the test otherwise.
void screen_await(struct screen *screen, const char *text);
void screen_await_none(struct screen *screen, const char *text);
// Until this row, or the whole screen, is just that.
void screen_await_row(struct screen *screen, unsigned row, const char *text);
void screen_await_all(struct screen *screen, const char *text);
// Takes in all until the program ends.
void screen_wait(struct screen *screen);
// Ends it, if need be, and frees.
void screen_done(struct screen *screen);

// A row without the spaces at its end; all rows, each with a newline (caller frees).
char *screen_row(const struct screen *screen, unsigned row);
char *screen_text(const struct screen *screen);
// The row is shown in reverse.
bool screen_is_reverse(const struct screen *screen, unsigned row);

// The terminal is as it was before the program: fails the test otherwise.
void screen_expect_restored(const struct screen *screen);

#endif
