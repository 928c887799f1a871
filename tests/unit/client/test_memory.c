// Out of memory in the client's plain modules: each says so, leaks nothing, and works the next
// time.
#include "client/done_set.h"
#include "client/joblog.h"
#include "client/product.h"
#include "client/source.h"
#include "client/window.h"
#include "tests/unit/failing_malloc.h"

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

static struct input_record
record_of(char *text)
{
    return (struct input_record){.record = {text, strlen(text), 1}};
}

// A table with a template: head, row, and the job of it.
static void
jobs_of_a_table(void **state)
{
    static const char *const words[] = {"a={x}", "b=\"{y.}\"", "c={#}"};
    const struct source_plan plan = {
        .kind = SOURCE_CSV, .words = words, .word_count = 3, .tags = true};

    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        char head_text[] = "x,y";
        char row_text[] = "1,\"t.u\"";
        struct input_record head = record_of(head_text);
        struct input_record row = record_of(row_text);
        struct job job = {.seq = 7};
        char *problem = NULL;
        enum source_result result = SOURCE_NO_MEMORY;
        struct source *source = source_new(&plan, &problem);

        if (source != NULL)
            result = source_make(source, &head, &job, &problem);
        if (result == SOURCE_HEAD)
            result = source_make(source, &row, &job, &problem);
        assert_int_equal(result, allocation_failed() ? SOURCE_NO_MEMORY : SOURCE_JOB);
        if (result == SOURCE_JOB)
            assert_string_equal(job.params.at, "{\"a\":1,\"b\":\"t\",\"c\":7}");
        assert_null(problem);
        job_done(&job);
        source_free(source);
    }
}

// Without a template, each way.
static void
jobs_of_words_and_json(void **state)
{
    static const char *const texts[] = {"5", "[5]", "no json"};
    const struct source_plan plan = {.kind = SOURCE_TEXT};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        FAIL_EACH_ALLOCATION(run)
        {
            struct product *product = product_new(&texts[i], 1);
            struct input_record record = {0};
            struct job job = {.seq = 1};
            char *problem = NULL;
            enum source_result result = SOURCE_NO_MEMORY;
            struct source *source = product != NULL ? source_new(&plan, &problem) : NULL;

            if (source != NULL) {
                record.fields = product_next(product);
                result = source_make(source, &record, &job, &problem);
            }
            assert_int_equal(result, allocation_failed() ? SOURCE_NO_MEMORY : SOURCE_JOB);
            job_done(&job);
            source_free(source);
            product_free(product);
        }
    }
}

static void
the_done_set(void **state)
{
    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        struct done_set set = {0};
        bool good = true;

        for (uint64_t number = 1; good && number < 100; number += 2)
            good = done_set_add(&set, number);
        assert_int_equal(good, !allocation_failed());
        assert_false(done_set_has(&set, 2));
        done_set_done(&set);
    }
}

static void
the_window_and_the_records(void **state)
{
    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        struct window *window = window_new(5, true, NULL);
        struct records records;
        size_t room;
        char *into;

        records_init(&records, RECORDS_LINES, 100);
        into = records_room(&records, 10, &room);
        assert_int_equal(window != NULL && into != NULL, !allocation_failed());
        records_done(&records);
        window_free(window);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_of_a_table),
        cmocka_unit_test(jobs_of_words_and_json),
        cmocka_unit_test(the_done_set),
        cmocka_unit_test(the_window_and_the_records),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
