// The built-in methods: what echo, sleep and sum_squares answer, and how they refuse wrong params.
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
test_echo_returns_its_params_byte_for_byte(struct fixture *fixture)
{
    static const char *const texts[] = {
        "[]",
        "{}",
        "[ 1 ,\t2 ]",
        "{ \"b\" : 1 , \"a\" : [ ] }",
        "{\"a\":1,\"a\":2}",
        "[-0,0.0,-0.0,1e400,-1E-400,0.10,1E5,1e+05]",
        "[123456789012345678901234567890.123456789012345678901234567890]",
        "[\"\\u00e9\\/\\b\\f\\n\\r\\t\\\"\\\\\"]",
        "[\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \x7f\"]",
        "[\"\\ud800\",\"\\ude00\\ud83d\",\"\\u0000\"]",
        "[null,true,false]",
        "[\"{\\\"jsonrpc\\\":\\\"2.0\\\"}\"]",
        "{\"\":{\"\":{\"\":[[[[]]]]}}}",
    };
    struct peer *peer = open_tcp(fixture);

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        expect_result(peer_ask(peer, REQUEST("1", "echo", "%s"), texts[i]), "1", texts[i]);
        expect_result(peer_ask(peer, REQUEST("1", "cpu.echo", "  %s\t"), texts[i]), "1", texts[i]);
    }
    expect_result(peer_ask(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"}"), "1",
                  "null");
}

static void
test_echo_of_a_mebibyte(struct fixture *fixture)
{
    const size_t size = 1 << 20;
    char *text = malloc(size + 5);
    struct peer *peers[] = {open_tcp(fixture), open_unix(fixture)};

    memcpy(text, "[\"", 2);
    for (size_t i = 0; i < size; i++)
        text[2 + i] = (char)('a' + i * 31 % 26);
    memcpy(text + 2 + size, "\"]", 3);
    for (int i = 0; i < 2; i++)
        for (int round = 0; round < 3; round++)
            expect_result(peer_ask(peers[i], REQUEST("1", "echo", "%s"), text), "1", text);
    free(text);
}

static void
test_echo_of_a_very_long_number(struct fixture *fixture)
{
    char text[100003];
    struct peer *peer = open_tcp(fixture);

    memset(text, '7', sizeof(text));
    text[0] = '[';
    text[50000] = '.';
    strcpy(text + sizeof(text) - 2, "]");
    expect_result(peer_ask(peer, REQUEST("1", "echo", "%s"), text), "1", text);
}

static void
test_sleep_says_the_delay_as_it_was_written(struct fixture *fixture)
{
    static const char *const delays[] = {"0", "0.0", "0.010", "1e-3", "0.01E0", "1E-30"};
    struct peer *peer = open_tcp(fixture);

    for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
        char *expected = NULL;

        assert_true(asprintf(&expected, "\"Operation completed after %s seconds\"", delays[i]) > 0);
        expect_result(peer_ask(peer, REQUEST("1", "sleep", "[%s]"), delays[i]), "1", expected);
        expect_result(peer_ask(peer, REQUEST("1", "sleep", "{ \"delay\" : %s }"), delays[i]), "1",
                      expected);
        free(expected);
    }
}

static void
test_sleep_sleeps(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    int64_t start_us = deadline_in(0);

    expect_result(peer_ask(peer, REQUEST("1", "sleep", "[0.25]")), "1",
                  "\"Operation completed after 0.25 seconds\"");
    assert_true(deadline_in(0) - start_us >= 250000);
}

// The sum of i*i for 0 <= i < n, in closed form, as text.
static void
sum_of_squares(uint64_t n, char text[48])
{
    unsigned __int128 value =
        n == 0 ? 0 : (unsigned __int128)(n - 1) * n / 2 * (2 * (unsigned __int128)n - 1) / 3;
    char digits[48];
    int count = 0;

    do {
        digits[count++] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value > 0);
    for (int i = 0; i < count; i++)
        text[i] = digits[count - 1 - i];
    text[count] = '\0';
}

static void
test_sum_squares_is_exact(struct fixture *fixture)
{
    // The last ones go beyond 64 bits.
    static const uint64_t numbers[] = {0,     1,       2,       3,       1000,
                                       65536, 1000000, 3810778, 3810779, 10000000};
    struct peer *peer = open_tcp(fixture);
    char expected[48];

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        unsigned long long n = numbers[i];

        sum_of_squares(numbers[i], expected);
        expect_result(peer_ask(peer, REQUEST("1", "sum_squares", "{\"n\":%llu}"), n), "1",
                      expected);
        expect_result(peer_ask(peer, REQUEST("1", "cpu.sum_squares", "[%llu]"), n), "1", expected);
    }
    sum_of_squares(1000000, expected);
    assert_string_equal(expected, "333332833333500000"); // the test's own formula
}

