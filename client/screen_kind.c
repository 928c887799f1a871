// See screen_kind.h. Apart from screen.c, for term.h makes macros of common words.
#include "client/screen_kind.h"

#include <curses.h>
#include <stddef.h>
#include <term.h>
#include <unistd.h>

bool
screen_kind_is_usable(void)
{
    int error;
    bool usable;

    if (setupterm(NULL, STDOUT_FILENO, &error) != OK)
        return false;
    usable = cursor_address != NULL && clear_screen != NULL;
    del_curterm(cur_term);
    return usable;
}
