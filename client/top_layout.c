// See top_layout.h. From above: the summary, the pools, the workers, and a line for what is asked,
// told or offered. Where rows are scarce the summary gives way first, then the list that keys do
// not act on.
#include "client/top_layout.h"

#include "client/summary.h"

#include <stdio.h>

#define LEAST_ROWS 3 // of a list, below its titles

static const char *const help[] = {
    "Up Down PgUp PgDn Home End   select a row",
    "Tab     the other list: pools or workers",
    "s S     sort by the next column, or by the one before",
    "r       the other way round",
    "p       pause the pool that is selected, or that of the worker; or let it go on",
    "k       kill the worker that is selected, after a question",
    "Space   ask the daemon now",
    "^L      draw everything anew",
    "q       quit",
};

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t
most(size_t a, size_t b)
{
    return a > b ? a : b;
}

// ---- rows ------------------------------------------------------------------------------------

// How the rows above the last one are shared out.
struct shares {
    size_t summary;
    bool shown[LISTING_COUNT];
    size_t lists[LISTING_COUNT]; // below the titles
};

static void
share_lists(const struct top_view *view, size_t rows, struct shares *shares)
{
    size_t pools = view->lists[LISTING_POOLS].count;
    size_t workers = view->lists[LISTING_WORKERS].count;
    size_t spared; // by the workers

    rows -= 2; // titles
    spared = rows - least(rows, workers);
    shares->shown[LISTING_POOLS] = shares->shown[LISTING_WORKERS] = true;
    shares->lists[LISTING_POOLS] = least(most(pools, 1), most(spared, most(rows / 3, LEAST_ROWS)));
    shares->lists[LISTING_WORKERS] = rows - shares->lists[LISTING_POOLS];
}

static void
share_out(const struct top_view *view, size_t rows, struct shares *shares)
{
    *shares = (struct shares){.summary = SUMMARY_LINES};
    while (shares->summary > 1 && rows < shares->summary + 2 * (1 + LEAST_ROWS))
        shares->summary--;
    shares->summary = least(shares->summary, rows);
    rows -= shares->summary;
    if (rows >= 2 * (1 + LEAST_ROWS)) {
        share_lists(view, rows, shares);
    } else if (rows > 1) {
        shares->shown[view->focus] = true;
        shares->lists[view->focus] = rows - 1;
    }
}

// ---- the parts -------------------------------------------------------------------------------

static void
put_list(struct top_view *view, enum listing listing, const struct status *status, size_t rows,
         struct page *page)
{
    const struct top_list *list = &view->lists[listing];
    size_t widths[TABLE_COLUMNS_MAX];
    struct table table;

    top_view_scroll(view, listing, rows);
    listing_table(listing, status, LISTING_AGAIN_AND_AGAIN, list->order, &table);
    table_fit(&table, page->columns, widths);
    table_put_titles(&table, widths, page);
    for (size_t i = list->first; i < least(list->first + rows, table.rows); i++) {
        bool selected = listing == view->focus && i == list->selected;

        table_put_row(&table, widths, i,
                      selected ? PAGE_SELECTED : listing_style(listing, status, list->order[i]),
                      page);
    }
    page->failed = page->failed || table.failed;
    table_done(&table);
}

static void
put_lists(struct top_view *view, const struct status *status, const struct shares *shares,
          struct page *page)
{
    for (int i = 0; i < LISTING_COUNT; i++) {
        size_t end = page->count + 1 + shares->lists[i];

        if (!shares->shown[i])
            continue;
        put_list(view, (enum listing)i, status, shares->lists[i], page);
        page_pad(page, end);
    }
}

// What is wrong with the connection stands where the daemon is told of.
static void
put_summary(const struct status *status, const char *trouble, size_t lines, struct page *page)
{
    struct page whole;
    const char *instead = trouble;

    if (status == NULL && trouble == NULL)
        instead = "waiting for the daemon's answer";
    page_init(&whole, page->columns);
    if (status != NULL)
        summary_put(status, lines, &whole);
    for (size_t i = 0; i < lines; i++) {
        if (i == 0 && instead != NULL)
            page_add(page, trouble != NULL ? PAGE_ALARM : PAGE_PLAIN, instead);
        else if (i < whole.count)
            page_add(page, whole.lines[i].style, whole.lines[i].text);
    }
    page->failed = page->failed || whole.failed;
    page_done(&whole);
}

// What is wrong with the pool that is selected; NULL: nothing.
static const char *
problem_of(const struct top_view *view, const struct status *status)
{
    const struct top_list *list = &view->lists[LISTING_POOLS];

    if (status == NULL || view->focus != LISTING_POOLS || list->selected >= list->count)
        return NULL;
    return status->pools[list->order[list->selected]].problem;
}

static void
put_keys(const struct top_view *view, struct page *page)
{
    const struct top_list *list = &view->lists[view->focus];
    const char *sort = listing_sort_name(view->focus, list->sort);

    page_format(page, PAGE_PLAIN,
                "q quit  ? help  %s %zu/%zu%s%s%s  Tab list  s r sort  p pause  k kill",
                view->focus == LISTING_POOLS ? "pool" : "worker",
                list->count > 0 ? list->selected + 1 : 0, list->count, sort != NULL ? " by " : "",
                sort != NULL ? sort : "", list->reverse ? " reversed" : "");
}

static void
put_last(const struct top_view *view, const struct status *status, const char *message,
         struct page *page)
{
    const char *problem = problem_of(view, status);

    if (view->mode == TOP_CONFIRMING)
        page_format(page, PAGE_NOTICE, "kill worker %ld of %s and end its jobs? y/n",
                    view->target.pid, view->target.pool);
    else if (view->mode == TOP_HELPING)
        page_add(page, PAGE_NOTICE, "press any key to go back");
    else if (message != NULL)
        page_add(page, PAGE_NOTICE, message);
    else if (problem != NULL)
        page_format(page, PAGE_ALARM, "its workers cannot start: %s", problem);
    else
        put_keys(view, page);
}

static void
put_help(size_t rows, struct page *page)
{
    for (size_t i = 0; i < least(rows, sizeof(help) / sizeof(help[0])); i++)
        page_add(page, PAGE_PLAIN, help[i]);
}

void
top_layout(struct top_view *view, const struct status *status, const struct top_notice *notice,
           size_t rows, size_t columns, struct page *ret)
{
    struct shares shares;

    page_init(ret, columns);
    if (rows == 0)
        return;
    share_out(view, rows - 1, &shares);
    if (view->mode == TOP_HELPING) {
        put_help(rows - 1, ret);
    } else {
        put_summary(status, notice->trouble, shares.summary, ret);
        page_pad(ret, shares.summary);
        if (status != NULL)
            put_lists(view, status, &shares, ret);
    }
    page_pad(ret, rows - 1);
    put_last(view, status, notice->message, ret);
}
