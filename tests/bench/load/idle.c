// bench_idle: opens many connections to a system, makes sure that each was accepted by a question
// that the system answers itself, says `ready`, leaves them idle until it is told a line on its
// standard input, asks once more on each, and says `good`.
//
//     bench_idle PROTOCOL PORT COUNT
#include "wire.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define WAIT_S 10

struct question {
    const char *protocol;
    const char *text;
    size_t length;
    const char *answer; // the end of it
    size_t answer_length;
};

#define TEXT(text) text, sizeof(text) - 1

static const struct question questions[] = {
    {"offload", TEXT("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.ping\"}\n"),
     TEXT("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"pong\"}\n")},
    {"redis", TEXT("PING\r\n"), TEXT("+PONG\r\n")},
    {"gearman", TEXT("\0REQ\0\0\0\x10\0\0\0\4pong"),
     TEXT("\0RES\0\0\0\x11\0\0\0\4pong")}, // ECHO_REQ
    {"nats", TEXT("CONNECT {\"verbose\":false}\r\nPING\r\n"), TEXT("PONG\r\n")},
    {"beanstalkd", TEXT("list-tube-used\r\n"), TEXT("USING default\r\n")},
};

static const struct question *
question_of(const char *protocol)
{
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
        if (strcmp(questions[i].protocol, protocol) == 0)
            return &questions[i];
    errx(2, "no question for %s", protocol);
}

static bool
has_answer(const struct wire *wire, const struct question *question)
{
    size_t length = buffer_length(&wire->in);

    return length >= question->answer_length &&
           memcmp(buffer_at(&wire->in) + length - question->answer_length, question->answer,
                  question->answer_length) == 0;
}

static void
ask(struct wire *wire, const struct question *question)
{
    struct timeval limit = {.tv_sec = WAIT_S};

    if (setsockopt(wire->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0)
        err(1, "setsockopt");
    buffer_put(&wire->out, question->text, question->length);
    wire_send(wire);
    while (!has_answer(wire, question))
        if (!wire_receive(wire))
            errx(1, "no answer within %d s", WAIT_S);
    free(wire->in.bytes);
    free(wire->out.bytes);
    wire->in = wire->out = (struct buffer){0};
}

int
main(int argc, char **argv)
{
    size_t count = argc == 4 ? (size_t)atol(argv[3]) : 0;
    struct wire *wires = calloc(count, sizeof(*wires));
    struct rlimit files;

    if (count == 0 || wires == NULL)
        errx(2, "usage: bench_idle PROTOCOL PORT COUNT");
    const struct question *question = question_of(argv[1]);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    for (size_t i = 0; i < count; i++) {
        wire_open(&wires[i], atoi(argv[2]), WAIT_S);
        ask(&wires[i], question);
    }
    puts("ready");
    fflush(stdout);
    getchar();
    for (size_t i = 0; i < count; i++) {
        ask(&wires[i], question);
        wire_close(&wires[i]);
    }
    free(wires);
    puts("good");
    return 0;
}
