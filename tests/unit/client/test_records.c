// Streams cut into records, however they come in pieces; rows cut into fields.
// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/fields.h"
#include "client/records.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX 20

// Takes what there is into `seen`: "1:text;2:text;", and "3!;" for one that is too long.
static void
take(struct records *records, bool last, char *seen)
{
    enum records_result result;
    struct record record;

    while ((result = records_next(records, last, &record)) != RECORDS_MORE) {
        size_t used = strlen(seen);

        if (result == RECORDS_TOO_LONG) {
            snprintf(seen + used, 1000 - used, "%d!;", (int)record.number);
            continue;
        }
        record.text[record.length] = '\0'; // it may be written to
        snprintf(seen + used, 1000 - used, "%d:%s;", (int)record.number, record.text);
    }
}

static void
feed(struct records *records, const char *text, size_t length)
{
    size_t room;
    char *into = records_room(records, length, &room);

    assert_non_null(into);
    assert_true(room >= length);
    memcpy(into, text, length);
    records_filled(records, length);
}

// In two pieces, cut anywhere, and byte by byte.
static void
expect(enum records_kind kind, const char *text, size_t length, const char *expected)
{
    for (size_t cut = 0; cut <= length + 1; cut++) {
        struct records records;
        char seen[1000] = "";

        records_init(&records, kind, MAX);
        if (cut <= length) {
            feed(&records, text, cut);
            take(&records, false, seen);
            feed(&records, text + cut, length - cut);
            take(&records, false, seen);
        }
        for (size_t i = 0; cut > length && i < length; i++) {
            feed(&records, text + i, 1);
            take(&records, false, seen);
        }
        take(&records, true, seen);
        take(&records, true, seen); // nothing more
        if (strcmp(seen, expected) != 0)
            fail_msg("cut at %zu: '%s', expected '%s'", cut, seen, expected);
        records_done(&records);
    }
}

#define EXPECT(kind, text, expected) expect(kind, text, sizeof(text) - 1, expected)

static void
lines_of_json(void **state)
{
    (void)state;
    EXPECT(RECORDS_JSON, "\n1\r\n  \n\n{}\nlast", "2:1;5:{};6:last;");
    EXPECT(RECORDS_JSON, "", "");
    EXPECT(RECORDS_JSON, " \t\r\n", "");
    EXPECT(RECORDS_JSON, "a\n \t", "1:a;");
}

static void
lines_of_text(void **state)
{
    (void)state;
    EXPECT(RECORDS_LINES, "a\n\n b \nc\r\nlast", "1:a;2:;3: b ;4:c\r;5:last;");
    EXPECT(RECORDS_LINES, "\n", "1:;");
}

static void
texts_with_a_nul(void **state)
{
    (void)state;
    EXPECT(RECORDS_NUL, "a\nb\0\0c\0d", "1:a\nb;2:;3:c;4:d;");
}

static void
rows(void **state)
{
    (void)state;
    EXPECT(RECORDS_CSV, "a,b\r\n\n\"x\ny\",\"\"\"\"\nlast,\"",
           "1:a,b;3:\"x\ny\",\"\"\"\";5:last,\";");
    EXPECT(RECORDS_TSV, "a\tb\r\n\n\"\n\t\nc", "1:a\tb;3:\";4:\t;5:c;");
}

static void
what_is_too_long_is_left_out(void **state)
{
    (void)state;
    EXPECT(RECORDS_LINES, "a\n12345678901234567890\n123456789012345678901\nb\n",
           "1:a;2:12345678901234567890;3!;4:b;");
    EXPECT(RECORDS_NUL, "1234567890123456789012345678901234567890\0b", "1!;2:b;");
    EXPECT(RECORDS_CSV, "\"12345678901234567890\n12345\"\nb\n", "1!;3:b;");
    EXPECT(RECORDS_LINES, "123456789012345678901234567890", "1!;");
}

// ---- fields ----------------------------------------------------------------------------------

static void
expect_fields(const struct fields *fields, const char *expected)
{
    char seen[512] = "";

    for (size_t i = 0; i < fields->count; i++)
        snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%.*s|",
                 (int)fields->items[i].length, fields->items[i].at);
    assert_string_equal(seen, expected);
}

static void
expect_csv(const char *text, const char *expected)
{
    struct fields fields = {0};
    char *copy = strdup(text);

    assert_true(fields_from_csv(&fields, copy, strlen(copy)));
    expect_fields(&fields, expected);
    fields_done(&fields);
    free(copy);
}

static void
quotes_of_csv(void **state)
{
    (void)state;
    expect_csv("", "|");
    expect_csv("a,,b,", "a||b||");
    expect_csv("\"a,\"\"b\"\"\",\"x\ny\"", "a,\"b\"|x\ny|");
    expect_csv("\"\"\"\",a\"b\"c", "\"|abc|"); // no RFC has the second
    expect_csv("\"never closed,x", "never closed,x|");
    expect_csv("\"\",\"", "||");
}

static void
expect_cut(const char *separator, const char *text, const char *expected)
{
    struct fields fields = {0};
    char *problem = NULL;
    char *copy = strdup(text);
    regex_t compiled;

    assert_true(fields_compile(separator, &compiled, &problem));
    assert_true(fields_from_regex(&fields, &compiled, copy, strlen(copy)));
    expect_fields(&fields, expected);
    fields_done(&fields);
    regfree(&compiled);
    free(copy);
}

static void
separators(void **state)
{
    struct fields fields = {0};
    char tabs[] = "a\t\"b\tc\t";
    char *problem = NULL;
    regex_t compiled;

    (void)state;
    expect_cut(",", "a,,b,", "a||b||");
    expect_cut(" +", "a   b c", "a|b|c|");
    expect_cut("\\t", "a\tb\\tc", "a|b\\tc|");
    expect_cut("[,;]", "a,b;c", "a|b|c|");
    expect_cut("\\.", "a.b", "a|b|");
    expect_cut("x*", "axxb", "a|b|"); // nothing is no separator
    expect_cut("^a", "aab", "|ab|");
    expect_cut(",", "", "|");
    assert_false(fields_compile("(", &compiled, &problem));
    assert_non_null(strstr(problem, "'(' is no regular expression"));
    free(problem);
    assert_true(fields_from_tsv(&fields, tabs, strlen(tabs)));
    expect_fields(&fields, "a|\"b|c||");
    fields_done(&fields);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_json),
        cmocka_unit_test(lines_of_text),
        cmocka_unit_test(texts_with_a_nul),
        cmocka_unit_test(rows),
        cmocka_unit_test(what_is_too_long_is_left_out),
        cmocka_unit_test(quotes_of_csv),
        cmocka_unit_test(separators),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
