// See terminal.h.
#include "terminal.h"

#include "arguments.h"
#include "assertions.h"
#include "deadline.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

void
terminal_become(const char *program, const char *const arguments[], const char *const environment[])
{
    struct arguments line;

    arguments_init(&line);
    arguments_add_wrapper(&line);
    arguments_add(&line, program);
    for (size_t i = 0; arguments[i] != NULL; i++)
        arguments_add(&line, arguments[i]);
    signal(SIGPIPE, SIG_DFL); // the test ignores it
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    for (; environment != NULL && *environment != NULL; environment++)
        putenv((char *)(uintptr_t)*environment);
    execv(line.items[0], line.items);
    _exit(125);
}

void
terminal_start(struct terminal *terminal, unsigned columns, const char *program,
               const char *const arguments[], const char *const environment[])
{
    struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)columns};

    memset(terminal, 0, sizeof(*terminal));
    terminal->columns = columns;
    terminal->pid = forkpty(&terminal->fd, NULL, NULL, &size);
    assert_true(terminal->pid >= 0);
    if (terminal->pid == 0)
        terminal_become(program, arguments, environment);
}

void
terminal_resize(struct terminal *terminal, unsigned columns)
{
    struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)columns};

    terminal->columns = columns;
    assert_int_equal(ioctl(terminal->fd, TIOCSWINSZ, &size), 0);
}

void
terminal_type(struct terminal *terminal, const char *text)
{
    assert_int_equal(write(terminal->fd, text, strlen(text)), (ssize_t)strlen(text));
}

// ---- the screen ------------------------------------------------------------------------------

static void
next_row(struct terminal *terminal)
{
    if (++terminal->row == TERMINAL_ROWS)
        fail_msg("too many rows for this terminal");
}

static void
put_character(struct terminal *terminal, char c)
{
    char *line = terminal->screen[terminal->row];
    size_t length;

    if (terminal->column >= terminal->columns) { // it goes on in the next row
        terminal->column = 0;
        next_row(terminal);
        line = terminal->screen[terminal->row];
    }
    for (length = strlen(line); length < terminal->column; length++)
        line[length] = ' ';
    line[terminal->column++] = c;
}

// Only what a program of ours may say.
static void
end_sequence(struct terminal *terminal)
{
    const char *sequence = terminal->sequence;
    char last = sequence[terminal->sequence_length - 1];

    if (strcmp(sequence, "[K") == 0) {
        char *line = terminal->screen[terminal->row];

        memset(line + terminal->column, 0, TERMINAL_COLUMNS_MAX - terminal->column);
    } else if (last != 'm') {
        fail_msg("an escape sequence that this terminal does not know: %s", sequence);
    }
    memset(terminal->sequence, 0, sizeof(terminal->sequence));
    terminal->sequence_length = 0;
}

static void
take(struct terminal *terminal, char c)
{
    if (terminal->raw_length + 1 < sizeof(terminal->raw))
        terminal->raw[terminal->raw_length++] = c;
    if (terminal->sequence_length > 0 || c == '\033') {
        if (c != '\033')
            terminal->sequence[terminal->sequence_length - 1] = c;
        terminal->sequence_length++;
        if (terminal->sequence_length + 1 >= sizeof(terminal->sequence))
            fail_msg("an escape sequence without an end");
        if (terminal->sequence_length > 2 && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) {
            terminal->sequence_length--;
            end_sequence(terminal);
        }
    } else if (c == '\r') {
        terminal->column = 0;
    } else if (c == '\n') {
        next_row(terminal);
    } else {
        put_character(terminal, c);
    }
}

// False when the program has ended, or at the deadline.
static bool
take_some(struct terminal *terminal, int64_t deadline)
{
    struct pollfd ready = {.fd = terminal->fd, .events = POLLIN};
    char piece[4096];
    ssize_t got;

    while (poll(&ready, 1, 20) == 0)
        if (deadline_passed(deadline))
            return false;
    got = read(terminal->fd, piece, sizeof(piece));
    for (ssize_t i = 0; i < got; i++)
        take(terminal, piece[i]);
    return got > 0 || (got < 0 && errno == EINTR);
}

void
terminal_await(struct terminal *terminal, const char *text)
{
    int64_t deadline = deadline_in(PATIENCE);

    while (strstr(terminal_line(terminal), text) == NULL)
        if (!take_some(terminal, deadline))
            fail_msg("'%s' does not come; the screen ends in '%s'", text, terminal_line(terminal));
}

void
terminal_await_line(struct terminal *terminal, const char *text)
{
    int64_t deadline = deadline_in(PATIENCE);

    while (strcmp(terminal_line(terminal), text) != 0)
        if (!take_some(terminal, deadline))
            fail_msg("'%s' does not come; the screen ends in '%s'", text, terminal_line(terminal));
}

void
terminal_wait(struct terminal *terminal)
{
    int64_t deadline = deadline_in(PATIENCE);
    int status;

    while (take_some(terminal, deadline))
        ;
    if (deadline_passed(deadline))
        fail_msg("the program does not end");
    assert_int_equal(waitpid(terminal->pid, &status, 0), terminal->pid);
    terminal->pid = 0;
    terminal->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void
terminal_done(struct terminal *terminal)
{
    if (terminal->pid > 0) {
        kill(terminal->pid, SIGKILL);
        waitpid(terminal->pid, NULL, 0);
    }
    close(terminal->fd);
}

const char *
terminal_line(const struct terminal *terminal)
{
    return terminal->screen[terminal->row];
}

char *
terminal_above(const struct terminal *terminal)
{
    char *text = calloc(TERMINAL_ROWS, TERMINAL_COLUMNS_MAX + 2);

    for (unsigned i = 0; i < terminal->row; i++) {
        strcat(text, terminal->screen[i]);
        strcat(text, "\n");
    }
    return text;
}
