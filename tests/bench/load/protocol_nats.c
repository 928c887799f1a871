// Request and reply over nats: PUB to the subject of the job's method, with a reply subject of the
// lane's own that has the number of the job.
#include "../digits.h"
#include "protocols.h"

#include <stdio.h>

#define INBOX "_INBOX.bench"

static void
hello(struct lane *lane)
{
    char text[256];

    snprintf(text, sizeof(text),
             "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"c\",\"version\":\"1\","
             "\"protocol\":1}\r\nSUB " INBOX "%u.* 1\r\n",
             lane->number);
    buffer_puts(&lane->wires[0].out, text);
}

static void
put_jobs(struct lane *lane, size_t count)
{
    struct buffer *out = &lane->wires[0].out;
    char digits[DIGITS_MAX];
    size_t length;

    for (; count > 0; count--) {
        uint64_t number = lane_send(lane);
        const char *params = load_params(lane->load, number, &length);
        buffer_puts(out, "PUB ");
        buffer_puts(out, lane->load->settings->method);
        buffer_puts(out, " " INBOX);
        buffer_put(out, digits, (size_t)(digits_write(digits, lane->number) - digits));
        buffer_puts(out, ".");
        buffer_put(out, digits, (size_t)(digits_write(digits, number) - digits));
        buffer_puts(out, " ");
        buffer_put(out, digits, (size_t)(digits_write(digits, length) - digits));
        buffer_puts(out, "\r\n");
        buffer_put(out, params, length);
        buffer_puts(out, "\r\n");
    }
}

// MSG _INBOX.benchLANE.NUMBER 1 LENGTH, and then so many bytes and a line's end.
static size_t
take_message(struct lane *lane, struct wire *wire, const char *line_end)
{
    const char *begin = buffer_at(&wire->in), *at = begin + 4,
               *end = begin + buffer_length(&wire->in);
    uint64_t number, length;

    at += strlen(INBOX);
    if (at >= line_end || !digits_read(&at, line_end, &number) || number != lane->number ||
        *at++ != '.' || !digits_read(&at, line_end, &number) || memcmp(at, " 1 ", 3) != 0)
        lane_broken(wire, "no reply");
    at += 3;
    if (!digits_read(&at, line_end, &length))
        lane_broken(wire, "no reply");
    at = line_end + 1;
    if ((uint64_t)(end - at) < length + 2)
        return 0;
    lane_answer(lane, number, at, length);
    return (size_t)(at - begin) + length + 2;
}

static size_t
take(struct lane *lane, struct wire *wire)
{
    const char *begin = buffer_at(&wire->in);
    const char *line_end = memchr(begin, '\n', buffer_length(&wire->in));

    if (line_end == NULL)
        return 0;
    if (memcmp(begin, "MSG ", 4) == 0)
        return take_message(lane, wire, line_end);
    if (memcmp(begin, "PING", 4) == 0)
        buffer_puts(&wire->out, "PONG\r\n");
    else if (memcmp(begin, "INFO", 4) != 0)
        lane_broken(wire, "nats says");
    return (size_t)(line_end - begin) + 1;
}

const struct protocol protocol_nats = {
    .name = "nats", .hello = hello, .put = put_jobs, .take = take};
