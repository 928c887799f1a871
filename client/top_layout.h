// How `offload top` fills a terminal: the page for a given size. Pure: text from data.
#ifndef OFFLOAD_CLIENT_TOP_LAYOUT_H
#define OFFLOAD_CLIENT_TOP_LAYOUT_H

#include "client/page.h"
#include "client/top_view.h"

struct top_notice {
    const char *trouble; // what is wrong with the connection; NULL: nothing
    const char *message; // what came of the last thing done; NULL: nothing
};

// Makes a page of at most so many lines. status NULL: there is none yet. The view is scrolled as
// the size has it.
void top_layout(struct top_view *view, const struct status *status, const struct top_notice *notice,
                size_t rows, size_t columns, struct page *ret);

#endif
