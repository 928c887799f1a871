// The terminal as a screen: shows pages, gives keys, and is put back as it was when it is closed.
// Of all files only this one and screen_kind know curses. Signals are the caller's, who must have
// taken SIGINT, SIGTERM, SIGTSTP and SIGWINCH before it is opened.
#ifndef OFFLOAD_CLIENT_SCREEN_H
#define OFFLOAD_CLIENT_SCREEN_H

#include "client/page.h"

#include <stddef.h>

struct screen;

// On stdin and stdout, which must be a terminal of a kind that is known (TERM). NULL: it is not.
struct screen *screen_open(void);
void screen_close(struct screen *screen); // NULL is accepted

// Puts the terminal back for a while, as when the program is stopped; takes it again.
void screen_leave(struct screen *screen);
void screen_return(struct screen *screen);

// How large the terminal is now, in rows and columns; at least 1 each.
void screen_size(struct screen *screen, size_t *ret_rows, size_t *ret_columns);

// Shows a page in place of what was there, unless the terminal takes nothing at the moment (^S).
void screen_show(struct screen *screen, const struct page *page);
void screen_redraw(struct screen *screen); // what is there, from scratch

// The next key that was pressed: a character, or one of enum top_key. 0: none; negative: the
// terminal is gone.
int screen_key(struct screen *screen);

#endif
