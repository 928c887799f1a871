// Jobs over lists of redis. A job is "r<LANE> <PARAMS>" in the list `jobs`; its answer goes to the
// list r<LANE>. With one in flight, one connection pushes the job and waits for the answer in one
// write. With many, a connection of its own takes all the answers that are there, and asks again.
#include "../digits.h"
#include "protocols.h"

#include <stdio.h>

#define ANSWERS_MAX "1024" // at a time

static void
put_number(struct buffer *out, char kind, uint64_t number)
{
    char text[DIGITS_MAX + 3] = {kind}, *end = digits_write(text + 1, number);

    end[0] = '\r';
    end[1] = '\n';
    buffer_put(out, text, (size_t)(end + 2 - text));
}

static void
put_string(struct buffer *out, const char *text)
{
    put_number(out, '$', strlen(text));
    buffer_puts(out, text);
    buffer_put(out, "\r\n", 2);
}

static void
put_job(struct lane *lane)
{
    struct buffer *out = &lane->wires[0].out;
    char head[DIGITS_MAX + 3] = "r", *end = digits_write(head + 1, lane->number);
    size_t length;
    const char *params = load_params(lane->load, lane_send(lane), &length);

    *end++ = ' ';
    put_number(out, '$', (size_t)(end - head) + length);
    buffer_put(out, head, (size_t)(end - head));
    buffer_put(out, params, length);
    buffer_put(out, "\r\n", 2);
}

static void
ask_for_answers(struct lane *lane)
{
    char list[DIGITS_MAX + 2];
    struct buffer *out = &lane->wires[lane->apart].out;

    snprintf(list, sizeof(list), "r%u", lane->number);
    put_number(out, '*', lane->apart ? 7 : 3);
    put_string(out, lane->apart ? "BLMPOP" : "BLPOP");
    if (lane->apart) {
        put_string(out, "0");
        put_string(out, "1");
    }
    put_string(out, list);
    put_string(out, lane->apart ? "LEFT" : "0");
    if (lane->apart) {
        put_string(out, "COUNT");
        put_string(out, ANSWERS_MAX);
    }
}

static void
hello(struct lane *lane)
{
    if (lane->apart)
        ask_for_answers(lane);
}

// A command for each job.
static void
put_one_by_one(struct lane *lane, size_t count)
{
    struct buffer *out = &lane->wires[0].out;

    for (; count > 0; count--) {
        buffer_puts(out, "*3\r\n$5\r\nRPUSH\r\n$4\r\njobs\r\n");
        put_job(lane);
    }
    if (!lane->apart)
        ask_for_answers(lane);
}

// A command for all of them.
static void
put_many(struct lane *lane, size_t count)
{
    struct buffer *out = &lane->wires[0].out;

    put_number(out, '*', count + 2);
    buffer_puts(out, "$5\r\nRPUSH\r\n$4\r\njobs\r\n");
    for (; count > 0; count--)
        put_job(lane);
    if (!lane->apart)
        ask_for_answers(lane);
}

// A line of its kind with a number; false: it is not whole.
static bool
read_number(const char **at, const char *end, char kind, const struct wire *wire,
            uint64_t *ret_number)
{
    const char *line_end = *at == end ? NULL : memchr(*at, '\n', (size_t)(end - *at));

    if (line_end == NULL)
        return false;
    if (*(*at)++ != kind || !digits_read(at, line_end, ret_number))
        lane_broken(wire, "redis says");
    *at = line_end + 1;
    return true;
}

static bool
read_string(const char **at, const char *end, const struct wire *wire, const char **ret_text,
            size_t *ret_length)
{
    uint64_t length;

    if (!read_number(at, end, '$', wire, &length) || (uint64_t)(end - *at) < length + 2)
        return false;
    *ret_text = *at;
    *ret_length = length;
    *at += length + 2;
    return true;
}

// A list of strings, of which `take` gets each or, without it, which is looked at only.
static bool
read_answers(struct lane *lane, const char **at, const char *end, const struct wire *wire,
             uint64_t count, bool take)
{
    const char *text;
    size_t length;

    for (; count > 0; count--) {
        if (!read_string(at, end, wire, &text, &length))
            return false;
        if (take)
            lane_answer_unnumbered(lane, text, length);
    }
    return true;
}

// What BLPOP or BLMPOP has: the list's name, and the answer, or an array of them.
static size_t
take_answers(struct lane *lane, struct wire *wire)
{
    const char *begin = buffer_at(&wire->in), *at = begin, *end = at + buffer_length(&wire->in);
    uint64_t count = 1;
    const char *list;
    size_t list_length;

    if (!read_number(&at, end, '*', wire, &count) ||
        !read_string(&at, end, wire, &list, &list_length))
        return 0;
    count = 1;
    if (lane->apart && !read_number(&at, end, '*', wire, &count))
        return 0;
    const char *answers = at;
    if (!read_answers(lane, &at, end, wire, count, false))
        return 0;
    read_answers(lane, &answers, end, wire, count, true);
    if (lane->apart)
        ask_for_answers(lane);
    return (size_t)(at - begin);
}

static size_t
take(struct lane *lane, struct wire *wire)
{
    const char *begin = buffer_at(&wire->in), *at = begin;
    uint64_t length;

    if (*begin != ':') // the answer to RPUSH: how long the list is
        return take_answers(lane, wire);
    return read_number(&at, begin + buffer_length(&wire->in), ':', wire, &length)
               ? (size_t)(at - begin)
               : 0;
}

const struct protocol protocol_redis = {
    .name = "redis", .hello = hello, .put = put_one_by_one, .take = take, .apart = true};
const struct protocol protocol_redis_many = {
    .name = "redis-many", .hello = hello, .put = put_many, .take = take, .apart = true};
