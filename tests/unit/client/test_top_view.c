// What keys do in offload top: which row, which order, what is asked and what is to be done.
// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/top_view.h"
#include "tests/unit/client/status_documents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct looking {
    struct top_view view;
    struct status *status;
};

static void
look(struct looking *looking, const char *document)
{
    struct status *status = NULL;

    assert_int_equal(status_read(span_of(document), &status), 0);
    assert_true(top_view_take(&looking->view, status, looking->status));
    status_free(looking->status);
    looking->status = status;
}

static void
start(struct looking *looking, const char *document)
{
    looking->status = NULL;
    top_view_init(&looking->view);
    look(looking, document);
}

static void
done(struct looking *looking)
{
    top_view_done(&looking->view);
    status_free(looking->status);
}

static enum top_act
press(struct looking *looking, int key)
{
    return top_view_key(&looking->view, looking->status, key);
}

static long
selected_pid(const struct looking *looking)
{
    const struct top_list *list = &looking->view.lists[LISTING_WORKERS];

    return (long)looking->status->workers[list->order[list->selected]].pid;
}

// A pool of so many workers; the pids are from 1001 on, the memory grows with them.
static char *
crowd(unsigned count)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    fputs(HEAD("1") JOBS("0") "\"pools\":[{\"name\":\"cpu\",\"state\":\"serving\",\"workers\":[",
          out);
    for (unsigned i = 0; i < count; i++)
        fprintf(out, "%s{\"slot\":%u,\"pid\":%u,\"state\":\"ready\",\"memory_bytes\":%u}",
                i > 0 ? "," : "", i, 1001 + i, i % 10);
    fputs("]}]}", out);
    fclose(out);
    return text;
}

static void
arrows_move_within_bounds(void **state)
{
    struct looking looking;
    char *document = crowd(50);

    (void)state;
    start(&looking, document);
    top_view_scroll(&looking.view, LISTING_WORKERS, 10);
    assert_int_equal(press(&looking, TOP_KEY_UP), TOP_NOTHING);
    assert_int_equal(selected_pid(&looking), 1001);
    press(&looking, TOP_KEY_DOWN);
    assert_int_equal(selected_pid(&looking), 1002);
    press(&looking, TOP_KEY_PAGE_DOWN);
    assert_int_equal(selected_pid(&looking), 1011);
    press(&looking, TOP_KEY_END);
    press(&looking, TOP_KEY_DOWN);
    press(&looking, TOP_KEY_PAGE_DOWN);
    assert_int_equal(selected_pid(&looking), 1050);
    press(&looking, TOP_KEY_PAGE_UP);
    assert_int_equal(selected_pid(&looking), 1041);
    press(&looking, TOP_KEY_HOME);
    press(&looking, TOP_KEY_PAGE_UP);
    assert_int_equal(selected_pid(&looking), 1001);
    done(&looking);
    free(document);
}

static void
the_selected_row_is_scrolled_into_sight(void **state)
{
    struct looking looking;
    const struct top_list *list = &looking.view.lists[LISTING_WORKERS];
    char *document = crowd(50);

    (void)state;
    start(&looking, document);
    press(&looking, TOP_KEY_END);
    top_view_scroll(&looking.view, LISTING_WORKERS, 10);
    assert_int_equal(list->first, 40);
    press(&looking, TOP_KEY_UP);
    top_view_scroll(&looking.view, LISTING_WORKERS, 10);
    assert_int_equal(list->first, 40);                  // it is in sight
    top_view_scroll(&looking.view, LISTING_WORKERS, 3); // a small terminal
    assert_int_equal(list->first, 46);
    top_view_scroll(&looking.view, LISTING_WORKERS, 100); // a large one
    assert_int_equal(list->first, 0);
    top_view_scroll(&looking.view, LISTING_WORKERS, 0);
    done(&looking);
    free(document);
}

static void
the_selection_goes_with_the_worker(void **state)
{
    struct looking looking;

    (void)state;
    start(&looking, DOCUMENT_FIRST);
    press(&looking, TOP_KEY_DOWN);
    press(&looking, TOP_KEY_UP);
    for (int i = 0; i < 3; i++)
        press(&looking, 's');
    assert_string_equal(listing_sort_name(LISTING_WORKERS, 3), "PID");
    assert_int_equal(selected_pid(&looking), 101); // now the second
    assert_int_equal(looking.view.lists[LISTING_WORKERS].selected, 1);
    look(&looking, DOCUMENT_SECOND); // 103 came, 102 went
    assert_int_equal(selected_pid(&looking), 101);
    press(&looking, TOP_KEY_UP);
    assert_int_equal(selected_pid(&looking), 103);
    look(&looking, DOCUMENT_FIRST); // 103 went: the place stays
    assert_int_equal(selected_pid(&looking), 102);
    look(&looking, "{}");
    assert_int_equal(press(&looking, 'k'), TOP_NOTHING);
    assert_int_equal(press(&looking, 'p'), TOP_NOTHING);
    assert_int_equal(looking.view.mode, TOP_BROWSING);
    press(&looking, TOP_KEY_DOWN);
    press(&looking, 's');
    look(&looking, DOCUMENT_FIRST);
    done(&looking);
}

