// See screen.h.
#include "client/screen.h"

#include "client/screen_kind.h"
#include "client/top_view.h"

#include <curses.h>
#include <locale.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define ESCAPE_MS 50 // how long the rest of a key's sequence may take

struct screen {
    SCREEN *terminal;
    bool colours;
};

enum pair { // of colours
    PAIR_NOTICE = 1,
    PAIR_ALARM,
};

static void
set_colours(struct screen *screen)
{
    const char *unwanted = getenv("NO_COLOR");

    if ((unwanted != NULL && unwanted[0] != '\0') || !has_colors() || start_color() == ERR ||
        use_default_colors() == ERR)
        return;
    screen->colours = init_pair(PAIR_NOTICE, COLOR_YELLOW, -1) == OK &&
                      init_pair(PAIR_ALARM, COLOR_RED, -1) == OK;
}

struct screen *
screen_open(void)
{
    struct screen *screen = screen_kind_is_usable() ? calloc(1, sizeof(*screen)) : NULL;

    if (screen == NULL)
        return NULL;
    setlocale(LC_CTYPE, "");
    screen->terminal = newterm(NULL, stdout, stdin);
    if (screen->terminal == NULL) {
        free(screen);
        return NULL;
    }
    set_escdelay(ESCAPE_MS);
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    curs_set(0);
    set_colours(screen);
    return screen;
}

// A terminal that was stopped with ^S would keep us waiting. The kernel starts only what was
// stopped in the same way, so it is stopped once more.
static void
let_go_on(void)
{
    if (tcflow(STDOUT_FILENO, TCOOFF) == 0)
        tcflow(STDOUT_FILENO, TCOON);
}

void
screen_leave(struct screen *screen)
{
    (void)screen;
    let_go_on();
    endwin();
}

void
screen_close(struct screen *screen)
{
    if (screen == NULL)
        return;
    screen_leave(screen);
    delscreen(screen->terminal);
    free(screen);
}

// Stopped by SIGSTOP we did not leave; the next screen_show takes it again either way.
void
screen_return(struct screen *screen)
{
    if (!isendwin())
        endwin();
    screen_redraw(screen);
}

void
screen_redraw(struct screen *screen)
{
    (void)screen;
    clearok(curscr, TRUE);
}

void
screen_size(struct screen *screen, size_t *ret_rows, size_t *ret_columns)
{
    struct winsize size;

    (void)screen;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0 &&
        is_term_resized(size.ws_row, size.ws_col))
        resizeterm(size.ws_row, size.ws_col);
    *ret_rows = LINES > 0 ? (size_t)LINES : 1;
    *ret_columns = COLS > 0 ? (size_t)COLS : 1;
}

// ---- showing ---------------------------------------------------------------------------------

static attr_t
attributes(const struct screen *screen, enum page_style style)
{
    switch (style) {
    case PAGE_TITLE:
        return A_BOLD | A_UNDERLINE;
    case PAGE_SELECTED:
        return A_REVERSE;
    case PAGE_NOTICE:
        return A_BOLD | (screen->colours ? (attr_t)COLOR_PAIR(PAIR_NOTICE) : 0);
    case PAGE_ALARM:
        return A_BOLD | (screen->colours ? (attr_t)COLOR_PAIR(PAIR_ALARM) : A_REVERSE);
    default:
        return A_NORMAL;
    }
}

static void
put_line(const struct screen *screen, int row, const struct page_line *line)
{
    attr_t attribute = attributes(screen, line->style);

    mvaddstr(row, 0, line->text);
    mvchgat(row, 0, -1, attribute, (short)PAIR_NUMBER(attribute), NULL);
}

static bool
takes_output(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return poll(&out, 1, 0) > 0 && (out.revents & POLLOUT) != 0;
}

void
screen_show(struct screen *screen, const struct page *page)
{
    if (!takes_output())
        return;
    erase();
    for (size_t i = 0; i < page->count && i < (size_t)LINES; i++)
        put_line(screen, (int)i, &page->lines[i]);
    refresh();
}

// ---- keys ------------------------------------------------------------------------------------

// There is something to be read, but not a byte: the end.
static bool
is_gone(void)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    int bytes = 0;

    return poll(&in, 1, 0) > 0 && (ioctl(STDIN_FILENO, FIONREAD, &bytes) != 0 || bytes == 0);
}

int
screen_key(struct screen *screen)
{
    int key = getch();

    (void)screen;
    switch (key) {
    case ERR:
        return is_gone() ? -1 : 0;
    case KEY_UP:
        return TOP_KEY_UP;
    case KEY_DOWN:
        return TOP_KEY_DOWN;
    case KEY_PPAGE:
        return TOP_KEY_PAGE_UP;
    case KEY_NPAGE:
        return TOP_KEY_PAGE_DOWN;
    case KEY_HOME:
        return TOP_KEY_HOME;
    case KEY_END:
        return TOP_KEY_END;
    default:
        return key < 0x100 ? key : TOP_KEY_OTHER;
    }
}
