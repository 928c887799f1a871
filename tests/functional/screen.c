// See screen.h.
#include "screen.h"

#include "assertions.h"
#include "deadline.h"
#include "terminal.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CELL_BYTES 24 // of a character with all that may be put upon it

// ---- the terminal ----------------------------------------------------------------------------

static int
property_cb(VTermProp property, VTermValue *value, void *context)
{
    struct screen *screen = context;

    if (property == VTERM_PROP_ALTSCREEN)
        screen->alternate = value->boolean;
    else if (property == VTERM_PROP_CURSORVISIBLE)
        screen->hidden = !value->boolean;
    return 1;
}

static const VTermScreenCallbacks callbacks = {.settermprop = property_cb};

static void
make_terminal(struct screen *screen)
{
    screen->vterm = vterm_new((int)screen->rows, (int)screen->columns);
    vterm_set_utf8(screen->vterm, 1);
    screen->cells = vterm_obtain_screen(screen->vterm);
    vterm_screen_enable_altscreen(screen->cells, 1);
    vterm_screen_set_callbacks(screen->cells, &callbacks, screen);
    vterm_screen_reset(screen->cells, 1);
}

static void __attribute__((noreturn))
become(struct screen *screen, const char *program, const char *const arguments[],
       const char *const environment[])
{
    setsid();
    ioctl(screen->terminal, TIOCSCTTY, 0);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        dup2(screen->terminal, fd);
    close(screen->terminal);
    close(screen->fd);
    terminal_become(program, arguments, environment);
}

void
screen_start(struct screen *screen, unsigned rows, unsigned columns, const char *program,
             const char *const arguments[], const char *const environment[])
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};

    *screen = (struct screen){.rows = rows, .columns = columns};
    assert_int_equal(openpty(&screen->fd, &screen->terminal, NULL, NULL, &size), 0);
    assert_int_equal(tcgetattr(screen->terminal, &screen->before), 0);
    make_terminal(screen);
    screen->pid = fork();
    assert_true(screen->pid >= 0);
    if (screen->pid == 0)
        become(screen, program, arguments, environment);
}

void
screen_resize(struct screen *screen, unsigned rows, unsigned columns)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};

    screen->rows = rows;
    screen->columns = columns;
    vterm_set_size(screen->vterm, (int)rows, (int)columns);
    assert_int_equal(ioctl(screen->fd, TIOCSWINSZ, &size), 0);
}

void
screen_type(struct screen *screen, const char *text)
{
    assert_int_equal(write(screen->fd, text, strlen(text)), (ssize_t)strlen(text));
}

void
screen_done(struct screen *screen)
{
    if (screen->pid > 0) {
        kill(screen->pid, SIGKILL);
        waitpid(screen->pid, NULL, 0);
    }
    if (screen->fd >= 0)
        close(screen->fd);
    if (screen->terminal >= 0)
        close(screen->terminal);
    vterm_free(screen->vterm);
    free(screen->raw);
}

// ---- what is to be seen ----------------------------------------------------------------------

char *
screen_row(const struct screen *screen, unsigned row)
{
    size_t room = (size_t)screen->columns * CELL_BYTES + 1;
    char *text = calloc(1, room);
    const VTermRect rect = {(int)row, (int)row + 1, 0, (int)screen->columns};
    size_t length = vterm_screen_get_text(screen->cells, text, room - 1, rect);

    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\n'))
        length--;
    text[length] = '\0';
    return text;
}

char *
screen_text(const struct screen *screen)
{
    char *text = calloc(screen->rows, (size_t)screen->columns * CELL_BYTES + 2);

    for (unsigned row = 0; row < screen->rows; row++) {
        char *line = screen_row(screen, row);

        strcat(text, line);
        strcat(text, "\n");
        free(line);
    }
    return text;
}

bool
screen_is_reverse(const struct screen *screen, unsigned row)
{
    VTermScreenCell cell;

    assert_true(vterm_screen_get_cell(screen->cells, (VTermPos){(int)row, 0}, &cell));
    return cell.attrs.reverse;
}

// ---- waiting ---------------------------------------------------------------------------------

// Takes in what there is, or waits a moment for it. False if nothing came.
static bool
take_some(struct screen *screen)
{
    struct pollfd ready = {.fd = screen->fd, .events = POLLIN};
    char piece[4096];
    ssize_t got;

    if (poll(&ready, 1, 20) <= 0)
        return false;
    got = read(screen->fd, piece, sizeof(piece));
    if (got <= 0)
        return false;
    screen->raw = realloc(screen->raw, screen->raw_length + (size_t)got + 1);
    memcpy(screen->raw + screen->raw_length, piece, (size_t)got);
    screen->raw_length += (size_t)got;
    screen->raw[screen->raw_length] = '\0';
    vterm_input_write(screen->vterm, piece, (size_t)got);
    return true;
}

struct condition {
    const char *text;
    int row; // -1: all of them
    bool whole;
    bool absent;
};

static bool
holds(const struct screen *screen, const struct condition *condition)
{
    char *shown =
        condition->row < 0 ? screen_text(screen) : screen_row(screen, (unsigned)condition->row);
    bool found = condition->whole ? strcmp(shown, condition->text) == 0
                                  : strstr(shown, condition->text) != NULL;

    free(shown);
    return found != condition->absent;
}

static void
await(struct screen *screen, const struct condition *condition)
{
    int64_t deadline = deadline_in(PATIENCE);

    while (!holds(screen, condition)) {
        char *text;

        if (take_some(screen) || !deadline_passed(deadline))
            continue;
        text = screen_text(screen);
        fail_msg("'%s' does not %s; the screen is:\n%s", condition->text,
                 condition->absent ? "go" : "come", text);
    }
}

void
screen_await(struct screen *screen, const char *text)
{
    await(screen, &(struct condition){.text = text, .row = -1});
}

void
screen_await_none(struct screen *screen, const char *text)
{
    await(screen, &(struct condition){.text = text, .row = -1, .absent = true});
}

void
screen_await_row(struct screen *screen, unsigned row, const char *text)
{
    await(screen, &(struct condition){.text = text, .row = (int)row, .whole = true});
}

void
screen_await_all(struct screen *screen, const char *text)
{
    await(screen, &(struct condition){.text = text, .row = -1, .whole = true});
}

void
screen_wait(struct screen *screen)
{
    int64_t deadline = deadline_in(PATIENCE);

    while (waitpid(screen->pid, &screen->status, WNOHANG) == 0) {
        take_some(screen);
        if (deadline_passed(deadline))
            fail_msg("the program does not end");
    }
    screen->pid = 0;
    while (take_some(screen))
        ;
}

void
screen_expect_restored(const struct screen *screen)
{
    struct termios after;

    assert_false(screen->alternate);
    assert_false(screen->hidden);
    assert_int_equal(tcgetattr(screen->terminal, &after), 0);
    assert_int_equal(after.c_iflag, screen->before.c_iflag);
    assert_int_equal(after.c_oflag, screen->before.c_oflag);
    assert_int_equal(after.c_lflag, screen->before.c_lflag);
    assert_memory_equal(after.c_cc, screen->before.c_cc, sizeof(after.c_cc));
}
