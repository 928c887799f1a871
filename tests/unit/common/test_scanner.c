// The scanner against the letter of RFC 8259 and RFC 3629. Every text stands in a buffer of exactly
// its size, so that AddressSanitizer sees a read behind its end.
#include "common/scanner.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// A copy that ends where its memory ends; the caller frees .at.
static struct span
exact(const void *text, size_t length)
{
    char *copy = malloc(length);

    assert_non_null(copy);
    memcpy(copy, text, length);
    return (struct span){.at = copy, .length = length};
}

static void
release(struct span text)
{
    free((void *)(uintptr_t)text.at);
}

// Steps through everything with the stepping calls instead of scanner_value.
static bool
walk(struct scanner *scanner)
{
    enum json_kind kind = JSON_KIND_NULL, same = JSON_KIND_NULL;
    struct span span = {0};

    if (!scanner_peek(scanner, &kind))
        return scanner_value(scanner, &kind, &span);
    if (kind == JSON_KIND_OBJECT) {
        if (!scanner_enter(scanner, kind))
            return false;
        while (scanner_member(scanner, &span))
            if (!walk(scanner))
                return false;
        return scanner->status == SCAN_OK;
    }
    if (kind == JSON_KIND_ARRAY) {
        if (!scanner_enter(scanner, kind))
            return false;
        while (scanner_element(scanner))
            if (!walk(scanner))
                return false;
        return scanner->status == SCAN_OK;
    }
    if (!scanner_value(scanner, &same, &span))
        return false;
    assert_int_equal(same, kind);
    return true;
}

// The verdict on a text, which must be the same for both ways through it.
static enum scan_status
verdict(const void *text, size_t length, unsigned depth_max)
{
    struct span copy = exact(text, length);
    enum scan_status status = scanner_check(copy, depth_max);
    struct scanner scanner;

    scanner_init(&scanner, copy, depth_max);
    if (walk(&scanner))
        scanner_finish(&scanner);
    assert_int_equal(scanner.status, status);
    assert_true(scanner_offset(&scanner) <= length);
    if (status != SCAN_OK)
        assert_non_null(scanner.reason);
    release(copy);
    return status;
}

static void
expect(enum scan_status expected, const void *text, size_t length)
{
    enum scan_status status = verdict(text, length, 64);

    if (status != expected)
        fail_msg("status %d instead of %d: %.*s", (int)status, (int)expected, (int)length,
                 (const char *)text);
}

static const struct span accepted[] = {
    SPAN("null"),
    SPAN("true"),
    SPAN("false"),
    SPAN("0"),
    SPAN("-0"),
    SPAN("1"),
    SPAN("-1"),
    SPAN("10"),
    SPAN("1234567890123456789012345678901234567890"),
    SPAN("0.0"),
    SPAN("-0.5"),
    SPAN("1.25"),
    SPAN("0e0"),
    SPAN("0E+0"),
    SPAN("1e-1"),
    SPAN("1e400"),
    SPAN("-1.5E+999999"),
    SPAN("1e0000000000000000000000000000001"),
    SPAN("0.00000000000000000000000000000000000001"),
    SPAN("\"\""),
    SPAN("\"a\""),
    SPAN("\" \""),
    SPAN("\"\x7f\""),
    SPAN("\"/\""),
    SPAN("\"'\""),
    SPAN("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    SPAN("\"\\u0000\""),
    SPAN("\"\\uabcd\\uABCD\\uef01\""),
    SPAN("\"\\ud83d\\ude00\""),
    SPAN("\"\\ud800\""),
    SPAN("\"\\udc00\""),
    SPAN("\"\\ud800x\""),
    SPAN("\"\\udc00\\ud800\""),
    SPAN("\"\\\\u12\""),
    SPAN("\"[{]}:,\""),
    SPAN("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""),
    SPAN("\"\xe2\x80\xa8\xe2\x80\xa9\""),
    SPAN("\"\xef\xbb\xbf\""),
    SPAN("\"\xef\xbf\xbf\""),
    SPAN("\"\xf4\x8f\xbf\xbf\""),
    SPAN("[]"),
    SPAN("{}"),
    SPAN("[ ]"),
    SPAN("{ }"),
    SPAN("[[]]"),
    SPAN("[{}]"),
    SPAN("[[],[]]"),
    SPAN("[1,2,3]"),
    SPAN("[1 ,\t2\r,\n3 ]"),
    SPAN("{\"a\":1}"),
    SPAN("{\"a\" : 1 , \"b\" : 2 }"),
    SPAN("{\"\":0}"),
    SPAN("{\"a\":1,\"a\":2}"),
    SPAN("{\"\\u0061\\u0000\":{\"b\":[{}]}}"),
    SPAN(" \t\r\n1 \t\r\n"),
    SPAN(" {} "),
    SPAN("[null,true,false,\"\",0,{},[]]"),
    SPAN("[[[[[[[[[[[[]]]]]]]]]]]]"),
    SPAN("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":[1]}}}}}"),
    SPAN("[{\"a\":[{\"b\":[]}, {}]}, [[], {\"c\":[]}]]"),
    SPAN("\"\\u00e9 \xc3\xa9\""),
};

