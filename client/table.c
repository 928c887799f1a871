// See table.h.
#include "client/table.h"

#include "client/cells.h"

#include <stdlib.h>
#include <string.h>

#define GAP 2 // between two columns

void
table_init(struct table *table)
{
    *table = (struct table){0};
}

void
table_done(struct table *table)
{
    for (size_t i = 0; i < table->rows * table->column_count; i++)
        free(table->texts[i]);
    free(table->texts);
    *table = (struct table){0};
}

void
table_add_column(struct table *table, const struct table_column *column)
{
    if (table->column_count < TABLE_COLUMNS_MAX)
        table->columns[table->column_count++] = column;
}

static bool
make_room(struct table *table)
{
    size_t room = table->room > 0 ? 2 * table->room : 16;
    char **texts;

    if (table->rows < table->room)
        return true;
    texts = reallocarray(table->texts, room, table->column_count * sizeof(*texts));
    if (texts == NULL)
        return false;
    table->texts = texts;
    table->room = room;
    return true;
}

void
table_add_row(struct table *table, const char *const texts[])
{
    char **row;

    if (!make_room(table)) {
        table->failed = true;
        return;
    }
    row = table->texts + table->rows * table->column_count;
    for (size_t i = 0; i < table->column_count; i++) {
        row[i] = strdup(texts[i]);
        if (row[i] == NULL) {
            while (i > 0)
                free(row[--i]);
            table->failed = true;
            return;
        }
    }
    table->rows++;
}

// ---- widths ----------------------------------------------------------------------------------

static size_t
natural_width(const struct table *table, size_t column)
{
    size_t widest = cells_count(table->columns[column]->title);

    if (widest < table->columns[column]->usual)
        widest = table->columns[column]->usual;
    for (size_t row = 0; row < table->rows; row++) {
        size_t width = cells_count(table->texts[row * table->column_count + column]);

        widest = width > widest ? width : widest;
    }
    return widest;
}

static size_t
total_width(const struct table *table, const size_t widths[])
{
    size_t total = 0;

    for (size_t i = 0; i < table->column_count; i++)
        if (widths[i] > 0)
            total += widths[i] + (total > 0 ? GAP : 0);
    return total;
}

// Takes what is too much from the columns that may be cut, from the widest first.
static void
cut(const struct table *table, size_t columns, size_t widths[])
{
    while (total_width(table, widths) > columns) {
        size_t widest = table->column_count;

        for (size_t i = 0; i < table->column_count; i++)
            if (table->columns[i]->least > 0 && widths[i] > table->columns[i]->least &&
                (widest == table->column_count || widths[i] > widths[widest]))
                widest = i;
        if (widest == table->column_count)
            return;
        widths[widest]--;
    }
}

// The column to be left out next, of those that have at least this rank; column_count: none.
static size_t
dispensable(const struct table *table, const size_t widths[], unsigned least_rank)
{
    size_t found = table->column_count;

    for (size_t i = 0; i < table->column_count; i++)
        if (widths[i] > 0 && table->columns[i]->rank >= least_rank &&
            (found == table->column_count || table->columns[i]->rank > table->columns[found]->rank))
            found = i;
    return found;
}

void
table_fit(const struct table *table, size_t columns, size_t ret_widths[TABLE_COLUMNS_MAX])
{
    size_t natural[TABLE_COLUMNS_MAX];
    size_t column;

    for (size_t i = 0; i < table->column_count; i++)
        ret_widths[i] = natural[i] = natural_width(table, i);
    while (total_width(table, ret_widths) > columns &&
           (column = dispensable(table, ret_widths, TABLE_SPARE)) < table->column_count)
        ret_widths[column] = 0;
    cut(table, columns, ret_widths);
    while (total_width(table, ret_widths) > columns &&
           (column = dispensable(table, ret_widths, 1)) < table->column_count) {
        ret_widths[column] = 0;
        for (size_t i = 0; i < table->column_count; i++) // what was cut may have room again
            ret_widths[i] = ret_widths[i] > 0 ? natural[i] : 0;
        cut(table, columns, ret_widths);
    }
}

// ---- lines -----------------------------------------------------------------------------------

static void
put_line(const struct table *table, const size_t widths[], const char *const texts[],
         enum page_style style, struct page *page)
{
    size_t total = total_width(table, widths);
    char *line = malloc(CELLS_ROOM(total));
    size_t length = 0;

    if (line == NULL) {
        page->failed = true;
        return;
    }
    line[0] = '\0';
    for (size_t i = 0; i < table->column_count; i++) {
        if (widths[i] == 0)
            continue;
        if (length > 0)
            length += strlen(memcpy(line + length, "  ", GAP + 1));
        cells_fill(texts[i], widths[i], table->columns[i]->right, line + length);
        length += strlen(line + length);
    }
    while (length > 0 && line[length - 1] == ' ')
        line[--length] = '\0';
    page_add(page, style, line);
    free(line);
}

void
table_put_titles(const struct table *table, const size_t widths[], struct page *page)
{
    const char *titles[TABLE_COLUMNS_MAX];

    for (size_t i = 0; i < table->column_count; i++)
        titles[i] = table->columns[i]->title;
    put_line(table, widths, titles, PAGE_TITLE, page);
}

void
table_put_row(const struct table *table, const size_t widths[], size_t row, enum page_style style,
              struct page *page)
{
    put_line(table, widths, (const char *const *)table->texts + row * table->column_count, style,
             page);
}
