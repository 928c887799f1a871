// Text in columns: what is cut, what is wide, and that nothing gets through which moves a cursor.
// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/cells.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

static void
expect(const char *text, size_t columns, const char *expected)
{
    char *into = malloc(CELLS_ROOM(columns)); // of just this size, for the sanitizer

    cells_write(text, columns, into);
    assert_string_equal(into, expected);
    assert_true(cells_count(into) <= columns);
    free(into);
}

static void
plain_text_is_cut(void **state)
{
    (void)state;
    expect("", 5, "");
    expect("four", 5, "four");
    expect("exact", 5, "exact");
    expect("longer", 5, "long~");
    expect("longer", 1, "~");
    expect("longer", 0, "");
}

static void
what_moves_the_cursor_is_replaced(void **state)
{
    (void)state;
    expect("a\033[2Jb", 20, "a?[2Jb");
    expect("a\r\n\tb\x7f\b", 20, "a???b??");
    expect("a\xc2\x9b"
           "2Jb",
           20, "a?2Jb");                  // C1: a CSI of one character
    expect("a\u202eb\u200bc", 20, "abc"); // turns the direction; no width
    expect("a\xff\xc3.\xe2\x82", 20, "a??.??");
    expect("a\xf4\x90\x80\x80", 20, "a?"); // beyond Unicode
}

static void
wide_and_combining_characters(void **state)
{
    (void)state;
    assert_int_equal(cells_count("日本"), 4);
    expect("日本語", 6, "日本語");
    expect("日本語", 5, "日本~");
    expect("日本語", 4, "日~"); // a half does not fit
    expect("e\u0301t\u00e9", 3, "et\u00e9");
    expect("\U0001f600\U0001f600", 3, "\U0001f600~");
}

static void
without_utf8_only_ascii_remains(void **state)
{
    (void)state;
    assert_non_null(setlocale(LC_CTYPE, "C"));
    expect("t\u00e9", 20, "t??");
    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
}

static void
filling_is_exact(void **state)
{
    char into[CELLS_ROOM(6)];

    (void)state;
    cells_fill("ab", 6, false, into);
    assert_string_equal(into, "ab    ");
    cells_fill("ab", 6, true, into);
    assert_string_equal(into, "    ab");
    cells_fill("日本語", 5, true, into);
    assert_string_equal(into, "日本~");
    cells_fill("日本語", 4, true, into);
    assert_string_equal(into, " 日~");
    cells_fill("abcdefg", 6, true, into);
    assert_string_equal(into, "abcde~");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_is_cut),
        cmocka_unit_test(what_moves_the_cursor_is_replaced),
        cmocka_unit_test(wide_and_combining_characters),
        cmocka_unit_test(without_utf8_only_ascii_remains),
        cmocka_unit_test(filling_is_exact),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