static const struct span refused[] = {
    // Nothing, or not enough.
    SPAN(""),
    SPAN(" "),
    SPAN("["),
    SPAN("{"),
    SPAN("\""),
    SPAN("["),
    SPAN("[1"),
    SPAN("[1,"),
    SPAN("{\"a\""),
    SPAN("{\"a\":"),
    SPAN("{\"a\":1"),
    SPAN("{\"a\":1,"),
    SPAN("-"),
    SPAN("t"),
    SPAN("tru"),
    SPAN("fals"),
    SPAN("nul"),
    SPAN("\"\\"),
    SPAN("\"\\\""),
    SPAN("\"\\u"),
    SPAN("\"\\u000"),
    SPAN("\"\\u0000"),
    SPAN("\"abc"),
    // Too much.
    SPAN("1 2"),
    SPAN("{}{}"),
    SPAN("[]]"),
    SPAN("{}}"),
    SPAN("1,"),
    SPAN("\"a\"b"),
    SPAN("nulll"),
    SPAN("true false"),
    SPAN("[1]x"),
    SPAN("null\0"),
    SPAN("1\0"),
    SPAN("{}\0"),
    // Separators and brackets.
    SPAN("[,]"),
    SPAN("[1,]"),
    SPAN("[,1]"),
    SPAN("[1,,2]"),
    SPAN("[1 2]"),
    SPAN("[1:2]"),
    SPAN("{,}"),
    SPAN("{\"a\":1,}"),
    SPAN("{\"a\" 1}"),
    SPAN("{\"a\",1}"),
    SPAN("{\"a\":}"),
    SPAN("{:1}"),
    SPAN("{1:1}"),
    SPAN("{a:1}"),
    SPAN("{'a':1}"),
    SPAN("{null:1}"),
    SPAN("{[]:1}"),
    SPAN("{\"a\":1 \"b\":2}"),
    SPAN("{\"a\"::1}"),
    SPAN("{\"a\":1,,\"b\":2}"),
    SPAN("{\"a\"}"),
    SPAN("[}"),
    SPAN("{]"),
    SPAN("[1}"),
    SPAN("{\"a\":1]"),
    SPAN("[[]"),
    SPAN("[{]}"),
    SPAN("]"),
    SPAN("}"),
    SPAN(","),
    SPAN(":"),
    SPAN("[\"a\":1]"),
    SPAN("{\"a\":[}]"),
    // Words.
    SPAN("True"),
    SPAN("NULL"),
    SPAN("nil"),
    SPAN("undefined"),
    SPAN("NaN"),
    SPAN("Infinity"),
    SPAN("-Infinity"),
    SPAN("nuLl"),
    SPAN("trux"),
    SPAN("falsy"),
    SPAN("'a'"),
    SPAN("a"),
    // Numbers.
    SPAN("00"),
    SPAN("01"),
    SPAN("-01"),
    SPAN("+1"),
    SPAN("--1"),
    SPAN("-"),
    SPAN("- 1"),
    SPAN("."),
    SPAN(".5"),
    SPAN("-.5"),
    SPAN("1."),
    SPAN("1.e1"),
    SPAN("1..2"),
    SPAN("1.2.3"),
    SPAN("1e"),
    SPAN("1e+"),
    SPAN("1E-"),
    SPAN("1e1.5"),
    SPAN("1e1e1"),
    SPAN("0x10"),
    SPAN("1_000"),
    SPAN("1a"),
    SPAN("-a"),
    SPAN("1e a"),
    SPAN("0e"),
    SPAN("1+1"),
    SPAN("1-"),
    SPAN("\xef\xbc\x91"),
    // Strings.
    SPAN("\"\\a\""),
    SPAN("\"\\x00\""),
    SPAN("\"\\'\""),
    SPAN("\"\\0\""),
    SPAN("\"\\ \""),
    SPAN("\"\\U0000\""),
    SPAN("\"\\u00g0\""),
    SPAN("\"\\u 000\""),
    SPAN("\"\\u-001\""),
    SPAN("\"\\u000\""),
    SPAN("\"\\u\""),
    SPAN("\"\\\xc3\xa9\""),
    SPAN("\"\\\0\""),
    SPAN("\"\x01\""),
    SPAN("\"\x1f\""),
    SPAN("\"\n\""),
    SPAN("\"\t\""),
    SPAN("\"\0\""),
    SPAN("{\"a\n\":1}"),
    SPAN("\"\\u00\"00\""),
    SPAN("\"a\\\n\""),
    // White space and comments that RFC 8259 does not know.
    SPAN("\x0c"
         "1"),
    SPAN("\x0b"
         "1"),
    SPAN("1\xc2\xa0"),
    SPAN("\xef\xbb\xbf"
         "1"),
    SPAN("/**/1"),
    SPAN("1//"),
    SPAN("#\n1"),
    SPAN("\0"
         "1"),
    SPAN("[1,\0"
         "2]"),
    SPAN("[\x08]"),
    SPAN("\xe2\x80\xa8"
         "1"),
    // Bytes that are no text outside a string.
    SPAN("\xff"),
    SPAN("[\xc3\xa9]"),
    SPAN("{\xc3\xa9:1}"),
    SPAN("\x80"),
};

