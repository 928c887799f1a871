// See tail.h.
#include "pool/tail.h"

#include <string.h>

void
tail_add(struct tail *tail, struct span bytes)
{
    size_t keep;

    if (bytes.length > TAIL_MAX) {
        bytes.at += bytes.length - TAIL_MAX;
        bytes.length = TAIL_MAX;
    }
    keep = TAIL_MAX - bytes.length;
    if (keep > tail->length)
        keep = tail->length;
    memmove(tail->bytes, tail->bytes + tail->length - keep, keep);
    memcpy(tail->bytes + keep, bytes.at, bytes.length);
    tail->length = keep + bytes.length;
}

struct span
tail_text(const struct tail *tail)
{
    return (struct span){.at = tail->bytes, .length = tail->length};
}
