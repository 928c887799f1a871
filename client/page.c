// See page.h.
#include "client/page.h"

#include "client/cells.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
page_init(struct page *page, size_t columns)
{
    *page = (struct page){.columns = columns};
}

void
page_done(struct page *page)
{
    for (size_t i = 0; i < page->count; i++)
        free(page->lines[i].text);
    free(page->lines);
    *page = (struct page){0};
}

static bool
make_room(struct page *page)
{
    size_t room = page->room > 0 ? 2 * page->room : 32;
    struct page_line *lines;

    if (page->count < page->room)
        return true;
    lines = reallocarray(page->lines, room, sizeof(*lines));
    if (lines == NULL)
        return false;
    page->lines = lines;
    page->room = room;
    return true;
}

void
page_add(struct page *page, enum page_style style, const char *text)
{
    char *safe = make_room(page) ? malloc(CELLS_ROOM(page->columns)) : NULL;

    if (safe == NULL) {
        page->failed = true;
        return;
    }
    cells_write(text, page->columns, safe);
    page->lines[page->count++] = (struct page_line){safe, style};
}

void
page_format(struct page *page, enum page_style style, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0) {
        page->failed = true;
        return;
    }
    page_add(page, style, text);
    free(text);
}

void
page_pad(struct page *page, size_t count)
{
    while (page->count < count && !page->failed)
        page_add(page, PAGE_PLAIN, "");
}