static const struct span not_utf8[] = {
    SPAN("\"\x80\""),             // a tail alone
    SPAN("\"\xbf\""),             //
    SPAN("\"\xc0\x80\""),         // overlong NUL
    SPAN("\"\xc1\xbf\""),         // overlong, two bytes
    SPAN("\"\xe0\x80\x80\""),     // overlong, three bytes
    SPAN("\"\xe0\x9f\xbf\""),     //
    SPAN("\"\xf0\x80\x80\x80\""), // overlong, four bytes
    SPAN("\"\xf0\x8f\xbf\xbf\""), //
    SPAN("\"\xed\xa0\x80\""),     // surrogates
    SPAN("\"\xed\xbf\xbf\""),     //
    SPAN("\"\xed\xa0\xbd\xed\xb8\x80\""),
    SPAN("\"\xf4\x90\x80\x80\""), // above U+10FFFF
    SPAN("\"\xf5\x80\x80\x80\""), //
    SPAN("\"\xf8\x88\x80\x80\x80\""),
    SPAN("\"\xfc\x84\x80\x80\x80\x80\""),
    SPAN("\"\xfe\""),
    SPAN("\"\xff\""),
    SPAN("\"\xc3\""), // cut short by the quote
    SPAN("\"\xe2\x82\""),
    SPAN("\"\xf0\x9f\x98\""),
    SPAN("\"\xc3"), // cut short by the end
    SPAN("\"\xe2\x82"),
    SPAN("\"\xf0\x9f\x98"),
    SPAN("\"\xc3(\""), // a wrong tail
    SPAN("\"\xe2(\xa1\""),
    SPAN("\"\xe2\x82(\""),
    SPAN("\"\xf0(\x8c\xbc\""),
    SPAN("\"\xf0\x90(\xbc\""),
    SPAN("\"\xf0\x90\x8c(\""),
    SPAN("\"\xc3\xc3\xa9\""),
    SPAN("{\"\xff\":1}"),
    SPAN("[\"ok\",\"\xe9\"]"), // Latin-1
};

