// JSON-RPC lines: offload's protocol, which the Python server speaks too, and the same lines
// through the relay. Answers are compared byte for byte with what the protocol says that they are.
#include "../digits.h"
#include "protocols.h"

#define ID     "{\"jsonrpc\":\"2.0\",\"id\":"
#define METHOD ",\"method\":\""
#define PARAMS "\",\"params\":"
#define RESULT ",\"result\":"

static void
put_number(struct buffer *out, uint64_t number)
{
    char digits[DIGITS_MAX];

    buffer_put(out, digits, (size_t)(digits_write(digits, number) - digits));
}

static void
put_params(struct lane *lane, uint64_t number)
{
    size_t length;
    const char *params = load_params(lane->load, number, &length);

    buffer_put(&lane->wires[0].out, params, length);
}

static void
put_request(struct lane *lane)
{
    struct buffer *out = &lane->wires[0].out;
    uint64_t number = lane_send(lane);

    buffer_put(out, ID, sizeof(ID) - 1);
    put_number(out, number);
    buffer_put(out, METHOD, sizeof(METHOD) - 1);
    buffer_puts(out, lane->load->settings->method);
    buffer_put(out, PARAMS, sizeof(PARAMS) - 1);
    put_params(lane, number);
    buffer_put(out, "}", 1);
}

static void
put_requests(struct lane *lane, size_t count)
{
    for (; count > 0; count--) {
        put_request(lane);
        buffer_put(&lane->wires[0].out, "\n", 1);
    }
}

// Goes over a fixed text.
static bool
skip(const char **at, const char *end, const char *text, size_t length)
{
    if ((size_t)(end - *at) < length || memcmp(*at, text, length) != 0)
        return false;
    *at += length;
    return true;
}

#define SKIP(at, end, text) skip(at, end, text, sizeof(text) - 1)

// A response up to `end`, which is behind its last brace.
static bool
take_response(struct lane *lane, const char *at, const char *end, uint64_t *ret_number)
{
    if (!SKIP(&at, end, ID) || !digits_read(&at, end, ret_number) || !SKIP(&at, end, RESULT) ||
        at == end)
        return false;
    lane_answer(lane, *ret_number, at, (size_t)(end - 1 - at));
    return true;
}

static size_t
take_line(struct lane *lane, struct wire *wire)
{
    size_t length = lane_line(lane, wire);
    const char *at = buffer_at(&wire->in);
    uint64_t number;

    if (length > 0 && !take_response(lane, at, at + length - 1, &number))
        lane_broken(wire, "no response");
    return length;
}

const struct protocol protocol_offload = {
    .name = "offload", .put = put_requests, .take = take_line};

// The relay: what comes back is the request as it was sent; after a burn, with the answer in the
// place of the params.
static size_t
take_relayed(struct lane *lane, struct wire *wire)
{
    size_t length = lane_line(lane, wire);
    const char *at = buffer_at(&wire->in), *end = at + length - 1;
    const char *method = lane->load->settings->method;
    uint64_t number;

    if (length == 0)
        return 0;
    if (!SKIP(&at, end, ID) || !digits_read(&at, end, &number) || !SKIP(&at, end, METHOD) ||
        !skip(&at, end, method, strlen(method)) || !SKIP(&at, end, PARAMS) || at == end)
        lane_broken(wire, "not what was sent");
    lane_answer(lane, number, at, (size_t)(end - 1 - at));
    return length;
}

const struct protocol protocol_relay = {.name = "relay", .put = put_requests, .take = take_relayed};

// A batch: an array of requests, and one of responses in the same order.
static void
put_batch(struct lane *lane, size_t count)
{
    struct buffer *out = &lane->wires[0].out;

    lane->tag = lane->load->tally.next;
    for (size_t i = 0; i < count; i++) {
        buffer_put(out, i == 0 ? "[" : ",", 1);
        put_request(lane);
    }
    buffer_put(out, "]\n", 2);
}

