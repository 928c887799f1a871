// Jobs over tubes of beanstalkd. A job is "r<LANE> <PARAMS>" in the tube `jobs`; its answer is a
// job in the tube r<LANE>, which this side reserves and deletes. With one in flight all of it goes
// over one connection, in one write. With many, answers are reserved over a connection of their
// own, some at once.
#include "../digits.h"
#include "protocols.h"

#include <stdio.h>
#include <unistd.h>

#define RESERVED_AHEAD 64

static void
put_number(struct buffer *out, uint64_t number)
{
    char digits[DIGITS_MAX];

    buffer_put(out, digits, (size_t)(digits_write(digits, number) - digits));
}

static void
hello(struct lane *lane)
{
    char text[64];
    struct buffer *answers = &lane->wires[lane->apart].out;

    lane->tag = (uint64_t)getpid();
    buffer_puts(&lane->wires[0].out, "use jobs\r\n");
    snprintf(text, sizeof(text), "watch r%u.%d\r\nignore default\r\n", lane->number, getpid());
    buffer_puts(answers, text);
    for (int i = 0; lane->apart && i < RESERVED_AHEAD; i++)
        buffer_puts(answers, "reserve\r\n");
}

static void
put_jobs(struct lane *lane, size_t count)
{
    struct buffer *out = &lane->wires[0].out;
    char head[2 * DIGITS_MAX + 3] = "r", *end = digits_write(head + 1, lane->number);
    size_t length;

    *end++ = '.';
    end = digits_write(end, lane->tag);
    *end++ = ' ';
    for (; count > 0; count--) {
        const char *params = load_params(lane->load, lane_send(lane), &length);
        buffer_puts(out, "put 0 0 100 ");
        put_number(out, (size_t)(end - head) + length);
        buffer_puts(out, "\r\n");
        buffer_put(out, head, (size_t)(end - head));
        buffer_put(out, params, length);
        buffer_puts(out, "\r\n");
        if (!lane->apart)
            buffer_puts(out, "reserve\r\n");
    }
}

// RESERVED ID LENGTH, and then so many bytes and a line's end.
static size_t
take_reserved(struct lane *lane, struct wire *wire, const char *line_end)
{
    const char *begin = buffer_at(&wire->in), *end = begin + buffer_length(&wire->in);
    const char *at = begin + strlen("RESERVED ");
    struct buffer *out = &wire->out;
    uint64_t id, length;

    if (!digits_read(&at, line_end, &id) || *at++ != ' ' || !digits_read(&at, line_end, &length))
        lane_broken(wire, "nothing was reserved");
    at = line_end + 1;
    if ((uint64_t)(end - at) < length + 2)
        return 0;
    lane_answer_unnumbered(lane, at, length);
    buffer_puts(out, "delete ");
    put_number(out, id);
    buffer_puts(out, lane->apart ? "\r\nreserve\r\n" : "\r\n");
    return (size_t)(at - begin) + length + 2;
}

static bool
is_expected(const char *line)
{
    static const char *const words[] = {"INSERTED ", "DELETED\r", "USING ", "WATCHING "};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strncmp(line, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

static size_t
take(struct lane *lane, struct wire *wire)
{
    const char *begin = buffer_at(&wire->in);
    const char *line_end = memchr(begin, '\n', buffer_length(&wire->in));

    if (line_end == NULL)
        return 0;
    if (line_end - begin > 9 && memcmp(begin, "RESERVED ", 9) == 0)
        return take_reserved(lane, wire, line_end);
    if (!is_expected(begin))
        lane_broken(wire, "beanstalkd says");
    return (size_t)(line_end - begin) + 1;
}

const struct protocol protocol_beanstalkd = {
    .name = "beanstalkd", .hello = hello, .put = put_jobs, .take = take, .apart = true};