static void
test_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++)
        expect(SCAN_OK, accepted[i].at, accepted[i].length);
}

static void
test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++)
        expect(SCAN_SYNTAX, refused[i].at, refused[i].length);
}

static void
test_not_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(not_utf8); i++)
        expect(SCAN_UTF8, not_utf8[i].at, not_utf8[i].length);
}

// What is right alone must be right, and what is wrong alone must be wrong, inside of others.
static void
test_embedded(void **state)
{
    static const char *const frames[][2] = {
        {"[", "]"}, {"{\"k\":", "}"}, {"[0,", ",1]"}, {"{\"a\":1,\"k\":[[", "]],\"z\":2}"}};
    char text[256];

    (void)state;
    for (size_t f = 0; f < COUNT(frames); f++) {
        size_t before = strlen(frames[f][0]), after = strlen(frames[f][1]);

        for (size_t i = 0; i < COUNT(accepted) + COUNT(not_utf8); i++) {
            bool good = i < COUNT(accepted);
            struct span inner = good ? accepted[i] : not_utf8[i - COUNT(accepted)];

            memcpy(text, frames[f][0], before);
            memcpy(text + before, inner.at, inner.length);
            memcpy(text + before + inner.length, frames[f][1], after);
            expect(good ? SCAN_OK : SCAN_UTF8, text, before + inner.length + after);
        }
    }
}

static const char whole_text[] =
    "{\"jsonrpc\":\"2.0\",\"method\":\"a\\\"b\\u00e9\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\","
    "\"params\":[1,-2.5e+10,true,false,null,[],{},[[1],[2,{\"k\":\"v\"}]]],\"id\":\"x\"}";

static void
test_every_prefix_is_refused(void **state)
{
    size_t length = sizeof(whole_text) - 1;

    (void)state;
    expect(SCAN_OK, whole_text, length);
    for (size_t cut = 0; cut < length; cut++)
        assert_int_not_equal(verdict(whole_text, cut, 64), SCAN_OK);
}

// Outside of strings, no byte may be replaced by a NUL; inside neither.
static void
test_nul_at_every_place_is_refused(void **state)
{
    char text[sizeof(whole_text)];
    size_t length = sizeof(whole_text) - 1;

    (void)state;
    for (size_t at = 0; at < length; at++) {
        memcpy(text, whole_text, sizeof(text));
        text[at] = '\0';
        assert_int_not_equal(verdict(text, length, 64), SCAN_OK);
    }
}

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

// A text of `depth` containers in each other, objects where the pattern says so. *ret_closings is
// where the closing brackets begin.
static size_t
nest(char *text, unsigned depth, unsigned pattern, size_t *ret_closings)
{
    size_t length = 0;

    for (unsigned level = 0; level < depth; level++) {
        if (pattern >> (level % 7) & 1)
            length += (size_t)sprintf(text + length, "{\"a\":");
        else
            text[length++] = '[';
    }
    text[length++] = '1';
    *ret_closings = length;
    for (unsigned level = depth; level-- > 0;)
        text[length++] = pattern >> (level % 7) & 1 ? '}' : ']';
    return length;
}

