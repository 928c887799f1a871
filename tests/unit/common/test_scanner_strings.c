// The inside of strings: every byte, at every place around the sizes of the blocks they are looked
// at in, all of UTF-8 against RFC 3629; and what escapes mean.
#include "tests/unit/common/scanner_verdict.h"

// Puts `special` at each place of a string of that length.
static void
place_in(size_t plain, struct span special, enum scan_status expected)
{
    char text[2000];

    for (size_t at = 0; at <= plain; at++) {
        memset(text, 'x', sizeof(text));
        text[0] = '"';
        memcpy(text + 1 + at, special.at, special.length);
        text[1 + plain + special.length] = '"';
        expect(expected, text, plain + special.length + 2);
    }
}

// In strings of each length around the sizes of the blocks, and some that are long.
static void
place_everywhere(struct span special, enum scan_status expected)
{
    static const size_t lengths[] = {127, 128, 129, 511, 512, 513, 640, 1000};

    for (size_t plain = 0; plain < 70; plain++)
        place_in(plain, special, expected);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        place_in(lengths[i], special, expected);
}

static void
test_specials_at_every_place(void **state)
{
    (void)state;
    place_everywhere(SPAN(""), SCAN_OK);
    place_everywhere(SPAN("\\n"), SCAN_OK);
    place_everywhere(SPAN("\\u12aF"), SCAN_OK);
    place_everywhere(SPAN("\xc3\xa9"), SCAN_OK);
    place_everywhere(SPAN("\xf0\x9f\x98\x80"), SCAN_OK);
    place_everywhere(SPAN(" !#[]~\x7f"), SCAN_OK);
    place_everywhere(SPAN("\x1f"), SCAN_SYNTAX);
    place_everywhere(SPAN("\0"), SCAN_SYNTAX);
    place_everywhere(SPAN("\\x"), SCAN_SYNTAX);
    place_everywhere(SPAN("\"\""), SCAN_SYNTAX);
    place_everywhere(SPAN("\x80"), SCAN_UTF8);
    place_everywhere(SPAN("\xff"), SCAN_UTF8);
}

// All 256 bytes alone in a string of that length.
static void
check_every_byte(size_t length)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        char text[1000];
        enum scan_status expected = SCAN_OK;

        if (byte < 0x20 || byte == '"')
            expected = SCAN_SYNTAX;
        else if (byte >= 0x80)
            expected = SCAN_UTF8;
        else if (byte == '\\')
            expected = SCAN_SYNTAX; // "\xxx"
        memset(text, 'x', sizeof(text));
        text[0] = text[length - 1] = '"';
        text[length / 2] = (char)byte;
        expect(expected, text, length);
    }
}

static void
test_every_byte(void **state)
{
    (void)state;
    check_every_byte(5);
    check_every_byte(40);
    check_every_byte(140);
    check_every_byte(1000);
}

// An own decoder: by the value of the code point, not by tables of bytes.
static bool
is_character(const unsigned char *b, size_t length)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t value = b[0] & (0xFFu >> (length + 1));

    if ((unsigned)b[0] >> (7 - length) != (1u << (length + 1)) - 2)
        return false;
    for (size_t i = 1; i < length; i++) {
        if (b[i] < 0x80 || b[i] > 0xBF)
            return false;
        value = value << 6 | (b[i] & 0x3F);
    }
    return value >= least[length] && value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
}

static void
check_sequence(const unsigned char *bytes, size_t length)
{
    char text[6] = {'"'};
    enum scan_status status;

    memcpy(text + 1, bytes, length);
    text[1 + length] = '"';
    status = scanner_check((struct span){.at = text, .length = length + 2}, 1);
    if (status != (is_character(bytes, length) ? SCAN_OK : SCAN_UTF8))
        fail_msg("%zu bytes %02x %02x %02x %02x: status %d", length, bytes[0], bytes[1], bytes[2],
                 bytes[3], (int)status);
}

static void
test_all_sequences_of_two_and_three(void **state)
{
    unsigned char bytes[4] = {0};

    (void)state;
    for (unsigned first = 0xC0; first < 0xF0; first++) {
        bytes[0] = (unsigned char)first;
        for (unsigned second = 0x80; second < 0x100; second++) {
            bytes[1] = (unsigned char)second;
            if (first < 0xE0)
                check_sequence(bytes, 2);
            for (unsigned third = 0x80; first >= 0xE0 && third < 0x100; third++) {
                bytes[2] = (unsigned char)third;
                check_sequence(bytes, 3);
            }
        }
    }
}

static void
test_sequences_of_four(void **state)
{
    static const unsigned char tails[] = {0x41, 0x7F, 0x80, 0xA5, 0xBF, 0xC0, 0xFF};
    unsigned char bytes[4];

    (void)state;
    for (unsigned first = 0xF0; first < 0xF8; first++)
        for (unsigned second = 0x80; second < 0x100; second++)
            for (size_t i = 0; i < COUNT(tails) * COUNT(tails); i++) {
                bytes[0] = (unsigned char)first;
                bytes[1] = (unsigned char)second;
                bytes[2] = tails[i / COUNT(tails)];
                bytes[3] = tails[i % COUNT(tails)];
                check_sequence(bytes, 4);
            }
}

