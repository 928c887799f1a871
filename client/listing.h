// The two lists of a status, pools and workers: their columns, the order of their rows, and tables
// of them. Knows what is to be said of each, not where it is shown.
#ifndef OFFLOAD_CLIENT_LISTING_H
#define OFFLOAD_CLIENT_LISTING_H

#include "client/status.h"
#include "client/table.h"

#include <stdbool.h>
#include <stddef.h>

enum listing {
    LISTING_POOLS,
    LISTING_WORKERS,
    LISTING_COUNT,
};

// Columns that make no sense in a single status, or only there.
enum listing_use {
    LISTING_ONCE,
    LISTING_AGAIN_AND_AGAIN,
};

size_t listing_rows(enum listing listing, const struct status *status);

// The columns by which it can be sorted are numbered from 1; 0 is the daemon's own order, which has
// no name.
size_t listing_sort_count(enum listing listing);
const char *listing_sort_name(enum listing listing, size_t sort);

// Puts the numbers of the rows into order: texts from A on, figures from the greatest on, or the
// other way round. Equal ones stay in the daemon's order.
void listing_sort(enum listing listing, const struct status *status, size_t sort, bool reverse,
                  size_t order[]);

// How a row stands out: something is wrong with it, or out of the ordinary.
enum page_style listing_style(enum listing listing, const struct status *status, size_t row);

// Makes the table of these rows.
void listing_table(enum listing listing, const struct status *status, enum listing_use use,
                   const size_t order[], struct table *ret);

#endif
