// The page of offload top, as text, for each size of a terminal.
// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/cells.h"
#include "client/top_layout.h"
#include "tests/unit/client/status_documents.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct status *
read_status(const char *document)
{
    struct status *status = NULL;

    assert_int_equal(status_read(span_of(document), &status), 0);
    return status;
}

// Lays out the second of two documents (or the only one).
static void
lay_out(const char *first, const char *second, const struct top_notice *notice, size_t rows,
        size_t columns, struct page *ret)
{
    struct status *before = first != NULL ? read_status(first) : NULL;
    struct status *status = read_status(second);
    struct top_view view;

    top_view_init(&view);
    if (before != NULL) {
        assert_true(top_view_take(&view, before, NULL));
        status_compare(status, before);
    }
    assert_true(top_view_take(&view, status, before));
    top_layout(&view, status, notice, rows, columns, ret);
    assert_false(ret->failed);
    status_free(before);
    status_free(status);
    top_view_done(&view);
}

static void
expect(const struct page *page, const char *expected)
{
    char *text = calloc(page->count + 1, 4 * page->columns + 2);

    for (size_t i = 0; i < page->count; i++) {
        strcat(text, page->lines[i].text);
        strcat(text, "\n");
    }
    assert_string_equal(text, expected);
    free(text);
}

static const struct top_notice nothing = {NULL, NULL};

static void
a_usual_terminal(void **state)
{
    struct page page;

    (void)state;
    lay_out(DOCUMENT_FIRST, DOCUMENT_SECOND, &nothing, 24, 80, &page);
    expect(&page,
           "offloadd 1.2, pid 4711, serving, up 1m42s, sessions 3, unix:/run/sock\n"
           "jobs      12 queued, 2 running, 25.0/s done, 0.0/s failed\n"
           "latency   p50 1.2ms   p90 3.1ms   p99 20ms    max 1.2s    of 167 jobs/min\n"
           "loop lag  p50 17us                p99 20ms    max 1.2s    of 9 turns/min\n"
           "POOL    STATE    PROCS  QUEUED  RUNNING  DONE/S  FAIL/S     P50     P90     P99\n"
           "cpu     serving      2      12        2    25.0     0.0   1.2ms   3.1ms    20ms\n"
           "web     serving      2      12        2     0.0     0.0   1.2ms   3.1ms    20ms\n"
           "POOL    SLOT     PID  STATE  JOB              FOR     AGE   CPU%    MEM   DONE\n"
           "cpu        0     101  ready  one             3.5s     52s    100    12M      7\n"
           "cpu        1     103  ready  two            500ms    1.0s   50.0      -      7\n"
           "\n\n\n\n\n\n\n\n\n\n\n\n\n"
           "q quit  ? help  worker 1/2  Tab list  s r sort  p pause  k kill\n");
    assert_int_equal(page.lines[8].style, PAGE_SELECTED);
    assert_int_equal(page.lines[9].style, PAGE_PLAIN);
    page_done(&page);
}

// Where rows are scarce the summary goes first, then the list that keys do not act on.
static void
small_terminals(void **state)
{
    struct page page;

    (void)state;
    lay_out(DOCUMENT_FIRST, DOCUMENT_SECOND, &nothing, 10, 80, &page);
    assert_int_equal(page.count, 10);
    assert_memory_equal(page.lines[0].text, "offloadd 1.2", 12);
    assert_memory_equal(page.lines[1].text, "POOL ", 5);
    assert_memory_equal(page.lines[4].text, "POOL ", 5);
    page_done(&page);
    lay_out(DOCUMENT_FIRST, DOCUMENT_SECOND, &nothing, 5, 40, &page);
    expect(&page, "offloadd 1.2, pid 4711, serving, up 1m4~\n"
                  "POOL       PID  STATE  JOB           FOR\n"
                  "cpu        101  ready  one          3.5s\n"
                  "cpu        103  ready  two         500ms\n"
                  "q quit  ? help  worker 1/2  Tab list  s~\n");
    page_done(&page);
    lay_out(DOCUMENT_FIRST, DOCUMENT_SECOND, &nothing, 3, 13, &page);
    expect(&page, "offloadd 1.2~\n\nq quit  ? he~\n");
    page_done(&page);
    lay_out(DOCUMENT_FIRST, DOCUMENT_SECOND, &nothing, 1, 20, &page);
    expect(&page, "q quit  ? help  wor~\n");
    page_done(&page);
}

// Any size gives a page of just that many lines, none of them wider.
static void
every_size(void **state)
{
    static const char *const documents[] = {DOCUMENT_FIRST, DOCUMENT_OLD, DOCUMENT_HOSTILE, "{}"};

    (void)state;
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
        for (size_t rows = 0; rows < 40; rows++)
            for (size_t columns = 0; columns < 120; columns += 1 + columns / 8) {
                struct page page;

                lay_out(NULL, documents[i], &nothing, rows, columns, &page);
                assert_int_equal(page.count, rows);
                for (size_t line = 0; line < page.count; line++) {
                    const char *text = page.lines[line].text;

                    assert_true(cells_count(text) <= columns);
                    for (; *text != '\0'; text++)
                        assert_true(*text >= ' ' && *text != '\x7f');
                }
                page_done(&page);
            }
}

