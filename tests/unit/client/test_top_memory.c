// Out of memory in what offload top is made of: it says so, leaks nothing, and works the next time.
#include "client/top_layout.h"
#include "tests/unit/client/status_documents.h"
#include "tests/unit/failing_malloc.h"

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <errno.h>

static void
reading(void **state)
{
    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        struct status *status = NULL;
        int error = status_read(SPAN(DOCUMENT_FIRST), &status);

        assert_int_equal(error, allocation_failed() ? -ENOMEM : 0);
        assert_int_equal(status != NULL, error == 0);
        status_free(status);
    }
}

// A page may lack lines then, and is said to.
static void
laying_out(void **state)
{
    const struct top_notice nothing = {NULL, NULL};
    struct status *status = NULL;

    (void)state;
    assert_int_equal(status_read(SPAN(DOCUMENT_FIRST), &status), 0);
    FAIL_EACH_ALLOCATION(run)
    {
        struct top_view view;
        struct page page;
        bool taken;

        top_view_init(&view);
        taken = top_view_take(&view, status, NULL);
        if (taken)
            top_view_key(&view, status, 'k');
        top_layout(&view, taken ? status : NULL, &nothing, 24, 80, &page);
        assert_true(page.count <= 24);
        if (page.failed || !taken)
            assert_true(allocation_failed());
        else if (!allocation_failed())
            assert_int_equal(page.count, 24);
        page_done(&page);
        top_view_done(&view);
    }
    status_free(status);
}

// The status before stays in force, with its order, if there is no room for a new one.
static void
taking_another(void **state)
{
    struct status *first = NULL;
    struct status *second = NULL;

    (void)state;
    assert_int_equal(status_read(SPAN(DOCUMENT_FIRST), &first), 0);
    assert_int_equal(status_read(SPAN("{}"), &second), 0);
    FAIL_EACH_ALLOCATION(run)
    {
        struct top_view view;

        top_view_init(&view);
        if (top_view_take(&view, first, NULL)) {
            bool taken = top_view_take(&view, second, first);

            assert_int_equal(taken, !allocation_failed());
            assert_int_equal(view.lists[LISTING_WORKERS].count, taken ? 0 : 2);
            assert_int_equal(view.lists[LISTING_POOLS].count, taken ? 0 : 2);
        }
        top_view_done(&view);
    }
    status_free(first);
    status_free(second);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading),
        cmocka_unit_test(laying_out),
        cmocka_unit_test(taking_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