static void
test_depth_at_the_border(void **state)
{
    static const unsigned depths[] = {0, 1, 2, 63, 64, 65, 127, 128, 129, 1023, 1024};
    char text[8 * (SCANNER_DEPTH_LIMIT + 1)];
    size_t closings;

    (void)state;
    for (size_t i = 0; i < COUNT(depths); i++)
        for (unsigned pattern = 0; pattern < 128; pattern += 9) {
            size_t length = nest(text, depths[i], pattern, &closings);

            assert_int_equal(verdict(text, length, depths[i]), SCAN_OK);
            length = nest(text, depths[i] + 1, pattern, &closings);
            assert_int_equal(verdict(text, length, depths[i]), SCAN_DEPTH);
        }
    // The clamp: asking for more than the limit changes nothing.
    assert_int_equal(verdict(text, nest(text, 1024, 0x55, &closings), 100000), SCAN_OK);
    assert_int_equal(verdict(text, nest(text, 1025, 0x55, &closings), 100000), SCAN_DEPTH);
    // Empty containers count as well.
    assert_int_equal(verdict("[[]]", 4, 1), SCAN_DEPTH);
    assert_int_equal(verdict("[{}]", 4, 1), SCAN_DEPTH);
    assert_int_equal(verdict("[{}]", 4, 2), SCAN_OK);
    assert_int_equal(verdict("[[],[],{}]", 10, 2), SCAN_OK);
}

static void
test_depth_counts_from_the_top_when_entered(void **state)
{
    struct scanner scanner;
    enum json_kind kind = JSON_KIND_NULL;
    struct span span = {0};

    (void)state;
    scanner_init(&scanner, SPAN("[[[[]]]]"), 3);
    assert_true(scanner_enter(&scanner, JSON_KIND_ARRAY));
    assert_true(scanner_element(&scanner));
    assert_false(scanner_value(&scanner, &kind, &span));
    assert_int_equal(scanner.status, SCAN_DEPTH);
    assert_int_equal(scanner_offset(&scanner), 3);
}

// At any depth the closing bracket must be the one of its container.
static void
test_wrong_closing_at_every_level(void **state)
{
    char text[8 * 200];
    size_t closings, length = nest(text, 150, 0x2d, &closings);

    (void)state;
    for (size_t at = closings; at < length; at++) {
        char right = text[at];

        text[at] = right == ']' ? '}' : ']';
        assert_int_equal(verdict(text, length, 1024), SCAN_SYNTAX);
        text[at] = right;
    }
}

static void
test_long_numbers_and_white_space(void **state)
{
    size_t size = 100000;
    char *text = malloc(size);

    (void)state;
    assert_non_null(text);
    memset(text, '7', size);
    expect(SCAN_OK, text, size);
    text[size / 2] = '.';
    expect(SCAN_OK, text, size);
    text[size / 2 + 100] = 'e';
    expect(SCAN_OK, text, size);
    text[size - 1] = 'e';
    expect(SCAN_SYNTAX, text, size);
    memset(text, ' ', size);
    expect(SCAN_SYNTAX, text, size);
    text[size - 1] = '1';
    expect(SCAN_OK, text, size);
    // A digit run of each short length ends right.
    for (size_t length = 1; length < 40; length++) {
        memset(text, '9', length);
        expect(SCAN_OK, text, length);
        text[length] = ' ';
        expect(SCAN_OK, text, length + 1);
        text[length] = ':';
        expect(SCAN_SYNTAX, text, length + 1);
        text[length] = '/';
        expect(SCAN_SYNTAX, text, length + 1);
    }
    free(text);
}

