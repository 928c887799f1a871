// Tables that fit themselves into a width.
// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct table_column columns[] = {
    {"NAME", 0, 4, 0, false},
    {"N", 5, 0, 2, true},
    {"MORE", 0, 0, 1, false},
};

static void
fill(struct table *table)
{
    table_init(table);
    for (size_t i = 0; i < 3; i++)
        table_add_column(table, &columns[i]);
    table_add_row(table, (const char *const[]){"a long name", "12", "x"});
    table_add_row(table, (const char *const[]){"b\033[2J", "123", "more"});
    assert_false(table->failed);
}

static void
expect(size_t width, const char *expected)
{
    size_t widths[TABLE_COLUMNS_MAX];
    char text[512] = "";
    struct table table;
    struct page page;

    fill(&table);
    page_init(&page, width);
    table_fit(&table, width, widths);
    table_put_titles(&table, widths, &page);
    for (size_t row = 0; row < table.rows; row++)
        table_put_row(&table, widths, row, PAGE_PLAIN, &page);
    for (size_t i = 0; i < page.count; i++) {
        strcat(text, page.lines[i].text);
        strcat(text, "\n");
    }
    assert_string_equal(text, expected);
    assert_int_equal(page.lines[0].style, PAGE_TITLE);
    page_done(&page);
    table_done(&table);
}

static void
there_is_room(void **state)
{
    (void)state;
    expect(80, "NAME             N  MORE\n"
               "a long name     12  x\n"
               "b?[2J          123  more\n");
    expect(24, "NAME             N  MORE\n"
               "a long name     12  x\n"
               "b?[2J          123  more\n");
}

static void
long_texts_are_cut_first(void **state)
{
    (void)state;
    expect(19, "NAME        N  MORE\n"
               "a lon~     12  x\n"
               "b?[2J     123  more\n");
    expect(17, "NAME      N  MORE\n"
               "a l~     12  x\n"
               "b?[~    123  more\n");
}

static void
then_columns_are_left_out_by_rank(void **state)
{
    (void)state;
    expect(16, "NAME        MORE\n"
               "a long na~  x\n"
               "b?[2J       more\n");
    expect(9, "NAME\n"
              "a long n~\n"
              "b?[2J\n");
    expect(2, "N~\na~\nb~\n");
}

static void
spare_columns_go_before_anything_is_cut(void **state)
{
    static const struct table_column spare[] = {{"NAME", 0, 2, 0, false},
                                                {"LEAST", 0, 0, TABLE_SPARE + 1, false},
                                                {"LESS", 0, 0, TABLE_SPARE, false}};
    size_t widths[TABLE_COLUMNS_MAX];
    struct table table;

    (void)state;
    table_init(&table);
    for (size_t i = 0; i < 3; i++)
        table_add_column(&table, &spare[i]);
    table_add_row(&table, (const char *const[]){"a long name", "x", "y"});
    table_fit(&table, 24, widths);
    assert_int_equal(widths[0], 11);
    assert_int_equal(widths[1], 5);
    table_fit(&table, 23, widths);
    assert_int_equal(widths[0], 11);
    assert_int_equal(widths[1], 0);
    assert_int_equal(widths[2], 4);
    table_fit(&table, 16, widths);
    assert_int_equal(widths[0], 11);
    assert_int_equal(widths[2], 0);
    table_fit(&table, 10, widths);
    assert_int_equal(widths[0], 10);
    table_done(&table);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_room),
        cmocka_unit_test(long_texts_are_cut_first),
        cmocka_unit_test(then_columns_are_left_out_by_rank),
        cmocka_unit_test(spare_columns_go_before_anything_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
