// The scanner against the letter of RFC 8259: tables of texts, whole ones and pieces of them, and
// the files of the fuzz corpus.
#include "tests/unit/common/scanner_verdict.h"

#include <dirent.h>

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
        cmocka_unit_test(test_long_numbers_and_white_space),
        cmocka_unit_test(test_corpus),
        cmocka_unit_test(test_absent_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
