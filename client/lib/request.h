// The text of a request, checked: nothing that a daemon could not read as one line leaves. Plain
// data; knows no connection.
#ifndef OFFLOAD_LIB_REQUEST_H
#define OFFLOAD_LIB_REQUEST_H

#include "client/lib/offload.h"

#include <sys/uio.h>

#define REQUEST_PIECES_MAX 12

struct request {
    struct iovec pieces[REQUEST_PIECES_MAX]; // borrowed from the call and from what follows
    int count;
    char id[24];
    char *method;
    char *params;
    char *options;
};

// id 0: a notification, without an id and options. 0, -EINVAL or -ENOMEM; on success *ret, which
// must not be moved, is released by request_done. The pieces are good as long as the call's texts
// are.
int request_compose(const struct offload_call *call, uint64_t id, struct request *ret);
void request_done(struct request *request);

#endif
