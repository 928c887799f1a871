// A growing buffer of bytes: see buffer.h. It must not know what the bytes mean.
#include "buffer.h"

#include <err.h>
#include <stdlib.h>
#include <unistd.h>

#define SIZE_MIN 65536

void
buffer_room(struct buffer *buffer, size_t length)
{
    size_t used = buffer_length(buffer), size = buffer->size;

    if (size - buffer->end >= length)
        return;
    if (buffer->start > 0 && used + length <= size / 2) {
        memmove(buffer->bytes, buffer->bytes + buffer->start, used);
        buffer->start = 0;
        buffer->end = used;
        return;
    }
    for (size = size < SIZE_MIN ? SIZE_MIN : size; size - used < length;)
        size *= 2;
    size = size < SIZE_MIN ? SIZE_MIN : size * 2;
    char *bytes = malloc(size);
    if (bytes == NULL)
        err(1, "a buffer of %zu bytes", size);
    if (used > 0)
        memcpy(bytes, buffer->bytes + buffer->start, used);
    free(buffer->bytes);
    *buffer = (struct buffer){.bytes = bytes, .end = used, .size = size};
}

ssize_t
buffer_read(struct buffer *buffer, int fd, size_t most)
{
    buffer_room(buffer, most);
    ssize_t count = read(fd, buffer->bytes + buffer->end, most);
    if (count > 0)
        buffer->end += (size_t)count;
    return count;
}

ssize_t
buffer_write(struct buffer *buffer, int fd)
{
    ssize_t count = write(fd, buffer_at(buffer), buffer_length(buffer));

    if (count > 0)
        buffer_take(buffer, (size_t)count);
    return count;
}
