// Whether the other end of a socket is still there, for whoever does not read from it.
//
// Of a Unix socket the kernel knows. A TCP peer that was closed or killed has sent a FIN, and so
// has one that only shut down its sending side and waits for its answers: neither TCP_INFO nor
// SO_ERROR tells the two apart. Data do: the kernel of a closed socket answers them with a reset,
// that of a half-closed one keeps them for its program. So a TCP peer whose FIN has come is sent a
// byte that means nothing: a space, which may stand before any JSON text. A blank line would mean
// nothing either, but there are clients that take a line and parse it; and a byte of urgent data
// would not be seen at all, were there not programs that take what select(2) calls exceptional for
// a failure.
//
// And where as much waits unread as there is room for, the FIN cannot come in at all: it stands
// behind what the peer's kernel still has to send. So such a peer is asked as well.
#ifndef OFFLOAD_TRANSPORT_GONE_H
#define OFFLOAD_TRANSPORT_GONE_H

#include <stdbool.h>

// True if the peer has gone entirely (not only shut down its sending side), as far as the kernel
// can tell: always for Unix sockets, for TCP only after a reset.
bool gone_look(int fd);

// The same, and asks a TCP peer that sends no more, or more than there is room for: if it has gone
// the next look finds it, or this one if it is near. Only between two lines.
bool gone_ask(int fd);

#endif