// The results of this case are [N]: an element ends at the next `]}` (batch) or `]` (gather, map).
static const char *
element_end(const char *at, const char *end, char last)
{
    const char *found = at == end ? NULL : memchr(at, last, (size_t)(end - at));

    return found == NULL ? end : found + 1;
}

static size_t
take_batch(struct lane *lane, struct wire *wire)
{
    size_t length = lane_line(lane, wire);
    const char *at = buffer_at(&wire->in), *end = at + length - 1, *next;
    uint64_t number;

    if (length == 0)
        return 0;
    for (uint64_t expected = lane->tag; lane->in_flight > 0; expected++, at = next) {
        next = element_end(at, end, '}');
        if (at == end || *at != (expected == lane->tag ? '[' : ',') ||
            !take_response(lane, at + 1, next, &number) || number != expected)
            lane_broken(wire, "not the next element of the batch");
    }
    if (end - at != 1 || *at != ']')
        lane_broken(wire, "more than the batch");
    return length;
}

const struct protocol protocol_offload_batch = {
    .name = "offload-batch", .put = put_batch, .take = take_batch};

// job.gather and job.map: one request, whose id is the number of its first job; one array of
// results.
static void
put_head(struct lane *lane, const char *method, const char *params)
{
    struct buffer *out = &lane->wires[0].out;

    lane->tag = lane->load->tally.next;
    buffer_put(out, ID, sizeof(ID) - 1);
    put_number(out, lane->tag);
    buffer_put(out, METHOD, sizeof(METHOD) - 1);
    buffer_puts(out, method);
    buffer_put(out, PARAMS, sizeof(PARAMS) - 1);
    buffer_puts(out, params);
}

static void
put_gather(struct lane *lane, size_t count)
{
    struct buffer *out = &lane->wires[0].out;

    put_head(lane, "job.gather", "{\"calls\":");
    for (size_t i = 0; i < count; i++) {
        buffer_puts(out, i == 0 ? "[{\"method\":\"" : ",{\"method\":\"");
        buffer_puts(out, lane->load->settings->method);
        buffer_put(out, PARAMS, sizeof(PARAMS) - 1);
        put_params(lane, lane_send(lane));
        buffer_put(out, "}", 1);
    }
    buffer_puts(out, "]}}\n");
}

static void
put_map(struct lane *lane, size_t count)
{
    struct buffer *out = &lane->wires[0].out;

    put_head(lane, "job.map", "{\"method\":\"");
    buffer_puts(out, lane->load->settings->method);
    buffer_puts(out, "\",\"items\":");
    for (size_t i = 0; i < count; i++) {
        buffer_put(out, i == 0 ? "[" : ",", 1);
        put_params(lane, lane_send(lane));
    }
    buffer_puts(out, "]}}\n");
}

static size_t
take_results(struct lane *lane, struct wire *wire)
{
    size_t length = lane_line(lane, wire);
    const char *at = buffer_at(&wire->in), *end = at + length - 1, *next;
    uint64_t id;

    if (length == 0)
        return 0;
    if (!SKIP(&at, end, ID) || !digits_read(&at, end, &id) || id != lane->tag ||
        !SKIP(&at, end, RESULT))
        lane_broken(wire, "no response");
    for (uint64_t number = id; lane->in_flight > 0; number++, at = next) {
        next = element_end(at, end, ']');
        if (at == end || *at != (number == id ? '[' : ','))
            lane_broken(wire, "no array of results");
        lane_answer(lane, number, at + 1, (size_t)(next - at - 1));
    }
    if (end - at != 2 || memcmp(at, "]}", 2) != 0)
        lane_broken(wire, "more than the results");
    return length;
}

const struct protocol protocol_offload_gather = {
    .name = "offload-gather", .put = put_gather, .take = take_results};
const struct protocol protocol_offload_map = {
    .name = "offload-map", .put = put_map, .take = take_results};
