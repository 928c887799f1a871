// Text and tail: UTF-8 or not, what is the beginning of a character, base64, and the last of a
// stream.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "pool/tail.h"
#include "pool/text.h"

#include <stdlib.h>
#include <string.h>

static void
test_utf8(void **state)
{
    (void)state;
    assert_true(text_is_utf8((struct span){0}));
    assert_true(text_is_utf8(SPAN("a\0b\x7F")));
    assert_true(text_is_utf8(SPAN("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80")));
    assert_false(text_is_utf8(SPAN("a\x80")));
    assert_false(text_is_utf8(SPAN("\xC3")));
    assert_false(text_is_utf8(SPAN("\xC0\x80")));
    assert_false(text_is_utf8(SPAN("\xED\xA0\x80")));
    assert_false(text_is_utf8(SPAN("\xFF")));
}

// Every proper beginning of every kind of character, with nothing or something before it.
static void
test_unfinished(void **state)
{
    static const char *const characters[] = {
        "\xC2\x80",     "\xDF\xBF",         "\xE0\xA0\x80",     "\xE2\x82\xAC",     "\xED\x9F\xBF",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF",
    };
    char text[16];

    (void)state;
    for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++) {
        size_t length = strlen(characters[i]);

        for (size_t part = 1; part <= length; part++) {
            size_t expected = part < length ? part : 0;

            assert_int_equal(text_unfinished((struct span){.at = characters[i], .length = part}),
                             expected);
            memcpy(text, "\xC3\xA4", 2);
            memcpy(text + 2, characters[i], part);
            assert_int_equal(text_unfinished((struct span){.at = text, .length = part + 2}),
                             expected);
        }
    }
}

// What no character begins with is not waited for.
static void
test_not_unfinished(void **state)
{
    static const char *const texts[] = {
        "",         "a",        "\x80",     "\xC0",         "\xC1",     "\xF5",
        "\xFF",     "\xE0\x80", "\xED\xA0", "\xF0\x80",     "\xF4\x90", "\xC3\xA4\xA4",
        "\x80\x80", "a\x80",    "\xE2(",    "\xE2\x82\xAC",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (text_unfinished(span_of(texts[i])) != 0)
            fail_msg("text %zu", i);
    }
}

static void
expect_base64(struct span bytes, const char *expected)
{
    char *text = text_base64(bytes);

    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

// The vectors of RFC 4648 section 10, and every digit.
static void
test_base64(void **state)
{
    (void)state;
    expect_base64((struct span){0}, "\"\"");
    expect_base64(SPAN("f"), "\"Zg==\"");
    expect_base64(SPAN("fo"), "\"Zm8=\"");
    expect_base64(SPAN("foo"), "\"Zm9v\"");
    expect_base64(SPAN("foob"), "\"Zm9vYg==\"");
    expect_base64(SPAN("fooba"), "\"Zm9vYmE=\"");
    expect_base64(SPAN("foobar"), "\"Zm9vYmFy\"");
    expect_base64(SPAN("\x00\x10\x83\x10\x51\x87\x20\x92\x8B\x30\xD3\x8F\x41\x14\x93\x51\x55\x97"
                       "\x61\x96\x9B\x71\xD7\x9F\x82\x18\xA3\x92\x59\xA7\xA2\x9A\xAB\xB2\xDB\xAF"
                       "\xC3\x1C\xB3\xD3\x5D\xB7\xE3\x9E\xBB\xF3\xDF\xBF"),
                  "\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\"");
}

// Whatever the pieces are, the tail is the last 4 KiB of all.
static void
test_tail(void **state)
{
    static const size_t pieces[] = {0, 1, 4095, 1, 5000, 3, 4096, 0, 100, 16384, 7};
    static char all[40000];
    struct tail tail = {0};
    size_t length = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (char)('a' + i * 7 / 26 % 26);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        size_t expected;

        tail_add(&tail, (struct span){.at = all + length, .length = pieces[i]});
        length += pieces[i];
        expected = length < TAIL_MAX ? length : TAIL_MAX;
        assert_true(span_equal(tail_text(&tail),
                               (struct span){.at = all + length - expected, .length = expected}));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8),           cmocka_unit_test(test_unfinished),
        cmocka_unit_test(test_not_unfinished), cmocka_unit_test(test_base64),
        cmocka_unit_test(test_tail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
