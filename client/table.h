// A table of texts that fits itself into a width: columns are as wide as what they hold; where
// there is no room, spare ones are left out first, then long ones are cut, then others are left out
// by their importance. Plain data.
#ifndef OFFLOAD_CLIENT_TABLE_H
#define OFFLOAD_CLIENT_TABLE_H

#include "client/page.h"

#include <stdbool.h>
#include <stddef.h>

#define TABLE_COLUMNS_MAX 16
#define TABLE_SPARE       9 // columns of this rank and above go before anything is cut

struct table_column {
    const char *title;
    unsigned usual; // it is at least so wide, so that it does not change with each figure
    unsigned least; // what it is never cut below; 0: it is not cut
    unsigned rank;  // where there is no room the highest goes first; those of 0 stay
    bool right;     // figures end at the right
};

struct table {
    const struct table_column *columns[TABLE_COLUMNS_MAX];
    size_t column_count;
    char **texts; // row by row
    size_t rows;
    size_t room; // rows
    bool failed; // out of memory
};

void table_init(struct table *table);
void table_done(struct table *table);

// First all columns (they must outlive it), then the rows, a text for each column.
void table_add_column(struct table *table, const struct table_column *column);
void table_add_row(struct table *table, const char *const texts[]);

// How wide each column is where so many are to be had in all; 0: left out.
void table_fit(const struct table *table, size_t columns, size_t ret_widths[TABLE_COLUMNS_MAX]);

// Adds the titles, or a row, as a line of the page.
void table_put_titles(const struct table *table, const size_t widths[], struct page *page);
void table_put_row(const struct table *table, const size_t widths[], size_t row,
                   enum page_style style, struct page *page);

#endif
