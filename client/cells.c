// See cells.h.
#include "client/cells.h"

#include <string.h>
#include <wchar.h>
#include <wctype.h>

#define SEQUENCE_MAX 4 // bytes of a character that is passed on

struct cell {
    const char *at; // what is to be written
    size_t length;
    size_t columns; // 0: it is left out
};

// The next character; its length in the text, 0 at the end.
static size_t
next(const char *text, struct cell *ret)
{
    size_t left = strnlen(text, 16);
    mbstate_t state = {0};
    wchar_t character;
    size_t length;
    int columns;

    if (left == 0)
        return 0;
    *ret = (struct cell){"?", 1, 1};
    length = mbrtowc(&character, text, left, &state);
    if (length == 0 || length > left) // no character of this locale
        return 1;
    columns = wcwidth(character);
    if (columns >= 0 && iswprint((wint_t)character) && length <= SEQUENCE_MAX)
        *ret = (struct cell){text, length, (size_t)columns};
    return length;
}

size_t
cells_count(const char *text)
{
    size_t columns = 0;
    struct cell cell;
    size_t length;

    for (; (length = next(text, &cell)) > 0; text += length)
        columns += cell.columns;
    return columns;
}

// As much as fits into so many columns.
static size_t
write_some(const char *text, size_t columns, char **into)
{
    size_t used = 0;
    struct cell cell;
    size_t length;

    for (; (length = next(text, &cell)) > 0 && used + cell.columns <= columns; text += length) {
        if (cell.columns == 0)
            continue;
        memcpy(*into, cell.at, cell.length);
        *into += cell.length;
        used += cell.columns;
    }
    return used;
}

size_t
cells_write(const char *text, size_t columns, char *into)
{
    bool cut = cells_count(text) > columns;
    size_t used = write_some(text, cut && columns > 0 ? columns - 1 : columns, &into);

    if (cut && columns > 0) {
        *into++ = '~';
        used++;
    }
    *into = '\0';
    return used;
}

void
cells_fill(const char *text, size_t columns, bool right, char *into)
{
    size_t used = cells_write(text, columns, into);
    size_t length = strlen(into);
    size_t left = columns - used;

    if (right) {
        memmove(into + left, into, length);
        memset(into, ' ', left);
    } else {
        memset(into + length, ' ', left);
    }
    into[length + left] = '\0';
}
