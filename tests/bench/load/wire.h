// One TCP connection to a system on loopback, with what was not sent yet and what was not read yet.
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include "../buffer.h"

#include <stdbool.h>

struct wire {
    int fd;
    bool full; // the socket took not all of `out`
    struct buffer in;
    struct buffer out;
};

// Connects to that port of 127.0.0.1; waits up to `seconds` for somebody to listen there.
void wire_open(struct wire *wire, int port, double seconds);
void wire_close(struct wire *wire);
void wire_set_blocking(struct wire *wire, bool blocking);
// Sends what the socket takes.
void wire_send(struct wire *wire);
// Reads what is there (or, blocking, waits for something): false if nothing was.
bool wire_receive(struct wire *wire);

#endif
