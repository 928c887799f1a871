// One client connection, driven by hand: bytes out, lines in, each with a deadline. A failure ends
// the test. It knows nothing of JSON.
#ifndef OFFLOAD_TESTS_PEER_H
#define OFFLOAD_TESTS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer {
    int fd; // -1: closed
    char *buffer;
    size_t start; // first byte not handed out
    size_t end;
    size_t capacity;
    bool ended; // the server has closed its side
};

// Connects to "unix:PATH" or "tcp:HOST:PORT".
void peer_connect(struct peer *peer, const char *address);
// From that local IPv4 address, which is another caller's: all of 127.0.0.0/8 is this host.
void peer_connect_from(struct peer *peer, const char *address, const char *from);
// The same without failing the test: false if nobody answers there.
bool peer_try_connect(struct peer *peer, const char *address);
void peer_close(struct peer *peer);
// Closes so that the other side sees a reset (TCP).
void peer_reset(struct peer *peer);
void peer_half_close(struct peer *peer);

// Sends all of it, and keeps what comes in meanwhile, so that neither side waits for the other.
void peer_send(struct peer *peer, const char *bytes, size_t length);
// Sends as much as goes at once and reads nothing; 0 means that the way is full.
size_t peer_send_some(struct peer *peer, const char *bytes, size_t length);
// Sends one line; the newline is added.
void peer_say(struct peer *peer, const char *format, ...) __attribute__((format(printf, 2, 3)));

// The next line, NUL-terminated, without its newline and spaces before it; good until the next
// call. Fails the test at the end of the stream or when patience is over.
char *peer_line(struct peer *peer);
// The same; NULL when the server has closed, or at the deadline.
char *peer_line_until(struct peer *peer, int64_t deadline_us);
// peer_say, then peer_line.
char *peer_ask(struct peer *peer, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Waits for the end of the stream; anything before it fails the test.
void peer_expect_end(struct peer *peer);

#endif
