// Text as a terminal shows it, in columns. What comes from elsewhere (names, errors) may hold
// anything: whatever would move the cursor or is no character stands as "?" here, and what takes no
// column of its own (accents apart from their letter, marks that turn the direction) is left out.
// Widths are those of the locale (LC_CTYPE), as the terminal's are.
#ifndef OFFLOAD_CLIENT_CELLS_H
#define OFFLOAD_CLIENT_CELLS_H

#include <stdbool.h>
#include <stddef.h>

// The columns of a text.
size_t cells_count(const char *text);

// Writes as much of the text as fits into so many columns, and a NUL; "~" ends what was cut. The
// room must be CELLS_ROOM(columns) bytes. Returns the columns that were used.
#define CELLS_ROOM(columns) (4 * (size_t)(columns) + 1)
size_t cells_write(const char *text, size_t columns, char *into);

// The same, filled up with spaces to just so many columns, at its left or at its right.
void cells_fill(const char *text, size_t columns, bool right, char *into);

#endif
