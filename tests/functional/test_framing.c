// Lines over a byte stream: however the bytes are cut, the same requests come out. All of it on TCP
// and on the Unix socket.
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST  REQUEST("1", "echo", "[\"\xc3\xa9\",{\"a\":\"\\u0041\"}]")
#define SECOND REQUEST("\"two\"", "echo", "{\"b\":-0.10}")

// Runs a check on a session of each kind.
static void
on_both(struct fixture *fixture, void (*check)(struct fixture *fixture, struct peer *peer))
{
    check(fixture, open_tcp(fixture));
    check(fixture, open_unix(fixture));
}

// The answers to FIRST and SECOND; they may be done in either order.
static void
expect_both(struct peer *peer)
{
    for (int i = 0, seen = 0; i < 2; i++) {
        const char *line = peer_line(peer);
        bool first = strncmp(line, "{\"jsonrpc\":\"2.0\",\"id\":1,", 24) == 0;

        if (first)
            expect_result(line, "1", "[\"\xc3\xa9\",{\"a\":\"\\u0041\"}]");
        else
            expect_result(line, "\"two\"", "{\"b\":-0.10}");
        assert_false(seen & (first ? 1 : 2));
        seen |= first ? 1 : 2;
    }
}

// The server has taken in the first piece when it answers another session that asked later: a
// session is read before a later one's answer goes out. (If it is not, the test is only weaker.)
static void
let_it_arrive(struct fixture *fixture)
{
    assert_true(fixture_number(fixture, "pid") > 0);
}

static void
check_every_offset(struct fixture *fixture, struct peer *peer)
{
    static const char text[] = FIRST "\r\n" SECOND "\n";

    for (size_t cut = 1; cut < sizeof(text) - 1; cut++) {
        peer_send(peer, text, cut);
        let_it_arrive(fixture);
        peer_send(peer, text + cut, sizeof(text) - 1 - cut);
        expect_both(peer);
    }
}

static void
test_two_requests_cut_at_every_offset(struct fixture *fixture)
{
    on_both(fixture, check_every_offset);
}

static void
check_byte_by_byte(struct fixture *fixture, struct peer *peer)
{
    static const char text[] = FIRST "\n" SECOND "\n";

    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        peer_send(peer, text + i, 1);
        let_it_arrive(fixture);
    }
    expect_both(peer);
}

static void
test_byte_by_byte(struct fixture *fixture)
{
    on_both(fixture, check_byte_by_byte);
}

// Takes so many answers with the ids 0.., each once.
static void
expect_each_id_once(struct peer *peer, size_t count)
{
    bool *seen = calloc(count, sizeof(*seen));

    for (size_t i = 0; i < count; i++) {
        const char *line = peer_line(peer);
        size_t id = count;
        char text[24];

        sscanf(line, "{\"jsonrpc\":\"2.0\",\"id\":%zu", &id);
        if (id >= count || seen[id])
            fail_msg("an answer that nobody waits for: %.500s", line);
        seen[id] = true;
        snprintf(text, sizeof(text), "%zu", id);
        expect_result(line, text, "[\"x\"]");
    }
    free(seen);
}

static void
check_thousand(struct fixture *fixture, struct peer *peer)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)fixture;
    for (size_t i = 0; i < 1000; i++)
        fprintf(out, REQUEST("%zu", "echo", "[\"x\"]") "\n", i);
    fclose(out);
    peer_send(peer, text, size);
    free(text);
    expect_each_id_once(peer, 1000);
    peer_half_close(peer);
    peer_expect_end(peer);
}

static void
test_a_thousand_requests_in_one_write(struct fixture *fixture)
{
    on_both(fixture, check_thousand);
}

static void
check_last_line(struct fixture *fixture, struct peer *peer)
{
    static const char text[] = FIRST "\n" SECOND;

    (void)fixture;
    peer_send(peer, text, sizeof(text) - 1);
    peer_half_close(peer);
    expect_both(peer);
    peer_expect_end(peer);
}

static void
test_the_last_request_needs_no_newline(struct fixture *fixture)
{
    on_both(fixture, check_last_line);
}

static void
check_broken_last_line(struct fixture *fixture, struct peer *peer)
{
    (void)fixture;
    peer_send(peer, FIRST, strlen(FIRST) - 1);
    peer_half_close(peer);
    expect_error(peer_line(peer), "null", ERROR_PARSE);
    peer_expect_end(peer);
}

static void
test_a_last_request_that_is_cut_is_refused(struct fixture *fixture)
{
    on_both(fixture, check_broken_last_line);
}

static void
check_half_close_with_jobs(struct fixture *fixture, struct peer *peer)
{
    (void)fixture;
    peer_say(peer, REQUEST("1", "sleep", "[0.4]") "\n" REQUEST("2", "sleep", "[0.2]"));
    peer_say(peer, "[" REQUEST("3", "sleep", "[0.6]") "," REQUEST("4", "echo", "[]") "]");
    peer_half_close(peer);
    expect_result(peer_line(peer), "2", "\"Operation completed after 0.2 seconds\"");
    expect_result(peer_line(peer), "1", "\"Operation completed after 0.4 seconds\"");
    assert_string_equal(peer_line(peer),
                        "[{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":\"Operation completed after 0.6 "
                        "seconds\"},{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":[]}]");
    peer_expect_end(peer);
}

static void
test_half_close_waits_for_all_answers(struct fixture *fixture)
{
    on_both(fixture, check_half_close_with_jobs);
}

static void
check_nothing_said(struct fixture *fixture, struct peer *peer)
{
    (void)fixture;
    peer_half_close(peer);
    peer_expect_end(peer);
}

static void
test_half_close_without_a_word(struct fixture *fixture)
{
    on_both(fixture, check_nothing_said);
}

HARNESS_MAIN(SCENARIO(test_two_requests_cut_at_every_offset), SCENARIO(test_byte_by_byte),
             SCENARIO(test_a_thousand_requests_in_one_write),
             SCENARIO(test_the_last_request_needs_no_newline),
             SCENARIO(test_a_last_request_that_is_cut_is_refused),
             SCENARIO(test_half_close_waits_for_all_answers),
             SCENARIO(test_half_close_without_a_word))
