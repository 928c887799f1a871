// What goes out through one descriptor: gathered, so that many small pieces are one call, and
// written past all gathering where the pieces are large. Knows no loop: when to write is its
// owner's affair.
#ifndef OFFLOAD_TRANSPORT_OUTLET_H
#define OFFLOAD_TRANSPORT_OUTLET_H

#include "transport/backlog.h"

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

// So much is not kept until the owner finds the time to write.
#define OUTLET_EARLY ((size_t)32 << 10)

struct outlet {
    int fd; // the owner's
    struct backlog backlog;
};

void outlet_init(struct outlet *outlet, int fd);
void outlet_done(struct outlet *outlet); // what was not written is dropped

// Takes the pieces and says how many bytes they are; or -ENOMEM: then it has taken none. With
// `open` the kernel is believed to have room: if there is much it is given them at once, and its
// errors come from the next outlet_send.
ssize_t outlet_put(struct outlet *outlet, const struct iovec *iov, int count, bool open);

// Writes what the kernel takes. 0, or a negative errno.
int outlet_send(struct outlet *outlet);

// Bytes taken and not written yet.
size_t outlet_size(const struct outlet *outlet);

#endif