static void
sorting(void **state)
{
    struct looking looking;
    struct top_list *list = &looking.view.lists[LISTING_WORKERS];
    char *document = crowd(30);

    (void)state;
    start(&looking, document);
    while (list->sort == 0 || strcmp(listing_sort_name(LISTING_WORKERS, list->sort), "MEM") != 0)
        press(&looking, 's');
    for (size_t i = 0; i < 30; i++) // the greatest first, equal ones as they were
        assert_int_equal(list->order[i], 9 - i / 3 + 10 * (i % 3));
    press(&looking, 'r');
    for (size_t i = 0; i < 30; i++)
        assert_int_equal(list->order[i], i / 3 + 10 * (i % 3));
    press(&looking, 'S');
    assert_string_equal(listing_sort_name(LISTING_WORKERS, list->sort), "CPU%");
    assert_false(list->reverse);
    for (size_t i = 0; i < listing_sort_count(LISTING_WORKERS); i++) // once round
        press(&looking, 's');
    assert_string_equal(listing_sort_name(LISTING_WORKERS, list->sort), "CPU%");
    while (list->sort != 0)
        press(&looking, 'S');
    assert_int_equal(list->order[0], 0);
    press(&looking, 'r');
    assert_int_equal(list->order[0], 29);
    done(&looking);
    free(document);
}

static void
killing_is_asked_for_twice(void **state)
{
    struct looking looking;

    (void)state;
    start(&looking, DOCUMENT_FIRST);
    press(&looking, TOP_KEY_DOWN);
    assert_int_equal(press(&looking, 'k'), TOP_NOTHING);
    assert_int_equal(looking.view.mode, TOP_CONFIRMING);
    look(&looking,
         DOCUMENT_SECOND); // meanwhile it was replaced; it is still the one that was meant
    assert_int_equal(press(&looking, 'y'), TOP_KILL);
    assert_string_equal(looking.view.target.pool, "cpu");
    assert_int_equal(looking.view.target.slot, 1);
    assert_int_equal(looking.view.target.pid, 102);
    for (const char *key = "nk q\033\r\n"; *key != '\0'; key++) {
        press(&looking, 'k');
        assert_int_equal(press(&looking, *key), TOP_NOTHING);
        assert_int_equal(looking.view.mode, TOP_BROWSING);
    }
    press(&looking, '\t'); // pools are not killed
    press(&looking, 'k');
    assert_int_equal(looking.view.mode, TOP_BROWSING);
    done(&looking);
}

static void
pausing_goes_by_the_pool(void **state)
{
    struct looking looking;

    (void)state;
    start(&looking, DOCUMENT_FIRST);
    assert_int_equal(press(&looking, 'p'), TOP_PAUSE); // that of the worker
    assert_string_equal(looking.view.target.pool, "cpu");
    press(&looking, '\t');
    press(&looking, TOP_KEY_DOWN);
    assert_int_equal(press(&looking, 'p'), TOP_RESUME);
    assert_string_equal(looking.view.target.pool, "web");
    look(&looking, DOCUMENT_SECOND);
    assert_int_equal(press(&looking, 'p'), TOP_PAUSE);
    assert_string_equal(looking.view.target.pool, "web");
    done(&looking);
}

static void
other_keys(void **state)
{
    struct looking looking;

    (void)state;
    start(&looking, DOCUMENT_FIRST);
    assert_int_equal(press(&looking, '?'), TOP_NOTHING);
    assert_int_equal(looking.view.mode, TOP_HELPING);
    assert_int_equal(press(&looking, 'q'), TOP_NOTHING); // closes the help, no more
    assert_int_equal(looking.view.mode, TOP_BROWSING);
    assert_int_equal(press(&looking, ' '), TOP_ASK);
    assert_int_equal(press(&looking, '\f'), TOP_REDRAW);
    assert_int_equal(press(&looking, 'x'), TOP_NOTHING);
    assert_int_equal(press(&looking, TOP_KEY_OTHER), TOP_NOTHING);
    assert_int_equal(press(&looking, 'q'), TOP_QUIT);
    done(&looking);
}

static void
before_the_first_status(void **state)
{
    struct top_view view;

    (void)state;
    top_view_init(&view);
    for (int key = 1; key <= TOP_KEY_OTHER; key++) {
        enum top_act act = top_view_key(&view, NULL, key);

        assert_true(act == TOP_NOTHING || act == TOP_QUIT || act == TOP_ASK || act == TOP_REDRAW);
    }
    top_view_done(&view);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrows_move_within_bounds),
        cmocka_unit_test(the_selected_row_is_scrolled_into_sight),
        cmocka_unit_test(the_selection_goes_with_the_worker),
        cmocka_unit_test(sorting),
        cmocka_unit_test(killing_is_asked_for_twice),
        cmocka_unit_test(pausing_goes_by_the_pool),
        cmocka_unit_test(other_keys),
        cmocka_unit_test(before_the_first_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
