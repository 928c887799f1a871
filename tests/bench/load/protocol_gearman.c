// gearmand's binary protocol: SUBMIT_JOB out, JOB_CREATED and WORK_COMPLETE back. Without a unique
// id, since gearmand would look for another job with the same.
#include "protocols.h"

#include <arpa/inet.h>
#include <err.h>

#define HEAD          12 // "\0REQ" or "\0RES", type, size
#define SUBMIT_JOB    7
#define JOB_CREATED   8
#define WORK_COMPLETE 13

static void
put_u32(struct buffer *out, uint32_t number)
{
    uint32_t big_endian = htonl(number);

    buffer_put(out, &big_endian, sizeof(big_endian));
}

static uint32_t
read_u32(const char *at)
{
    uint32_t big_endian;

    memcpy(&big_endian, at, sizeof(big_endian));
    return ntohl(big_endian);
}

static void
put_jobs(struct lane *lane, size_t count)
{
    struct buffer *out = &lane->wires[0].out;
    const char *method = lane->load->settings->method;
    size_t length;

    for (; count > 0; count--) {
        const char *params = load_params(lane->load, lane_send(lane), &length);
        buffer_put(out, "\0REQ", 4);
        put_u32(out, SUBMIT_JOB);
        put_u32(out, (uint32_t)(strlen(method) + 2 + length));
        buffer_put(out, method, strlen(method) + 1);
        buffer_put(out, "", 1);
        buffer_put(out, params, length);
    }
}

static size_t
take(struct lane *lane, struct wire *wire)
{
    const char *at = buffer_at(&wire->in), *answer;
    size_t there = buffer_length(&wire->in), length;

    if (there < HEAD)
        return 0;
    if (memcmp(at, "\0RES", 4) != 0)
        lane_broken(wire, "no packet of gearman's");
    length = read_u32(at + 8);
    if (there < HEAD + length)
        return 0;
    if (read_u32(at + 4) == WORK_COMPLETE) {
        answer = memchr(at + HEAD, '\0', length); // behind the handle
        if (answer == NULL)
            lane_broken(wire, "no answer of gearman's");
        answer++;
        lane_answer_unnumbered(lane, answer, (size_t)(at + HEAD + length - answer));
    } else if (read_u32(at + 4) != JOB_CREATED)
        errx(1, "gearmand sends packet %u", read_u32(at + 4));
    return HEAD + length;
}

const struct protocol protocol_gearman = {.name = "gearman", .put = put_jobs, .take = take};
