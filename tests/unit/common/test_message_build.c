// What is built for the wire.
#include "common/scanner.h"
#include "tests/unit/common/message_parsed.h"

static void
expect_built(const struct iovec *iov, int count, const char *expected)
{
    size_t length = 0;
    char *joined = message_join(iov, count, &length);

    assert_true(count <= MESSAGE_IOV_MAX);
    assert_non_null(joined);
    assert_string_equal(joined, expected);
    assert_int_equal(length, strlen(expected));
    free(joined);
}

static void
test_building(void **state)
{
    struct iovec iov[MESSAGE_IOV_MAX];
    struct span absent = {0};

    (void)state;
    expect_built(iov, message_result_iov(iov, SPAN("\"a\""), SPAN("[1, 2]")),
                 "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"result\":[1, 2]}");
    expect_built(iov, message_result_iov(iov, absent, SPAN("null")),
                 "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":null}");
    expect_built(iov, message_result_iov(iov, SPAN("1"), absent),
                 "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}");
    expect_built(iov, message_error_iov(iov, SPAN("1"), SPAN("{\"code\":1}")),
                 "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1}}");
    expect_built(iov, message_error_iov(iov, absent, SPAN("{}")),
                 "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{}}");
    expect_built(iov, message_request_iov(iov, SPAN("7"), SPAN("echo"), SPAN("{\"a\":1}")),
                 "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"echo\",\"params\":{\"a\":1}}");
    expect_built(iov, message_request_iov(iov, SPAN("7"), SPAN("echo"), absent),
                 "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"echo\"}");
    expect_built(iov, message_request_iov(iov, absent, SPAN("$/progress"), SPAN("[]")),
                 "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":[]}");
    expect_built(iov, message_request_iov(iov, absent, SPAN("x"), absent),
                 "{\"jsonrpc\":\"2.0\",\"method\":\"x\"}");
    expect_built(iov, 0, "");
}

// What is built is read back as the same.
static void
test_built_is_parsed(void **state)
{
    static const struct expected expected = {
        .kind = MESSAGE_REQUEST, .id = "\"\\u0000\"", .method = "a.b", .params = "[ ]"};
    struct iovec iov[MESSAGE_IOV_MAX];
    struct parsed parsed;
    size_t length = 0;
    char *joined = message_join(
        iov, message_request_iov(iov, SPAN("\"\\u0000\""), SPAN("a.b"), SPAN("[ ]")), &length);

    (void)state;
    assert_non_null(joined);
    parse(&parsed, (struct span){.at = joined, .length = length});
    assert_int_equal(parsed.status, MESSAGES_OK);
    expect_message(&parsed.messages.items[0], &expected);
    release(&parsed);
    free(joined);
}

static void
test_method_is_plain(void **state)
{
    (void)state;
    assert_true(message_method_is_plain(SPAN("echo")));
    assert_true(message_method_is_plain(SPAN("$/a b~!#[]")));
    assert_true(message_method_is_plain(SPAN("")));
    assert_false(message_method_is_plain(SPAN("a\"b")));
    assert_false(message_method_is_plain(SPAN("a\\b")));
    assert_false(message_method_is_plain(SPAN("a\nb")));
    assert_false(message_method_is_plain(SPAN("a\x7f")));
    assert_false(message_method_is_plain(SPAN("a\0")));
    assert_false(message_method_is_plain(SPAN("\xc3\xa9")));
}

static void
expect_quoted(struct span text, const char *expected)
{
    size_t length = 0;
    char *copy = malloc(text.length), *quoted;

    assert_non_null(copy);
    memcpy(copy, text.at, text.length);
    quoted = message_quote((struct span){.at = copy, .length = text.length}, &length);
    assert_non_null(quoted);
    assert_string_equal(quoted, expected);
    assert_int_equal(length, strlen(expected));
    assert_int_equal(scanner_check((struct span){.at = quoted, .length = length}, 1), SCAN_OK);
    free(quoted);
    free(copy);
}

#define REPLACEMENT "\xef\xbf\xbd"

static void
test_quote(void **state)
{
    (void)state;
    expect_quoted(SPAN(""), "\"\"");
    expect_quoted(SPAN("plain /'<>&\x7f"), "\"plain /'<>&\x7f\"");
    expect_quoted(SPAN("a\"b\\c"), "\"a\\\"b\\\\c\"");
    expect_quoted(SPAN("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
    expect_quoted(SPAN("\0\x01\x1f"), "\"\\u0000\\u0001\\u001f\"");
    expect_quoted(SPAN("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
                  "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
    expect_quoted(SPAN("a\xffz"), "\"a" REPLACEMENT "z\"");
    expect_quoted(SPAN("\xed\xa0\x80"), "\"" REPLACEMENT REPLACEMENT REPLACEMENT "\"");
    expect_quoted(SPAN("\xc3"), "\"" REPLACEMENT "\"");
    expect_quoted(SPAN("\xe2\x82"), "\"" REPLACEMENT REPLACEMENT "\"");
}

// Every byte, alone and as the last one, gives JSON that means it (or U+FFFD).
static void
test_quote_every_byte(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        char text[3] = {'x', (char)byte, 'y'}, meant[32];
        size_t length = 0, size = 0;
        char *quoted = message_quote((struct span){.at = text, .length = 3}, &length);

        assert_non_null(quoted);
        size = scanner_unescape((struct span){.at = quoted + 1, .length = length - 2}, meant);
        if (byte < 0x80) {
            assert_int_equal(size, 3);
            assert_memory_equal(meant, text, 3);
        } else {
            assert_int_equal(size, 5);
            assert_memory_equal(meant, "x" REPLACEMENT "y", 5);
        }
        free(quoted);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_building),         cmocka_unit_test(test_built_is_parsed),
        cmocka_unit_test(test_method_is_plain),  cmocka_unit_test(test_quote),
        cmocka_unit_test(test_quote_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
