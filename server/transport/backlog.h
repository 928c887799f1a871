// Bytes that wait to be sent: appended at one end, taken at the other. Knows no descriptor.
#ifndef OFFLOAD_TRANSPORT_BACKLOG_H
#define OFFLOAD_TRANSPORT_BACKLOG_H

#include <stddef.h>

// All zero: empty, without memory.
struct backlog {
    char *bytes;
    size_t start; // first byte that was not taken
    size_t end;
    size_t capacity;
};

// Room for `size` more bytes, at the end; NULL when out of memory. backlog_filled says how many of
// them were used.
char *backlog_room(struct backlog *backlog, size_t size);
void backlog_filled(struct backlog *backlog, size_t size);

size_t backlog_size(const struct backlog *backlog);
const char *backlog_bytes(const struct backlog *backlog);
// The first `size` bytes were taken. An empty one that has grown large gives back its memory.
void backlog_drain(struct backlog *backlog, size_t size);

void backlog_done(struct backlog *backlog);

#endif
