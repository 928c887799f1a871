// offload status: what the daemon is doing. Tables for a terminal, those of `offload top`; the
// answer to server.status as it is for --json and for a pipe.
#include "client/ask.h"
#include "client/command.h"
#include "client/listing.h"
#include "client/options.h"
#include "client/output.h"
#include "client/report.h"
#include "client/summary.h"

#include <errno.h>
#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS     80 // if the terminal does not say
#define TITLE_WIDTH 10
#define COUNTER_MAX 128

// "sessions  3 open, 117 accepted": every counter there is.
static void
put_counters(struct page *page, const char *title, const json_t *counters)
{
    char line[8 * COUNTER_MAX] = "";
    size_t length = 0;
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)counters, name, value) {
        char one[COUNTER_MAX];

        if (!json_is_integer(value))
            continue;
        snprintf(one, sizeof(one), "%" JSON_INTEGER_FORMAT " %.96s", json_integer_value(value),
                 name);
        if (length > 0 && (TITLE_WIDTH + length + 2 + strlen(one) > page->columns ||
                           length + 2 + sizeof(one) > sizeof(line))) {
            page_format(page, PAGE_PLAIN, "%-*s%s,", TITLE_WIDTH, title, line);
            title = "";
            length = 0;
        }
        length += (size_t)snprintf(line + length, sizeof(line) - length, "%s%s",
                                   length > 0 ? ", " : "", one);
    }
    if (length > 0)
        page_format(page, PAGE_PLAIN, "%-*s%s", TITLE_WIDTH, title, line);
}

static void
put_addresses(struct page *page, const json_t *addresses)
{
    const json_t *address;
    size_t index;

    json_array_foreach (addresses, index, address)
        page_format(page, PAGE_PLAIN, "%-*s%s", TITLE_WIDTH, index == 0 ? "listens" : "",
                    json_string_value(address) != NULL ? json_string_value(address) : "?");
}

static void
put_listing(struct page *page, enum listing listing, const struct status *status)
{
    size_t *order = calloc(listing_rows(listing, status) + 1, sizeof(*order));
    size_t widths[TABLE_COLUMNS_MAX];
    struct table table;

    if (order == NULL) {
        page->failed = true;
        return;
    }
    listing_sort(listing, status, 0, false, order);
    listing_table(listing, status, LISTING_ONCE, order, &table);
    table_fit(&table, page->columns, widths);
    page_add(page, PAGE_PLAIN, "");
    table_put_titles(&table, widths, page);
    for (size_t row = 0; row < table.rows; row++)
        table_put_row(&table, widths, row, PAGE_PLAIN, page);
    page->failed = page->failed || table.failed;
    table_done(&table);
    free(order);
}

static void
put_problems(struct page *page, const struct status *status)
{
    for (size_t i = 0; i < status->pool_count; i++)
        if (status->pools[i].problem != NULL)
            page_format(page, PAGE_PLAIN, "The workers of %s cannot start: %s",
                        status->pools[i].name, status->pools[i].problem);
}

static void
put_status(struct page *page, const struct status *status)
{
    summary_put(status, SUMMARY_LINES, page);
    put_addresses(page, json_object_get(status->document, "listen"));
    put_counters(page, "counted", json_object_get(status->document, "jobs"));
    put_counters(page, "sessions", json_object_get(status->document, "sessions"));
    put_counters(page, "requests", json_object_get(status->document, "requests"));
    put_listing(page, LISTING_POOLS, status);
    put_problems(page, status);
    if (status->worker_count > 0)
        put_listing(page, LISTING_WORKERS, status);
}

static int
print_page(const struct page *page)
{
    int status = page->failed ? report_no_memory() : 0;

    for (size_t i = 0; i < page->count && status == 0; i++)
        status = report_stdout(output_line(span_of(page->lines[i].text)));
    return status;
}

static size_t
terminal_columns(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return COLUMNS;
    return size.ws_col;
}

static int
print_tables(struct span document)
{
    struct status *status;
    struct page page;
    int error = status_read(document, &status);

    if (error == -ENOMEM)
        return report_no_memory();
    if (error != 0) {
        report_problem("the daemon's answer is no status");
        return REPORT_STATUS_PROTOCOL;
    }
    setlocale(LC_CTYPE, "");
    page_init(&page, terminal_columns());
    put_status(&page, status);
    error = print_page(&page);
    page_done(&page);
    status_free(status);
    return error;
}

// What workers use is told only to those who ask, and not by every daemon.
static int
ask_with_usage(struct ask *ask, struct offload_answer *ret)
{
    const struct offload_call call = {.method = "server.status", .params = "{\"usage\":true}"};
    struct offload_answer answer;
    int status = ask_request(ask, &call, ASK_CONTROL_TIMEOUT_MS, &answer);

    if (status != 0)
        return status;
    if (answer.outcome == OFFLOAD_ERROR) {
        offload_answer_done(&answer);
        return ask_control(ask, call.method, ret);
    }
    *ret = answer;
    return 0;
}

int
command_status(const struct options *options)
{
    bool raw = options->json || isatty(STDOUT_FILENO) == 0;
    struct offload_answer answer;
    struct ask *ask;
    int status = ask_open(options, &ask);

    if (status != 0)
        return status;
    status = raw ? ask_control(ask, "server.status", &answer) : ask_with_usage(ask, &answer);
    if (status == 0) {
        struct span document = {answer.json, answer.length};

        status = raw ? report_stdout(output_line(document)) : print_tables(document);
        offload_answer_done(&answer);
    }
    ask_close(ask);
    return status;
}
