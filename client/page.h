// A page of text for a terminal: lines of at most so many columns, each in a style. Whatever it is
// handed becomes safe for a terminal (see cells.h). Plain data: who shows it knows the terminal.
#ifndef OFFLOAD_CLIENT_PAGE_H
#define OFFLOAD_CLIENT_PAGE_H

#include <stdbool.h>
#include <stddef.h>

enum page_style {
    PAGE_PLAIN,
    PAGE_TITLE,    // the head of a table
    PAGE_SELECTED, // the row that keys act on
    PAGE_NOTICE,   // something to look at
    PAGE_ALARM,    // something is wrong
};

struct page_line {
    char *text; // no wider than the page
    enum page_style style;
};

struct page {
    size_t columns;
    struct page_line *lines;
    size_t count;
    size_t room;
    bool failed; // out of memory: lines are missing
};

void page_init(struct page *page, size_t columns);
void page_done(struct page *page);

// Each adds a line, or remembers that there is no memory for it.
void page_add(struct page *page, enum page_style style, const char *text);
void page_format(struct page *page, enum page_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Adds empty lines until there are so many.
void page_pad(struct page *page, size_t count);

#endif
