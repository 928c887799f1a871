// See listing.h. A column is a row of a table here: its look, and how its value is got at.
#include "client/listing.h"

#include <stdlib.h>
#include <string.h>

struct column {
    struct table_column look;
    unsigned uses; // bits 1 << enum listing_use; 0: both
    const char *(*text)(const struct status *status, size_t row);
    double (*number)(const struct status *status, size_t row); // if it has no text
    void (*figure)(double value, char into[FIGURE_MAX]);
};

#define TEXT(name, from, member)                                \
    static const char *name(const struct status *s, size_t row) \
    {                                                           \
        return s->from[row].member;                             \
    }
#define NUMBER(name, from, member)                         \
    static double name(const struct status *s, size_t row) \
    {                                                      \
        return s->from[row].member;                        \
    }

TEXT(pool_name, pools, name)
TEXT(pool_state, pools, state)
TEXT(pool_kind, pools, kind)
TEXT(pool_methods, pools, methods)
NUMBER(pool_processes, pools, processes)
NUMBER(pool_queued, pools, queued)
NUMBER(pool_running, pools, running)
NUMBER(pool_restarts, pools, restarts)
NUMBER(pool_done, pools, rates.succeeded)
NUMBER(pool_failed, pools, rates.failed)
NUMBER(pool_p50, pools, latency.p50)
NUMBER(pool_p90, pools, latency.p90)
NUMBER(pool_p99, pools, latency.p99)

static const char *
worker_pool(const struct status *status, size_t row)
{
    return status->pools[status->workers[row].pool].name;
}

static const char *
worker_job(const struct status *status, size_t row)
{
    const char *method = status->workers[row].method;

    return method != NULL ? method : "-";
}

TEXT(worker_state, workers, state)
NUMBER(worker_slot, workers, slot)
NUMBER(worker_pid, workers, pid)
NUMBER(worker_running, workers, running)
NUMBER(worker_running_seconds, workers, running_seconds)
NUMBER(worker_age, workers, age_seconds)
NUMBER(worker_cpu, workers, cpu_percent)
NUMBER(worker_memory, workers, memory_bytes)
NUMBER(worker_jobs_done, workers, jobs_done)

// clang-format off
static const struct column pool_columns[] = {
    {{"POOL", 6, 6, 0, false}, 0, pool_name, NULL, NULL},
    {{"STATE", 7, 0, 1, false}, 0, pool_state, NULL, NULL},
    {{"KIND", 7, 0, 7, false}, 1 << LISTING_ONCE, pool_kind, NULL, NULL},
    {{"PROCS", 5, 0, 6, true}, 0, NULL, pool_processes, figure_count},
    {{"QUEUED", 6, 0, 0, true}, 0, NULL, pool_queued, figure_count},
    {{"RUNNING", 7, 0, 0, true}, 0, NULL, pool_running, figure_count},
    {{"DONE/S", 6, 0, 2, true}, 1 << LISTING_AGAIN_AND_AGAIN, NULL, pool_done, figure_rate},
    {{"FAIL/S", 6, 0, 3, true}, 1 << LISTING_AGAIN_AND_AGAIN, NULL, pool_failed, figure_rate},
    {{"P50", 6, 0, 5, true}, 0, NULL, pool_p50, figure_time},
    {{"P90", 6, 0, 9, true}, 0, NULL, pool_p90, figure_time},
    {{"P99", 6, 0, 4, true}, 0, NULL, pool_p99, figure_time},
    {{"RESTARTS", 8, 0, 10, true}, 0, NULL, pool_restarts, figure_count},
    {{"METHODS", 0, 10, 3, false}, 1 << LISTING_ONCE, pool_methods, NULL, NULL},
};

static const struct column worker_columns[] = {
    {{"POOL", 6, 6, 4, false}, 0, worker_pool, NULL, NULL},
    {{"SLOT", 4, 0, 7, true}, 0, NULL, worker_slot, figure_whole},
    {{"PID", 6, 0, 0, true}, 0, NULL, worker_pid, figure_whole},
    {{"STATE", 5, 0, 1, false}, 0, worker_state, NULL, NULL},
    {{"JOB", 12, 8, 2, false}, 0, worker_job, NULL, NULL},
    {{"FOR", 6, 0, 3, true}, 0, NULL, worker_running_seconds, figure_time},
    {{"JOBS", 4, 0, 10, true}, 0, NULL, worker_running, figure_count},
    {{"AGE", 6, 0, 8, true}, 0, NULL, worker_age, figure_time},
    {{"CPU%", 5, 0, 5, true}, 0, NULL, worker_cpu, figure_share},
    {{"MEM", 5, 0, 6, true}, 0, NULL, worker_memory, figure_bytes},
    {{"DONE", 5, 0, 9, true}, 0, NULL, worker_jobs_done, figure_count},
};
// clang-format on

