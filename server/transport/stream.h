// One byte stream over libevent (a socket, or one end of a pipe) that knows lines, not jobs: it
// hands out whole lines, takes output, and keeps both within bounds.
//
// At most STREAM_LINES_PER_TURN lines are handed out in one turn of the loop, so that a busy stream
// does not keep the others waiting. Input beyond what is wanted stays in the kernel, where the flow
// control of TCP and pipes does the rest.
#ifndef OFFLOAD_TRANSPORT_STREAM_H
#define OFFLOAD_TRANSPORT_STREAM_H

#include "transport/turn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define STREAM_LINES_PER_TURN 64

struct event_base;
struct stream;

enum stream_end {
    STREAM_END_EOF,     // the peer sends no more; every line was handed out; output may go on
    STREAM_END_ERROR,   // reading or writing failed; nothing more can be sent
    STREAM_END_TIMEOUT, // the peer took nothing for the length of the write timeout
};

// All called from the loop, never from inside a stream_* call. Any of them may call stream_free.
struct stream_callbacks {
    // A line without its ending: good for the length of the call, writable, one byte more at its
    // end.
    void (*line)(void *context, char *line, size_t length);
    // A line went over line_max; this is how it begins, the rest of it is skipped. May be NULL.
    void (*too_long)(void *context, const char *begin, size_t length);
    // Input came, and every whole line of it was handed out; true: another one has begun. May be
    // NULL.
    void (*received)(void *context, bool unfinished);
    // Output was sent; look at stream_output. May be NULL.
    void (*sent)(void *context);
    // Once for EOF; once for an error or timeout. `error` is an errno value or 0.
    void (*end)(void *context, enum stream_end end, int error);
};

struct stream_settings {
    int fd;                   // taken: closed by stream_free; non-blocking
    bool reads;               // hand out lines
    size_t line_max;          // bytes
    bool unfinished_line;     // at the end of input, a last line without newline counts
    int64_t write_timeout_us; // 0: none
    int pipe_max;             // of a pipe that proves too small: bytes; 0: it stays as it is
};

// NULL when out of memory; the fd is then still the caller's.
struct stream *
stream_new(struct event_base *base, struct turn *turn, const struct stream_settings *settings,
           const struct stream_callbacks *callbacks, void *context);

// Closes the descriptor soon, at the latest at the end of the next turn; no callback comes any
// more. What was not sent is dropped.
void stream_free(struct stream *stream);

// Queues output, copying it. 0, or -ENOMEM: then nothing of this call was queued.
int stream_write(struct stream *stream, const struct iovec *iov, int count);

// Bytes queued and not yet sent.
size_t stream_output(const struct stream *stream);

// Stops and resumes handing out lines and, with that, reading. While it is paused, that the peer
// has gone entirely is found out within a second (STREAM_END_ERROR), see gone.h: a TCP peer that
// sends no more gets a space between two lines now and then.
void stream_pause(struct stream *stream);
void stream_resume(struct stream *stream);

// True if the peer has gone entirely (not only shut down its sending side), as far as the kernel
// can tell: always for Unix sockets, for TCP only after a reset.
bool stream_peer_gone(const struct stream *stream);

#endif