// The largest that is allowed runs for hours: it starts, and is cancelled.
static void
test_sum_squares_takes_its_largest_number(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, REQUEST("1", "sum_squares", "{\"n\":4398046511104}"));
    fixture_await(fixture, "pools.0.running", 1);
    peer_say(peer, NOTIFICATION("$/cancelRequest", "{\"id\":1}"));
    expect_error(peer_line(peer), "1", ERROR_CANCELLED);
    fixture_await(fixture, "pools.0.running", 0);
}

struct wrong_params {
    const char *params; // NULL: none at all
    const char *member; // NULL: whatever
};

// Asks with each, and once as a pool's method, and expects -32602 with an explanation.
static void
expect_refused(struct fixture *fixture, const char *method, const struct wrong_params *cases,
               size_t count, const char *expected)
{
    struct peer *peer = open_tcp(fixture);

    for (size_t i = 0; i < count; i++) {
        const char *params = cases[i].params;
        char *line =
            peer_ask(peer, "{\"jsonrpc\":\"2.0\",\"id\":%zu,\"method\":\"%s\"%s%s}", i, method,
                     params == NULL ? "" : ",\"params\":", params == NULL ? "" : params);
        char id[24];
        json_auto_t *data = NULL;

        snprintf(id, sizeof(id), "%zu", i);
        data = expect_error_data(line, id, ERROR_INVALID_PARAMS);
        check_text(data, "expected");
        if (cases[i].member != NULL)
            check_string(data, "member", cases[i].member);
        if (cases[i].member != NULL && expected != NULL)
            check_string(data, "expected", expected);
    }
    expect_result(peer_ask(peer, REQUEST("1", "echo", "[1]")), "1", "[1]");
}

static void
test_sum_squares_refuses_wrong_params(struct fixture *fixture)
{
    static const struct wrong_params wrong[] = {
        {NULL, "n"},
        {"{}", "n"},
        {"[]", "n"},
        {"{\"n\":\"5\"}", "n"},
        {"[\"5\"]", "n"},
        {"{\"n\":-1}", "n"},
        {"[-1]", "n"},
        {"{\"n\":1.5}", "n"},
        {"[0.1]", "n"},
        {"{\"n\":null}", "n"},
        {"{\"n\":true}", "n"},
        {"{\"n\":[1]}", "n"},
        {"{\"n\":{}}", "n"},
        {"{\"n\":4398046511105}", "n"},
        {"[4398046511105]", "n"},
        {"[18446744073709551617]", "n"},
        {"[1e400]", "n"},
        {"[99999999999999999999999999999999999999999999]", "n"},
        {"{\"n\":5,\"n\":-1}", "n"},
    };
    static const struct wrong_params surplus[] = {
        {"{\"n\":5,\"m\":6}", "m"},
        {"{\"m\":6,\"n\":5}", "m"},
        {"{\"n\":5,\"N\":6}", "N"},
        {"[5,6]", NULL},
    };

    expect_refused(fixture, "sum_squares", wrong, sizeof(wrong) / sizeof(wrong[0]),
                   "a whole number from 0 to 4398046511104");
    expect_refused(fixture, "cpu.sum_squares", surplus, sizeof(surplus) / sizeof(surplus[0]), NULL);
}

static void
test_sleep_refuses_wrong_params(struct fixture *fixture)
{
    static const struct wrong_params wrong[] = {
        {NULL, "delay"},
        {"{}", "delay"},
        {"[]", "delay"},
        {"{\"delay\":\"1\"}", "delay"},
        {"{\"delay\":-1}", "delay"},
        {"[-0.001]", "delay"},
        {"{\"delay\":null}", "delay"},
        {"{\"delay\":[1]}", "delay"},
        {"{\"delay\":1e400}", "delay"},
        {"[1e30]", "delay"},
        {"{\"delay\":0,\"delay\":\"x\"}", "delay"},
        {"{\"delay\":0,\"more\":1}", "more"},
        {"{\"Delay\":0}", NULL},
        {"[0,0]", NULL},
    };

    expect_refused(fixture, "sleep", wrong, sizeof(wrong) / sizeof(wrong[0]), NULL);
}

HARNESS_MAIN(SCENARIO(test_echo_returns_its_params_byte_for_byte),
             SCENARIO(test_echo_of_a_mebibyte), SCENARIO(test_echo_of_a_very_long_number),
             SCENARIO(test_sleep_says_the_delay_as_it_was_written), SCENARIO(test_sleep_sleeps),
             SCENARIO(test_sum_squares_is_exact),
             SCENARIO(test_sum_squares_takes_its_largest_number),
             SCENARIO(test_sum_squares_refuses_wrong_params),
             SCENARIO(test_sleep_refuses_wrong_params))
