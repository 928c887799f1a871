// See give_back.h.
#include "builtin/give_back.h"

#include "common/message.h"

#include <string.h>

static const char head[] =
    "{\"jsonrpc\":\"2.0\",\"method\":\"worker.return\",\"params\":{\"ids\":[";
static const char tail[] = "]}}";

void
give_back_init(struct give_back *give_back, struct output *output)
{
    give_back->output = output;
    give_back->length = 0;
}

// Ids that do not fit together go in several lines; one that is longer than all the room is none of
// the daemon's, which are numbers.
void
give_back_add(struct give_back *give_back, struct span id)
{
    if (id.length + 1 > sizeof(give_back->ids))
        return;
    if (give_back->length + 1 + id.length > sizeof(give_back->ids))
        give_back_send(give_back);
    if (give_back->length > 0)
        give_back->ids[give_back->length++] = ',';
    memcpy(give_back->ids + give_back->length, id.at, id.length);
    give_back->length += id.length;
}

void
give_back_send(struct give_back *give_back)
{
    struct iovec iov[] = {
        {.iov_base = (char *)head, .iov_len = sizeof(head) - 1},
        {.iov_base = give_back->ids, .iov_len = give_back->length},
        {.iov_base = (char *)tail, .iov_len = sizeof(tail) - 1},
        {0}, // the newline
    };

    if (give_back->length == 0)
        return;
    give_back->length = 0;
    output_line(give_back->output, iov, 3);
}