static void
check_unescape(struct span raw, struct span meant)
{
    char *into = malloc(raw.length);
    struct span copy = exact(raw.at, raw.length);
    size_t length = 0;

    assert_non_null(into);
    length = scanner_unescape(copy, into);
    assert_int_equal(length, meant.length);
    assert_memory_equal(into, meant.at, length);
    // In place, too.
    length = scanner_unescape(copy, (char *)(uintptr_t)copy.at);
    assert_int_equal(length, meant.length);
    assert_memory_equal(copy.at, meant.at, length);
    release(copy);
    free(into);
}

static void
test_unescape(void **state)
{
    (void)state;
    check_unescape(SPAN("plain"), SPAN("plain"));
    check_unescape(SPAN("a\\\"\\\\\\/\\b\\f\\n\\r\\tz"), SPAN("a\"\\/\b\f\n\r\tz"));
    check_unescape(SPAN("\\u0000\\u0041\\u007f"), SPAN("\0A\x7f"));
    check_unescape(SPAN("\\u0080\\u07ff"), SPAN("\xc2\x80\xdf\xbf"));
    check_unescape(SPAN("\\u0800\\uFFFF"), SPAN("\xe0\xa0\x80\xef\xbf\xbf"));
    check_unescape(SPAN("\\ud800\\udc00\\uDBFF\\uDFFF"), SPAN("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
    check_unescape(SPAN("x\\ud83d\\ude00y"), SPAN("x\xf0\x9f\x98\x80y"));
    check_unescape(SPAN("\\\\u0041"), SPAN("\\u0041"));
    check_unescape(SPAN("\xc3\xa9\\u00e9"), SPAN("\xc3\xa9\xc3\xa9"));
}

#define REPLACEMENT "\xef\xbf\xbd"

static void
test_unescape_lone_surrogates(void **state)
{
    (void)state;
    check_unescape(SPAN("\\ud800"), SPAN(REPLACEMENT));
    check_unescape(SPAN("\\udc00"), SPAN(REPLACEMENT));
    check_unescape(SPAN("\\ud800x"), SPAN(REPLACEMENT "x"));
    check_unescape(SPAN("\\ud800\\n"), SPAN(REPLACEMENT "\n"));
    check_unescape(SPAN("\\ud800\\u0041"), SPAN(REPLACEMENT "A"));
    check_unescape(SPAN("\\ud800\\ud800\\udc00"), SPAN(REPLACEMENT "\xf0\x90\x80\x80"));
    check_unescape(SPAN("\\udc00\\ud800"), SPAN(REPLACEMENT REPLACEMENT));
    check_unescape(SPAN("\\ud800abcdef"), SPAN(REPLACEMENT "abcdef"));
    // The borders of the halves.
    check_unescape(SPAN("\\udbff\\udbff"), SPAN(REPLACEMENT REPLACEMENT));
    check_unescape(SPAN("\\udc00\\udc00"), SPAN(REPLACEMENT REPLACEMENT));
    check_unescape(SPAN("\\udfff\\udfff"), SPAN(REPLACEMENT REPLACEMENT));
    check_unescape(SPAN("\\ud800\\ue000"), SPAN(REPLACEMENT "\xee\x80\x80"));
    check_unescape(SPAN("\\ud7ff\\udc00"), SPAN("\xed\x9f\xbf" REPLACEMENT));
    check_unescape(SPAN("\\ud800\\\\uDC00"), SPAN(REPLACEMENT "\\uDC00"));
}

static void
check_name(struct span raw, const char *literal, bool expected)
{
    struct span copy = exact(raw.at, raw.length);

    assert_int_equal(scanner_name_is(copy, literal), expected);
    release(copy);
}

static void
test_name_is(void **state)
{
    (void)state;
    check_name(SPAN("method"), "method", true);
    check_name(SPAN("meth\\u006fd"), "method", true);
    check_name(SPAN("\\u006D\\u0065\\u0074\\u0068\\u006f\\u0064"), "method", true);
    check_name(SPAN(""), "", true);
    check_name(SPAN("a\\/b"), "a/b", true);
    check_name(SPAN("metho"), "method", false);
    check_name(SPAN("methods"), "method", false);
    check_name(SPAN("Method"), "method", false);
    check_name(SPAN("meth\\u006f"), "method", false);
    check_name(SPAN("meth\\u006fds"), "method", false);
    check_name(SPAN("method\\u0000"), "method", false);
    check_name(SPAN("\\u0000"), "", false);
    check_name(SPAN(""), "method", false);
    check_name(SPAN("m\\u00e9thod"), "method", false);
    check_name(SPAN("\\ud83d\\ude00"), "method", false);
    check_name(SPAN("\\n"), "n", false);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_specials_at_every_place),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_all_sequences_of_two_and_three),
        cmocka_unit_test(test_sequences_of_four),
        cmocka_unit_test(test_unescape),
        cmocka_unit_test(test_unescape_lone_surrogates),
        cmocka_unit_test(test_name_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