static void
test_kinds_and_spans(void **state)
{
    static const struct {
        const char *text;
        enum json_kind kind;
        const char *value;
    } cases[] = {
        {" null ", JSON_KIND_NULL, "null"},
        {"true", JSON_KIND_TRUE, "true"},
        {"\tfalse", JSON_KIND_FALSE, "false"},
        {"-1.5e3 ", JSON_KIND_NUMBER, "-1.5e3"},
        {" \"a\\\"b\" ", JSON_KIND_STRING, "\"a\\\"b\""},
        {" [ 1 , 2 ] ", JSON_KIND_ARRAY, "[ 1 , 2 ]"},
        {"\n{ \"a\" : { } }\n", JSON_KIND_OBJECT, "{ \"a\" : { } }"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scanner scanner;
        enum json_kind kind = JSON_KIND_NULL, peeked = JSON_KIND_NULL;
        struct span span = {0};

        scanner_init(&scanner, span_of(cases[i].text), 8);
        assert_true(scanner_peek(&scanner, &peeked));
        assert_int_equal(scanner_offset(&scanner), 0);
        assert_true(scanner_value(&scanner, &kind, &span));
        assert_int_equal(kind, cases[i].kind);
        assert_int_equal(peeked, kind);
        assert_true(span_is(span, cases[i].value));
        assert_true(scanner_finish(&scanner));
        assert_int_equal(scanner_offset(&scanner), strlen(cases[i].text));
    }
}

static void
test_stepping(void **state)
{
    struct scanner scanner;
    struct span name = {0}, value = {0};
    enum json_kind kind = JSON_KIND_NULL;

    (void)state;
    scanner_init(&scanner, SPAN(" { \"a\" : [ 1 , [ ] , \"x\" ] , \"b\\n\" : { } } "), 8);
    assert_true(scanner_enter(&scanner, JSON_KIND_OBJECT));
    assert_int_equal(scanner.depth, 1);
    assert_true(scanner_member(&scanner, &name));
    assert_true(span_is(name, "a"));
    assert_true(scanner_enter(&scanner, JSON_KIND_ARRAY));
    assert_true(scanner_element(&scanner));
    assert_true(scanner_value(&scanner, &kind, &value));
    assert_true(span_is(value, "1"));
    assert_true(scanner_element(&scanner));
    assert_true(scanner_enter(&scanner, JSON_KIND_ARRAY));
    assert_false(scanner_element(&scanner));
    assert_int_equal(scanner.depth, 2);
    assert_true(scanner_element(&scanner));
    assert_true(scanner_value(&scanner, &kind, &value));
    assert_true(span_is(value, "\"x\""));
    assert_false(scanner_element(&scanner));
    assert_true(scanner_member(&scanner, &name));
    assert_true(span_is(name, "b\\n"));
    assert_true(scanner_enter(&scanner, JSON_KIND_OBJECT));
    assert_false(scanner_member(&scanner, &name));
    assert_false(scanner_member(&scanner, &name));
    assert_int_equal(scanner.status, SCAN_OK);
    assert_int_equal(scanner.depth, 0);
    assert_true(scanner_finish(&scanner));
}

static void
test_errors_stay_and_outputs_are_untouched(void **state)
{
    struct scanner scanner;
    struct span span = SPAN("before");
    enum json_kind kind = JSON_KIND_TRUE;
    const char *reason;

    (void)state;
    scanner_init(&scanner, SPAN("[1 2]"), 8);
    assert_false(scanner_value(&scanner, &kind, &span));
    assert_int_equal(scanner.status, SCAN_SYNTAX);
    assert_int_equal(scanner_offset(&scanner), 3);
    reason = scanner.reason;
    assert_string_equal(reason, "expected ',' or ']'");
    assert_false(scanner_value(&scanner, &kind, &span));
    assert_false(scanner_peek(&scanner, &kind));
    assert_false(scanner_enter(&scanner, JSON_KIND_ARRAY));
    assert_false(scanner_member(&scanner, &span));
    assert_false(scanner_element(&scanner));
    assert_false(scanner_finish(&scanner));
    assert_ptr_equal(scanner.reason, reason);
    assert_int_equal(scanner_offset(&scanner), 3);
    assert_int_equal(kind, JSON_KIND_TRUE);
    assert_true(span_is(span, "before"));
}

static void
test_entering_the_wrong_kind(void **state)
{
    struct scanner scanner;

    (void)state;
    scanner_init(&scanner, SPAN("{}"), 8);
    assert_false(scanner_enter(&scanner, JSON_KIND_ARRAY));
    assert_int_equal(scanner.status, SCAN_SYNTAX);
    scanner_init(&scanner, SPAN(""), 8);
    assert_false(scanner_enter(&scanner, JSON_KIND_OBJECT));
    assert_string_equal(scanner.reason, "unexpected end");
    // An entered container that was not left is not finished.
    scanner_init(&scanner, SPAN("["), 8);
    assert_true(scanner_enter(&scanner, JSON_KIND_ARRAY));
    assert_false(scanner_finish(&scanner));
    assert_int_equal(scanner.status, SCAN_SYNTAX);
}

static void
test_where_and_why(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
        const char *reason;
    } cases[] = {
        {"", 0, "unexpected end"},
        {"{\"a\"}", 4, "expected ':' after a member's name"},
        {"{\"a\":1", 6, "unexpected end"},
        {"{\"a\":1]", 6, "expected ',' or '}'"},
        {"{a}", 1, "expected a member's name"},
        {"[1,]", 3, "expected a value"},
        {"[nul]", 1, "expected true, false or null"},
        {"[-x]", 2, "expected a digit"},
        {"[\"a\nb\"]", 3, "a control character in a string must be escaped"},
        {"[\"a\\qb\"]", 3, "unknown escape in a string"},
        {"[\"a\\u00x0\"]", 3, "expected four hexadecimal digits after \\u"},
        {"[\"ab\xff\"]", 4, "a string is not UTF-8"},
        {"[] x", 3, "expected nothing more"},
        {"[[[1]]]", 2, "nested too deep"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scanner scanner;
        enum json_kind kind = JSON_KIND_NULL;
        struct span span = {0};

        scanner_init(&scanner, span_of(cases[i].text), 2);
        if (scanner_value(&scanner, &kind, &span))
            assert_false(scanner_finish(&scanner));
        assert_string_equal(scanner.reason, cases[i].reason);
        assert_int_equal(scanner_offset(&scanner), cases[i].offset);
    }
}

static void
check_corpus_file(const char *name)
{
    char path[4096], *text = NULL;
    size_t capacity = 0;
    ssize_t length;
    FILE *file;

    snprintf(path, sizeof(path), TESTS_DIR "/fuzz/corpus/scanner/%s", name);
    file = fopen(path, "rb");
    assert_non_null(file);
    // The whole file: no input holds a byte that getdelim could stop at before its end.
    length = getdelim(&text, &capacity, 0x04, file);
    if (length < 0)
        length = 0;
    assert_int_equal(fgetc(file), EOF);
    if ((verdict(text, (size_t)length, SCANNER_DEPTH_LIMIT) == SCAN_OK) != (name[0] == 'y'))
        fail_msg("%s: wrong verdict", name);
    free(text);
    fclose(file);
}

static int
is_named_by_verdict(const struct dirent *entry)
{
    return strncmp(entry->d_name, "y_", 2) == 0 || strncmp(entry->d_name, "n_", 2) == 0;
}

// The files of the fuzz corpus that say by their names what is right: y_ is JSON, n_ is not.
static void
test_corpus(void **state)
{
    struct dirent **entries;
    int count = scandir(TESTS_DIR "/fuzz/corpus/scanner", &entries, is_named_by_verdict, alphasort);

    (void)state;
    assert_true(count > 100);
    for (int i = 0; i < count; i++) {
        check_corpus_file(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

static void
test_absent_text(void **state)
{
    (void)state;
    assert_int_equal(scanner_check((struct span){0}, 8), SCAN_SYNTAX);
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
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_not_utf8),
        cmocka_unit_test(test_embedded),
        cmocka_unit_test(test_every_prefix_is_refused),
        cmocka_unit_test(test_nul_at_every_place_is_refused),
        cmocka_unit_test(test_specials_at_every_place),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_all_sequences_of_two_and_three),
        cmocka_unit_test(test_sequences_of_four),
        cmocka_unit_test(test_depth_at_the_border),
        cmocka_unit_test(test_depth_counts_from_the_top_when_entered),
        cmocka_unit_test(test_wrong_closing_at_every_level),
        cmocka_unit_test(test_long_numbers_and_white_space),
        cmocka_unit_test(test_kinds_and_spans),
        cmocka_unit_test(test_stepping),
        cmocka_unit_test(test_errors_stay_and_outputs_are_untouched),
        cmocka_unit_test(test_entering_the_wrong_kind),
        cmocka_unit_test(test_where_and_why),
        cmocka_unit_test(test_corpus),
        cmocka_unit_test(test_absent_text),
        cmocka_unit_test(test_unescape),
        cmocka_unit_test(test_unescape_lone_surrogates),
        cmocka_unit_test(test_name_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
