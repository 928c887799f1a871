// See identity.h.
#include "transport/identity.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct identity
of_user(int fd)
{
    struct identity identity = {.kind = IDENTITY_UNKNOWN};
    socklen_t length = sizeof(struct ucred);
    struct ucred peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
        return identity;
    identity.kind = IDENTITY_UID;
    identity.uid = peer.uid;
    return identity;
}

static struct identity
of_host4(const struct sockaddr_storage *name)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)name;
    struct identity identity = {.kind = IDENTITY_HOST};

    identity.host.s6_addr[10] = identity.host.s6_addr[11] = 0xff;
    memcpy(&identity.host.s6_addr[12], &in->sin_addr, sizeof(in->sin_addr));
    return identity;
}

static struct identity
of_host6(const struct sockaddr_storage *name)
{
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)name;

    return (struct identity){.kind = IDENTITY_HOST, .host = in6->sin6_addr};
}

struct identity
identity_of_peer(int fd)
{
    struct identity unknown = {.kind = IDENTITY_UNKNOWN};
    struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof(name);

    if (getpeername(fd, (struct sockaddr *)&name, &length) != 0)
        return unknown;
    switch (name.ss_family) {
    case AF_UNIX:
        return of_user(fd);
    case AF_INET:
        return of_host4(&name);
    case AF_INET6:
        return of_host6(&name);
    default:
        return unknown;
    }
}

bool
identity_equals(const struct identity *a, const struct identity *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == IDENTITY_UID)
        return a->uid == b->uid;
    return a->kind == IDENTITY_UNKNOWN || memcmp(&a->host, &b->host, sizeof(a->host)) == 0;
}

void
identity_format(const struct identity *identity, char text[IDENTITY_TEXT_MAX])
{
    bool four = IN6_IS_ADDR_V4MAPPED(&identity->host);

    if (identity->kind == IDENTITY_UID)
        snprintf(text, IDENTITY_TEXT_MAX, "uid %u", (unsigned)identity->uid);
    else if (identity->kind == IDENTITY_UNKNOWN)
        snprintf(text, IDENTITY_TEXT_MAX, "unknown");
    else
        inet_ntop(four ? AF_INET : AF_INET6, &identity->host.s6_addr[four ? 12 : 0], text,
                  IDENTITY_TEXT_MAX);
}
