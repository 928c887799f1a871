// See top_view.h.
#include "client/top_view.h"

#include <stdlib.h>
#include <string.h>

void
top_view_init(struct top_view *view)
{
    *view = (struct top_view){.focus = LISTING_WORKERS};
}

static void
forget_target(struct top_view *view)
{
    free(view->target.pool);
    view->target = (struct top_target){0};
}

void
top_view_done(struct top_view *view)
{
    for (size_t i = 0; i < LISTING_COUNT; i++)
        free(view->lists[i].order);
    forget_target(view);
    *view = (struct top_view){0};
}

// ---- a new status ----------------------------------------------------------------------------

static bool
is_same(enum listing listing, const struct status *a, size_t row_a, const struct status *b,
        size_t row_b)
{
    if (listing == LISTING_POOLS)
        return strcmp(a->pools[row_a].name, b->pools[row_b].name) == 0;
    return a->workers[row_a].pid == b->workers[row_b].pid;
}

// Selects what is the row `row` of the status before; if it is gone the place stays.
static void
select_again(struct top_list *list, enum listing listing, const struct status *status,
             const struct status *before, size_t row)
{
    for (size_t i = 0; i < list->count; i++)
        if (is_same(listing, status, list->order[i], before, row)) {
            list->selected = i;
            return;
        }
}

// `order` has room for its rows, and is taken.
static void
take_list(struct top_list *list, enum listing listing, const struct status *status,
          const struct status *before, size_t *order)
{
    size_t count = listing_rows(listing, status);
    bool selected = before != NULL && list->selected < list->count;
    size_t row = selected ? list->order[list->selected] : 0;

    free(list->order);
    list->order = order;
    list->count = count;
    listing_sort(listing, status, list->sort, list->reverse, order);
    if (selected)
        select_again(list, listing, status, before, row);
    if (list->selected >= count)
        list->selected = count > 0 ? count - 1 : 0;
}

// Both lists or none of them, for their orders are those of one status.
bool
top_view_take(struct top_view *view, const struct status *status, const struct status *before)
{
    size_t *pools = calloc(status->pool_count + 1, sizeof(*pools));
    size_t *workers = calloc(status->worker_count + 1, sizeof(*workers));

    if (pools == NULL || workers == NULL) {
        free(pools);
        free(workers);
        return false;
    }
    take_list(&view->lists[LISTING_POOLS], LISTING_POOLS, status, before, pools);
    take_list(&view->lists[LISTING_WORKERS], LISTING_WORKERS, status, before, workers);
    return true;
}

// ---- rows ------------------------------------------------------------------------------------

void
top_view_scroll(struct top_view *view, enum listing listing, size_t visible)
{
    struct top_list *list = &view->lists[listing];
    size_t last_first = list->count > visible ? list->count - visible : 0;

    list->visible = visible;
    if (list->selected >= list->first + visible)
        list->first = list->selected + 1 - visible;
    if (list->selected < list->first)
        list->first = list->selected;
    if (list->first > last_first)
        list->first = last_first;
}

static void
move(struct top_list *list, int key)
{
    size_t page = list->visible > 1 ? list->visible - 1 : 1;
    size_t last = list->count > 0 ? list->count - 1 : 0;
    size_t step = key == TOP_KEY_UP || key == TOP_KEY_DOWN ? 1 : page;

    if (key == TOP_KEY_HOME || key == TOP_KEY_END)
        list->selected = key == TOP_KEY_HOME ? 0 : last;
    else if (key == TOP_KEY_UP || key == TOP_KEY_PAGE_UP)
        list->selected -= list->selected < step ? list->selected : step;
    else
        list->selected += last - list->selected < step ? last - list->selected : step;
}

// The order changes; what is selected stays so.
static void
sort_anew(struct top_view *view, const struct status *status, size_t sort, bool reverse)
{
    struct top_list *list = &view->lists[view->focus];
    size_t row = list->selected < list->count ? list->order[list->selected] : 0;

    list->sort = sort;
    list->reverse = reverse;
    listing_sort(view->focus, status, sort, reverse, list->order);
    for (size_t i = 0; i < list->count; i++)
        if (list->order[i] == row)
            list->selected = i;
}

static void
sort_key(struct top_view *view, const struct status *status, int key)
{
    const struct top_list *list = &view->lists[view->focus];
    size_t sorts = listing_sort_count(view->focus);

    if (key == 'r')
        sort_anew(view, status, list->sort, !list->reverse);
    else
        sort_anew(view, status, (list->sort + (key == 's' ? 1 : sorts - 1)) % sorts, false);
}

// ---- doing something -------------------------------------------------------------------------

// False if nothing is selected, or there is no memory.
static bool
set_target(struct top_view *view, const struct status *status)
{
    const struct top_list *list = &view->lists[view->focus];
    const struct status_worker *worker = NULL;
    size_t pool;

    forget_target(view);
    if (list->selected >= list->count)
        return false;
    pool = list->order[list->selected];
    if (view->focus == LISTING_WORKERS) {
        worker = &status->workers[pool];
        pool = worker->pool;
    }
    view->target.pool = strdup(status->pools[pool].name);
    view->target.slot = worker != NULL ? (long)worker->slot : -1;
    view->target.pid = worker != NULL ? (long)worker->pid : -1;
    return view->target.pool != NULL;
}

static bool
is_paused(const struct status *status, const char *pool)
{
    for (size_t i = 0; i < status->pool_count; i++)
        if (strcmp(status->pools[i].name, pool) == 0)
            return strcmp(status->pools[i].state, "paused") == 0;
    return false;
}

static enum top_act
pause_key(struct top_view *view, const struct status *status)
{
    if (!set_target(view, status))
        return TOP_NOTHING;
    return is_paused(status, view->target.pool) ? TOP_RESUME : TOP_PAUSE;
}

static enum top_act
kill_key(struct top_view *view, const struct status *status)
{
    if (view->focus == LISTING_WORKERS && set_target(view, status))
        view->mode = TOP_CONFIRMING;
    return TOP_NOTHING;
}

static enum top_act
browse(struct top_view *view, const struct status *status, int key)
{
    switch (key) {
    case TOP_KEY_UP:
    case TOP_KEY_DOWN:
    case TOP_KEY_PAGE_UP:
    case TOP_KEY_PAGE_DOWN:
    case TOP_KEY_HOME:
    case TOP_KEY_END:
        move(&view->lists[view->focus], key);
        return TOP_NOTHING;
    case '\t':
        view->focus = view->focus == LISTING_POOLS ? LISTING_WORKERS : LISTING_POOLS;
        return TOP_NOTHING;
    case 's':
    case 'S':
    case 'r':
        sort_key(view, status, key);
        return TOP_NOTHING;
    case 'p':
        return pause_key(view, status);
    case 'k':
        return kill_key(view, status);
    default:
        return TOP_NOTHING;
    }
}

enum top_act
top_view_key(struct top_view *view, const struct status *status, int key)
{
    enum top_mode mode = view->mode;

    if (key == '\f')
        return TOP_REDRAW;
    view->mode = TOP_BROWSING;
    if (mode == TOP_CONFIRMING)
        return key == 'y' ? TOP_KILL : TOP_NOTHING;
    if (mode == TOP_HELPING)
        return TOP_NOTHING;
    switch (key) {
    case 'q':
        return TOP_QUIT;
    case ' ':
        return TOP_ASK;
    case '?':
    case 'h':
        view->mode = TOP_HELPING;
        return TOP_NOTHING;
    default:
        return status != NULL ? browse(view, status, key) : TOP_NOTHING;
    }
}
