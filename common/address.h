// Addresses as users write them: unix:PATH, tcp:HOST:PORT, tcp:[IPV6]:PORT; and systemd:NAME where
// one listens. Parsing and printing
// touch no network; address_resolve may ask DNS and belongs before the loop starts.
#ifndef OFFLOAD_COMMON_ADDRESS_H
#define OFFLOAD_COMMON_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

enum address_kind {
    ADDRESS_UNIX,
    ADDRESS_TCP,
    ADDRESS_PASSED, // a socket that the service manager has opened; for listening only
};

#define ADDRESS_TEXT_MAX 320 // room for any address as text, NUL included

struct address {
    enum address_kind kind;
    // unix: the path; passed: the name, or the number from 1. Always NUL-terminated
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    char host[256]; // tcp, without brackets
    uint16_t port;  // tcp; 0: the kernel picks
};

// Parses. On failure returns a static sentence that says what is wrong, and leaves *ret alone;
// NULL means success.
const char *address_parse(const char *text, struct address *ret);

// The same for an address to listen on, which may also be systemd:NAME or systemd:NUMBER.
const char *address_parse_listen(const char *text, struct address *ret);

// Writes the address as a client would type it; always NUL-terminated.
void address_format(const struct address *address, char text[ADDRESS_TEXT_MAX]);

// Turns it into something for bind() or connect(). A host name may have several results: `index`
// picks one, from 0. Returns 0, or an errno value (ENOENT when there is no such index,
// EADDRNOTAVAIL when the name has no address, EAFNOSUPPORT for a passed socket). May block on DNS
// unless the host is numeric or "localhost".
int address_resolve(const struct address *address, unsigned index, struct sockaddr_storage *ret,
                    socklen_t *ret_length);

// The other way round, for a bound or accepted socket: numeric. A Unix socket without a path
// (a client's end) becomes "unix:".
void address_from_sockaddr(const struct sockaddr *from, socklen_t length, struct address *ret);

// True for Unix sockets, 127.0.0.0/8 and ::1 (IPv4-mapped too).
bool address_is_loopback(const struct sockaddr *resolved);

// The default addresses of a daemon, in order: the Unix socket in $RUNTIME_DIRECTORY, else in
// $XDG_RUNTIME_DIR, else in /run/offloadd; and TCP on 127.0.0.1, port 7707. Returns how many (2, or
// 1 if the path is too long).
#define ADDRESS_DEFAULT_PORT 7707
size_t address_server_defaults(struct address ret[2]);

// Where a client looks, in order: the user's socket ($XDG_RUNTIME_DIR/offloadd.sock), the system's
// (/run/offloadd/offloadd.sock), TCP on 127.0.0.1. Returns how many.
size_t address_client_defaults(struct address ret[3]);

#endif