static void
an_older_daemon(void **state)
{
    struct page page;

    (void)state;
    lay_out(NULL, DOCUMENT_OLD, &nothing, 11, 80, &page);
    expect(&page,
           "offloadd 0.1.0, pid 4711, draining, up 5.5s, sessions 1\n"
           "jobs      0 queued, 1 running\n"
           "POOL    STATE    PROCS  QUEUED  RUNNING  DONE/S  FAIL/S     P50     P90     P99\n"
           "cpu     serving      1       0        1       -       -       -       -       -\n"
           "POOL    SLOT     PID  STATE  JOB              FOR     AGE   CPU%    MEM   DONE\n"
           "cpu        0      55  ready  -                  -    5.2s      -      -      0\n"
           "\n\n\n\n"
           "q quit  ? help  worker 1/1  Tab list  s r sort  p pause  k kill\n");
    assert_int_equal(page.lines[0].style, PAGE_NOTICE);
    page_done(&page);
}

static void
trouble_and_messages(void **state)
{
    const struct top_notice notice = {"no daemon answers; trying again",
                                      "kill worker 7: done\033[2J"};
    struct top_view view;
    struct page page;

    (void)state;
    lay_out(NULL, DOCUMENT_FIRST, &notice, 24, 80, &page);
    assert_string_equal(page.lines[0].text, "no daemon answers; trying again");
    assert_int_equal(page.lines[0].style, PAGE_ALARM);
    assert_memory_equal(page.lines[1].text, "jobs ", 5);
    assert_string_equal(page.lines[23].text, "kill worker 7: done?[2J");
    page_done(&page);
    top_view_init(&view); // before the first status
    top_layout(&view, NULL, &nothing, 3, 80, &page);
    expect(&page, "waiting for the daemon's answer\n\n"
                  "q quit  ? help  worker 0/0  Tab list  s r sort  p pause  k kill\n");
    page_done(&page);
    top_view_done(&view);
}

static void
questions_help_and_problems(void **state)
{
    struct status *status = read_status(DOCUMENT_FIRST);
    struct top_view view;
    struct page page;

    (void)state;
    top_view_init(&view);
    assert_true(top_view_take(&view, status, NULL));
    top_view_key(&view, status, 'k');
    top_layout(&view, status, &nothing, 24, 80, &page);
    assert_string_equal(page.lines[23].text, "kill worker 101 of cpu and end its jobs? y/n");
    page_done(&page);
    top_view_key(&view, status, 'n');
    top_view_key(&view, status, '?');
    top_layout(&view, status, &nothing, 24, 80, &page);
    assert_memory_equal(page.lines[0].text, "Up Down", 7);
    assert_string_equal(page.lines[23].text, "press any key to go back");
    page_done(&page);
    top_view_key(&view, status, 'x');
    top_view_key(&view, status, '\t');
    top_view_key(&view, status, TOP_KEY_DOWN);
    top_layout(&view, status, &nothing, 24, 80, &page);
    assert_int_equal(page.lines[6].style, PAGE_SELECTED);
    assert_string_equal(page.lines[23].text, "its workers cannot start: /opt/none: No such file");
    page_done(&page);
    top_view_done(&view);
    status_free(status);
}

// Many pools and many workers: each list has room, and what is selected is to be seen.
static void
long_lists(void **state)
{
    struct status *status;
    struct top_view view;
    struct page page;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    (void)state;
    fputs(HEAD("1") JOBS("0") "\"pools\":[", out);
    for (int pool = 0; pool < 40; pool++)
        fprintf(out, "%s{\"name\":\"pool%d\",\"workers\":[{\"pid\":%d},{\"pid\":%d}]}",
                pool > 0 ? "," : "", pool, 1000 + 2 * pool, 1001 + 2 * pool);
    fputs("]}", out);
    fclose(out);
    status = read_status(text);
    top_view_init(&view);
    assert_true(top_view_take(&view, status, NULL));
    top_view_key(&view, status, TOP_KEY_END);
    top_layout(&view, status, &nothing, 24, 80, &page);
    assert_memory_equal(page.lines[5].text, "pool0 ", 6);
    assert_memory_equal(page.lines[9].text, "pool4 ", 6); // a third of 17 rows
    assert_memory_equal(page.lines[10].text, "POOL ", 5);
    assert_memory_equal(page.lines[22].text, "pool39 ", 7);
    assert_int_equal(page.lines[22].style, PAGE_SELECTED);
    assert_memory_equal(page.lines[23].text, "q quit  ? help  worker 80/80 ", 29);
    page_done(&page);
    top_view_key(&view, status, '\t');
    top_view_key(&view, status, TOP_KEY_PAGE_DOWN);
    top_view_key(&view, status, TOP_KEY_PAGE_DOWN);
    top_layout(&view, status, &nothing, 24, 80, &page);
    assert_memory_equal(page.lines[9].text, "pool8 ", 6);
    assert_int_equal(page.lines[9].style, PAGE_SELECTED);
    page_done(&page);
    top_view_done(&view);
    status_free(status);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_usual_terminal),     cmocka_unit_test(small_terminals),
        cmocka_unit_test(every_size),           cmocka_unit_test(an_older_daemon),
        cmocka_unit_test(trouble_and_messages), cmocka_unit_test(questions_help_and_problems),
        cmocka_unit_test(long_lists),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
