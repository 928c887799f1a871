// See outlet.h.
#include "transport/outlet.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

// More pieces than this are small ones, of which copying is the cheaper way.
#define DIRECT_PIECES_MAX 16

void
outlet_init(struct outlet *outlet, int fd)
{
    *outlet = (struct outlet){.fd = fd};
}

void
outlet_done(struct outlet *outlet)
{
    backlog_done(&outlet->backlog);
}

size_t
outlet_size(const struct outlet *outlet)
{
    return backlog_size(&outlet->backlog);
}

int
outlet_send(struct outlet *outlet)
{
    size_t size = outlet_size(outlet);
    ssize_t n = size > 0 ? write(outlet->fd, backlog_bytes(&outlet->backlog), size) : 0;

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    backlog_drain(&outlet->backlog, (size_t)n);
    return 0;
}

// Copies the pieces, but for their first `skip` bytes, behind what waits; there is room for them.
static void
keep(struct outlet *outlet, char *room, const struct iovec *iov, int count, size_t skip)
{
    char *at = room;

    for (int i = 0; i < count; i++) {
        size_t length = iov[i].iov_len;

        if (skip >= length) {
            skip -= length;
            continue;
        }
        memcpy(at, (const char *)iov[i].iov_base + skip, length - skip);
        at += length - skip;
        skip = 0;
    }
    backlog_filled(&outlet->backlog, (size_t)(at - room));
}

// Writes them at once, in one call with what waits, and keeps the rest. An error will be seen
// again.
static void
write_past(struct outlet *outlet, char *room, const struct iovec *iov, int count)
{
    size_t before = outlet_size(outlet);
    struct iovec all[DIRECT_PIECES_MAX + 1];
    size_t written;
    ssize_t n;

    all[0] = (struct iovec){.iov_base = (char *)backlog_bytes(&outlet->backlog), .iov_len = before};
    memcpy(all + 1, iov, (size_t)count * sizeof(*iov));
    n = writev(outlet->fd, all, count + 1);
    written = n > 0 ? (size_t)n : 0;
    keep(outlet, room, iov, count, written > before ? written - before : 0);
    backlog_drain(&outlet->backlog, written < before ? written : before);
}

ssize_t
outlet_put(struct outlet *outlet, const struct iovec *iov, int count, bool open)
{
    size_t size = 0;
    char *room;

    for (int i = 0; i < count; i++)
        size += iov[i].iov_len;
    if (size == 0)
        return 0;
    // One piece of room for all of it: nothing can fail half-way.
    room = backlog_room(&outlet->backlog, size);
    if (room == NULL)
        return -ENOMEM;
    if (open && size >= OUTLET_EARLY && count <= DIRECT_PIECES_MAX) {
        write_past(outlet, room, iov, count);
        return (ssize_t)size;
    }
    keep(outlet, room, iov, count, 0);
    if (open && outlet_size(outlet) >= OUTLET_EARLY)
        outlet_send(outlet);
    return (ssize_t)size;
}
