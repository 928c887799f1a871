// What is too large: lines, nesting, batches. Each is refused with the limit's name; the session
// lives on, and nobody else notices.
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// An echo request of exactly that many bytes; caller frees.
static char *
request_of(size_t length)
{
    static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":[\"";
    static const char tail[] = "\"]}";
    char *line = malloc(length + 1);

    memset(line, 'x', length);
    memcpy(line, head, sizeof(head) - 1);
    memcpy(line + length - sizeof(tail) + 1, tail, sizeof(tail));
    return line;
}

static void
test_a_long_line_is_skipped(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    struct peer *other = open_unix(fixture);
    const size_t lengths[] = {4097, 5000, 8192, 70000, 1 << 20, 16 << 20};
    char *line = request_of(4096);
    char *params = strdup(strstr(line, "[\"x"));

    params[strlen(params) - 1] = '\0'; // the request's brace
    expect_result(peer_ask(peer, "%s", line), "1", params);
    free(params);
    free(line);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        line = request_of(lengths[i]);
        expect_limit(peer_ask(peer, "%s", line), "null", ERROR_INVALID_REQUEST, "line-max");
        free(line);
        expect_pong(peer);
        expect_pong(other);
    }
}

// Two requests around a long line, all in one write, and one more that is cut by the end.
static void
test_the_neighbours_of_a_long_line(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    char *line = request_of(9000);

    peer_say(peer, PING "\n%s\n" PING, line);
    expect_result(peer_line(peer), "\"p\"", "\"pong\"");
    expect_limit(peer_line(peer), "null", ERROR_INVALID_REQUEST, "line-max");
    expect_result(peer_line(peer), "\"p\"", "\"pong\"");
    peer_send(peer, line, strlen(line)); // and no newline
    free(line);
    peer_half_close(peer);
    expect_limit(peer_line(peer), "null", ERROR_INVALID_REQUEST, "line-max");
    peer_expect_end(peer);
}

static void
test_the_limit_is_named_with_its_value(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    char *line = request_of(5000);
    json_auto_t *data =
        expect_error_data(peer_ask(peer, "%s", line), "null", ERROR_INVALID_REQUEST);

    free(line);
    check_integer(data, "max", 4096);
}

// `depth` arrays in each other.
static void
write_nested(char *text, size_t depth)
{
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
}

static void
test_deep_nesting(struct fixture *fixture)
{
    static char text[2 * 300001];
    struct peer *peer = open_tcp(fixture);
    struct peer *other = open_unix(fixture);
    const size_t too_deep[] = {64, 65, 1000, 300000};

    write_nested(text, 63); // and the request around it: 64
    expect_result(peer_ask(peer, REQUEST("1", "echo", "%s"), text), "1", text);
    for (size_t i = 0; i < sizeof(too_deep) / sizeof(too_deep[0]); i++) {
        write_nested(text, too_deep[i]);
        expect_limit(peer_ask(peer, REQUEST("1", "echo", "%s"), text), "null",
                     ERROR_INVALID_REQUEST, "depth-max");
        expect_pong(peer);
        expect_pong(other);
    }
}

// A batch of so many echo requests.
static void
say_batch(struct peer *peer, size_t count)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    for (size_t i = 0; i < count; i++)
        fprintf(out, "%c" REQUEST("%zu", "echo", "[]"), i == 0 ? '[' : ',', i);
    fputc(']', out);
    fclose(out);
    peer_say(peer, "%s", text);
    free(text);
}

static void
test_large_batch(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    struct peer *other = open_unix(fixture);
    json_auto_t *answers = NULL;
    json_auto_t *data = NULL;

    say_batch(peer, 4);
    answers = parse_json(peer_line(peer));
    assert_int_equal(json_array_size(answers), 4);
    say_batch(peer, 5);
    data = expect_error_data(peer_line(peer), "null", ERROR_INVALID_REQUEST);
    check_string(data, "limit", "batch-max");
    check_integer(data, "max", 4);
    say_batch(peer, 20000);
    expect_limit(peer_line(peer), "null", ERROR_INVALID_REQUEST, "batch-max");
    expect_pong(peer);
    expect_pong(other);
}

// Elements that are no requests count as well: a line of commas must not cost memory.
static void
test_large_batch_of_rubbish(struct fixture *fixture)
{
    const size_t count = 1000000;
    char *text = malloc(2 * count + 2);
    struct peer *peer = open_tcp(fixture);

    for (size_t i = 0; i < count; i++)
        memcpy(text + 2 * i, i == 0 ? "[1" : ",1", 2);
    strcpy(text + 2 * count, "]");
    expect_limit(peer_ask(peer, "%s", text), "null", ERROR_INVALID_REQUEST, "batch-max");
    expect_pong(peer);
    free(text);
}

// A page in somebody's browser can send this to any port of the machine; its body must not be run.
static void
expect_http_turned_away(struct fixture *fixture, const char *path, int code)
{
    struct peer *peer = open_tcp(fixture);
    char *text = NULL;

    assert_true(asprintf(&text,
                         "POST /%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
                         "Content-Length: 60\r\n\r\n" REQUEST("1", "sum_squares", "[10]") "\n",
                         path) > 0);
    peer_send(peer, text, strlen(text));
    free(text);
    expect_error(peer_line(peer), "null", code);
    peer_expect_end(peer);
    assert_int_equal(fixture_number(fixture, "jobs.succeeded"), 0);
}

static void
test_http_is_turned_away(struct fixture *fixture)
{
    expect_http_turned_away(fixture, "", ERROR_PARSE);
    expect_http_turned_away(fixture, "rpc?x=%%7B%%7D", ERROR_PARSE);
}

// Its first line must not slip through because it is longer than a line may be.
static void
test_http_with_a_long_path_is_turned_away(struct fixture *fixture)
{
    char path[8192];

    memset(path, 'a', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    expect_http_turned_away(fixture, path, ERROR_INVALID_REQUEST);
}

HARNESS_MAIN(SCENARIO(test_a_long_line_is_skipped, "--set", "server.line-max=4K"),
             SCENARIO(test_the_neighbours_of_a_long_line, "--set", "server.line-max=4K"),
             SCENARIO(test_the_limit_is_named_with_its_value, "--set", "server.line-max=4096"),
             SCENARIO(test_deep_nesting), SCENARIO(test_large_batch, "--set", "server.batch-max=4"),
             SCENARIO(test_large_batch_of_rubbish), SCENARIO(test_http_is_turned_away),
             SCENARIO(test_http_with_a_long_path_is_turned_away, "--set", "server.line-max=4K"))
