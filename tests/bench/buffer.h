// A growing buffer of bytes: written at its end, taken from its start. Benchmark programs have no
// use for out-of-memory handling: they say so and end.
#ifndef BENCH_BUFFER_H
#define BENCH_BUFFER_H

#include <stddef.h>
#include <string.h>
#include <sys/types.h>

struct buffer {
    char *bytes;
    size_t start; // of what is to be taken
    size_t end;
    size_t size;
};

// Room for so many more bytes at the end.
void buffer_room(struct buffer *buffer, size_t length);
// One read(2), of up to `most` bytes: what it returned.
ssize_t buffer_read(struct buffer *buffer, int fd, size_t most);
// One write(2) of all that is there: what it returned; what was written is taken.
ssize_t buffer_write(struct buffer *buffer, int fd);

static inline const char *
buffer_at(const struct buffer *buffer)
{
    return buffer->bytes + buffer->start;
}

static inline size_t
buffer_length(const struct buffer *buffer)
{
    return buffer->end - buffer->start;
}

static inline void
buffer_take(struct buffer *buffer, size_t length)
{
    buffer->start += length;
    if (buffer->start == buffer->end)
        buffer->start = buffer->end = 0;
}

static inline void
buffer_put(struct buffer *buffer, const void *bytes, size_t length)
{
    if (buffer->size - buffer->end < length)
        buffer_room(buffer, length);
    memcpy(buffer->bytes + buffer->end, bytes, length);
    buffer->end += length;
}

#define buffer_puts(buffer, text) buffer_put(buffer, text, strlen(text))

#endif
