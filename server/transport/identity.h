// Who is at the other end of a connection, as far as the kernel knows: the user on a Unix socket,
// the host on TCP. Its port says nothing, for each connection has another.
#ifndef OFFLOAD_TRANSPORT_IDENTITY_H
#define OFFLOAD_TRANSPORT_IDENTITY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/types.h>

enum identity_kind {
    IDENTITY_UNKNOWN, // the kernel does not say; all such are one
    IDENTITY_UID,
    IDENTITY_HOST,
};

struct identity {
    enum identity_kind kind;
    uid_t uid;
    struct in6_addr host; // one of IPv4 as ::ffff:A.B.C.D
};

#define IDENTITY_TEXT_MAX 64

// SO_PEERCRED of unix(7): who called connect(), whatever it has become since.
struct identity identity_of_peer(int fd);

bool identity_equals(const struct identity *a, const struct identity *b);

// "uid 1000", "127.0.0.1", "::1", "unknown".
void identity_format(const struct identity *identity, char text[IDENTITY_TEXT_MAX]);

#endif