static const struct {
    const struct column *columns;
    size_t count;
} tables[] = {
    [LISTING_POOLS] = {pool_columns, sizeof(pool_columns) / sizeof(pool_columns[0])},
    [LISTING_WORKERS] = {worker_columns, sizeof(worker_columns) / sizeof(worker_columns[0])},
};

static bool
is_of_use(const struct column *column, enum listing_use use)
{
    return column->uses == 0 || (column->uses & 1u << use) != 0;
}

size_t
listing_rows(enum listing listing, const struct status *status)
{
    return listing == LISTING_POOLS ? status->pool_count : status->worker_count;
}

// ---- order -----------------------------------------------------------------------------------

// The column of a sort other than 0.
static const struct column *
sort_column(enum listing listing, size_t sort)
{
    for (size_t i = 0; i < tables[listing].count; i++)
        if (is_of_use(&tables[listing].columns[i], LISTING_AGAIN_AND_AGAIN) && --sort == 0)
            return &tables[listing].columns[i];
    return NULL;
}

size_t
listing_sort_count(enum listing listing)
{
    size_t count = 1;

    while (sort_column(listing, count) != NULL)
        count++;
    return count;
}

const char *
listing_sort_name(enum listing listing, size_t sort)
{
    const struct column *column = sort > 0 ? sort_column(listing, sort) : NULL;

    return column != NULL ? column->look.title : NULL;
}

struct sorting {
    const struct status *status;
    const struct column *column; // NULL: none
    bool reverse;
};

static int
compare(const void *first, const void *second, void *context)
{
    const struct sorting *sorting = context;
    const struct column *column = sorting->column;
    size_t a = *(const size_t *)first;
    size_t b = *(const size_t *)second;
    int found = 0;

    if (column != NULL && column->text != NULL) {
        found = strcmp(column->text(sorting->status, a), column->text(sorting->status, b));
    } else if (column != NULL) {
        double of_a = column->number(sorting->status, a);
        double of_b = column->number(sorting->status, b);

        found = (of_a < of_b) - (of_a > of_b);
    } else if (sorting->reverse) {
        found = (a > b) - (a < b);
    }
    if (found != 0)
        return sorting->reverse ? -found : found;
    return (a > b) - (a < b);
}

void
listing_sort(enum listing listing, const struct status *status, size_t sort, bool reverse,
             size_t order[])
{
    struct sorting sorting = {status, sort > 0 ? sort_column(listing, sort) : NULL, reverse};

    for (size_t i = 0; i < listing_rows(listing, status); i++)
        order[i] = i;
    qsort_r(order, listing_rows(listing, status), sizeof(*order), compare, &sorting);
}

// ---- tables ----------------------------------------------------------------------------------

enum page_style
listing_style(enum listing listing, const struct status *status, size_t row)
{
    if (listing == LISTING_WORKERS)
        return strcmp(status->workers[row].state, "ready") == 0 ? PAGE_PLAIN : PAGE_NOTICE;
    if (status->pools[row].problem != NULL)
        return PAGE_ALARM;
    return strcmp(status->pools[row].state, "serving") == 0 ? PAGE_PLAIN : PAGE_NOTICE;
}

static const char *
cell(const struct column *column, const struct status *status, size_t row, char room[FIGURE_MAX])
{
    if (column->text != NULL)
        return column->text(status, row);
    column->figure(column->number(status, row), room);
    return room;
}

void
listing_table(enum listing listing, const struct status *status, enum listing_use use,
              const size_t order[], struct table *ret)
{
    const struct column *used[TABLE_COLUMNS_MAX];
    size_t count = 0;

    table_init(ret);
    for (size_t i = 0; i < tables[listing].count; i++) {
        if (is_of_use(&tables[listing].columns[i], use)) {
            used[count++] = &tables[listing].columns[i];
            table_add_column(ret, &tables[listing].columns[i].look);
        }
    }
    for (size_t row = 0; row < listing_rows(listing, status); row++) {
        const char *texts[TABLE_COLUMNS_MAX];
        char rooms[TABLE_COLUMNS_MAX][FIGURE_MAX];

        for (size_t i = 0; i < count; i++)
            texts[i] = cell(used[i], status, order[row], rooms[i]);
        table_add_row(ret, texts);
    }
}
