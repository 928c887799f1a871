// See address.h. It knows sockaddrs, but opens no connection and binds nothing that lives on.
#include "common/address.h"

#include "common/units.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKET_NAME      "offloadd.sock"
#define SYSTEM_DIRECTORY "/run/offloadd"
#define DEFAULT_HOST     "127.0.0.1"

static bool
has_control_character(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

static const char *
parse_unix(const char *path, struct address *ret)
{
    struct address address = {.kind = ADDRESS_UNIX};
    size_t length = strlen(path);

    if (length == 0)
        return "the path is missing: unix:PATH";
    if (path[0] == '@')
        return "abstract sockets are not supported (write ./@NAME for a file of that name)";
    if (length >= sizeof(address.path))
        return "the path is too long: a socket's path has at most 107 bytes";
    if (has_control_character(path))
        return "the path holds a control character";
    memcpy(address.path, path, length);
    *ret = address;
    return NULL;
}

// The host as it stands before the port: a name, an IPv4 address, or an IPv6 address whose brackets
// were taken off. The characters are limited so that an address is one word wherever it is printed.
static const char *
check_host(const char *host, bool bracketed)
{
    static const char name_characters[] = "abcdefghijklmnopqrstuvwxyz"
                                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789.-_";
    struct in6_addr ignored;
    char plain[sizeof(((struct address *)0)->host)];
    size_t plain_length = strcspn(host, "%"); // a zone may follow: fe80::1%eth0

    if (host[0] == '\0')
        return "the host is missing: tcp:HOST:PORT";
    if (!bracketed && strchr(host, ':') != NULL)
        return "an IPv6 address needs brackets: tcp:[::1]:PORT";
    if (!bracketed)
        return host[strspn(host, name_characters)] == '\0' && host[0] != '-'
                   ? NULL
                   : "the host holds a character that no host has";
    memcpy(plain, host, plain_length);
    plain[plain_length] = '\0';
    if (inet_pton(AF_INET6, plain, &ignored) != 1)
        return "no IPv6 address stands between the brackets";
    if (host[plain_length] == '%' &&
        (host[plain_length + 1] == '\0' ||
         host[plain_length + 1 + strspn(host + plain_length + 1, name_characters)] != '\0'))
        return "the zone of the IPv6 address is no name";
    return NULL;
}

static const char *
parse_tcp(const char *text, struct address *ret)
{
    struct address address = {.kind = ADDRESS_TCP};
    const char *colon = strrchr(text, ':');
    bool bracketed = text[0] == '[';
    const char *problem;
    size_t length;
    uint64_t port;

    if (colon == NULL || (bracketed && strchr(colon, ']') != NULL))
        return "the port is missing: tcp:HOST:PORT";
    if (!units_parse_number(colon + 1, 0, UINT16_MAX, &port))
        return "the port is no number from 0 to 65535";
    length = (size_t)(colon - text);
    if (bracketed) {
        if (length < 2 || text[length - 1] != ']')
            return "a ']' is missing before the port: tcp:[::1]:PORT";
        text++;
        length -= 2;
    }
    if (length >= sizeof(address.host))
        return "the host is too long: it has at most 255 bytes";
    memcpy(address.host, text, length);
    problem = check_host(address.host, bracketed);
    if (problem != NULL)
        return problem;
    address.port = (uint16_t)port;
    *ret = address;
    return NULL;
}

const char *
address_parse(const char *text, struct address *ret)
{
    if (strncmp(text, "unix:", 5) == 0)
        return parse_unix(text + 5, ret);
    if (strncmp(text, "tcp:", 4) == 0)
        return parse_tcp(text + 4, ret);
    return "an address is unix:PATH or tcp:HOST:PORT";
}

// systemd.socket(5), FileDescriptorName=: no control characters, no colon. No white space either,
// so that an address is one word.
static const char *
parse_passed(const char *name, struct address *ret)
{
    struct address address = {.kind = ADDRESS_PASSED};
    size_t length = strlen(name);

    if (length == 0)
        return "the name is missing: systemd:NAME";
    if (length >= sizeof(address.path))
        return "the name is too long: it has at most 107 bytes";
    for (const char *c = name; *c != '\0'; c++)
        if (*c <= 0x20 || *c >= 0x7f || *c == ':')
            return "the name holds a character that no name of a socket has";
    memcpy(address.path, name, length);
    *ret = address;
    return NULL;
}

const char *
address_parse_listen(const char *text, struct address *ret)
{
    if (strncmp(text, "systemd:", 8) == 0)
        return parse_passed(text + 8, ret);
    if (strncmp(text, "unix:", 5) != 0 && strncmp(text, "tcp:", 4) != 0)
        return "an address is unix:PATH, tcp:HOST:PORT or systemd:NAME";
    return address_parse(text, ret);
}

void
address_format(const struct address *address, char text[ADDRESS_TEXT_MAX])
{
    bool brackets = strchr(address->host, ':') != NULL;

    if (address->kind != ADDRESS_TCP)
        snprintf(text, ADDRESS_TEXT_MAX, "%s:%s",
                 address->kind == ADDRESS_UNIX ? "unix" : "systemd", address->path);
    else
        snprintf(text, ADDRESS_TEXT_MAX, "tcp:%s%s%s:%u", brackets ? "[" : "", address->host,
                 brackets ? "]" : "", address->port);
}

static int
resolve_unix(const struct address *address, unsigned index, struct sockaddr_storage *ret,
             socklen_t *ret_length)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t length = strlen(address->path);

    if (index > 0)
        return ENOENT;
    memcpy(name.sun_path, address->path, length);
    memset(ret, 0, sizeof(*ret));
    memcpy(ret, &name, sizeof(name));
    *ret_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
    return 0;
}

// Containers often have no ::1, and an address that cannot be bound is no result. A datagram socket
// tells without sending anything.
static bool
host_has_ipv6_loopback(void)
{
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool bound;

    if (fd < 0)
        return false;
    bound = bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0;
    close(fd);
    return bound;
}

// RFC 6761 section 6.3: "localhost" is loopback, and nobody should be asked about it.
static int
resolve_localhost(uint16_t port, unsigned index, struct sockaddr_storage *ret,
                  socklen_t *ret_length)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 six = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};

    if (index > 1 || (index == 1 && !host_has_ipv6_loopback()))
        return ENOENT;
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    memset(ret, 0, sizeof(*ret));
    if (index == 0)
        memcpy(ret, &four, sizeof(four));
    else
        memcpy(ret, &six, sizeof(six));
    *ret_length = index == 0 ? sizeof(four) : sizeof(six);
    return 0;
}

static int
errno_of_resolver(int status)
{
    switch (status) {
    case EAI_MEMORY:
        return ENOMEM;
    case EAI_AGAIN:
        return EAGAIN;
    case EAI_SYSTEM:
        return errno != 0 ? errno : EADDRNOTAVAIL;
    default:
        return EADDRNOTAVAIL;
    }
}

int
address_resolve(const struct address *address, unsigned index, struct sockaddr_storage *ret,
                socklen_t *ret_length)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list;
    const struct addrinfo *one;
    char port[8];
    int status;

    if (address->kind == ADDRESS_UNIX)
        return resolve_unix(address, index, ret, ret_length);
    if (address->kind == ADDRESS_PASSED)
        return EAFNOSUPPORT;
    if (strcmp(address->host, "localhost") == 0)
        return resolve_localhost(address->port, index, ret, ret_length);
    snprintf(port, sizeof(port), "%u", address->port);
    status = getaddrinfo(address->host, port, &hints, &list);
    if (status != 0)
        return errno_of_resolver(status);
    one = list;
    while (one != NULL && index-- > 0)
        one = one->ai_next;
    if (one != NULL) {
        memset(ret, 0, sizeof(*ret));
        memcpy(ret, one->ai_addr, one->ai_addrlen);
        *ret_length = one->ai_addrlen;
    }
    freeaddrinfo(list);
    return one != NULL ? 0 : ENOENT;
}

// A path need not end with a NUL when it fills sun_path; an abstract name counts as none.
static void
path_from_sockaddr(const struct sockaddr *from, socklen_t length, struct address *address)
{
    const size_t head = offsetof(struct sockaddr_un, sun_path);
    const char *path = (const char *)from + head;
    size_t size = length > head ? length - head : 0;

    if (size > sizeof(address->path) - 1)
        size = sizeof(address->path) - 1;
    memcpy(address->path, path, strnlen(path, size));
}

void
address_from_sockaddr(const struct sockaddr *from, socklen_t length, struct address *ret)
{
    struct address address = {.kind = ADDRESS_UNIX};
    char port[8] = "0";

    if (length >= sizeof(from->sa_family) && from->sa_family == AF_UNIX) {
        path_from_sockaddr(from, length, &address);
    } else if (length >= sizeof(from->sa_family) &&
               (from->sa_family == AF_INET || from->sa_family == AF_INET6)) {
        address.kind = ADDRESS_TCP;
        if (getnameinfo(from, length, address.host, sizeof(address.host), port, sizeof(port),
                        NI_NUMERICHOST | NI_NUMERICSERV) == 0)
            address.port = (uint16_t)strtoul(port, NULL, 10);
    }
    *ret = address;
}

bool
address_is_loopback(const struct sockaddr *resolved)
{
    struct sockaddr_in four;
    struct sockaddr_in6 six;

    switch (resolved->sa_family) {
    case AF_UNIX:
        return true;
    case AF_INET:
        memcpy(&four, resolved, sizeof(four));
        return ntohl(four.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    case AF_INET6:
        memcpy(&six, resolved, sizeof(six));
        return IN6_IS_ADDR_LOOPBACK(&six.sin6_addr) ||
               (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr) &&
                six.sin6_addr.s6_addr[12] == IN_LOOPBACKNET);
    default:
        return false;
    }
}

// A directory from the environment, NULL if unset. systemd separates several by colons: the first
// counts. The XDG specification wants relative paths ignored.
static const char *
environment_directory(const char *name, size_t *ret_length)
{
    const char *value = getenv(name);

    if (value == NULL || value[0] != '/')
        return NULL;
    *ret_length = strcspn(value, ":");
    return value;
}

static bool
socket_in(const char *directory, size_t length, struct address *ret)
{
    struct address address = {.kind = ADDRESS_UNIX};

    if (length + sizeof("/" SOCKET_NAME) > sizeof(address.path))
        return false;
    memcpy(address.path, directory, length);
    memcpy(address.path + length, "/" SOCKET_NAME, sizeof("/" SOCKET_NAME));
    *ret = address;
    return true;
}

static struct address
default_tcp(void)
{
    return (struct address){
        .kind = ADDRESS_TCP, .host = DEFAULT_HOST, .port = ADDRESS_DEFAULT_PORT};
}

size_t
address_server_defaults(struct address ret[2])
{
    size_t length = strlen(SYSTEM_DIRECTORY);
    const char *directory = environment_directory("RUNTIME_DIRECTORY", &length);
    size_t count = 0;

    if (directory == NULL)
        directory = environment_directory("XDG_RUNTIME_DIR", &length);
    if (directory == NULL)
        directory = SYSTEM_DIRECTORY;
    if (socket_in(directory, length, &ret[count]))
        count++;
    ret[count++] = default_tcp();
    return count;
}

size_t
address_client_defaults(struct address ret[3])
{
    size_t length;
    const char *directory = environment_directory("XDG_RUNTIME_DIR", &length);
    size_t count = 0;

    if (directory != NULL && socket_in(directory, length, &ret[count]))
        count++;
    if (socket_in(SYSTEM_DIRECTORY, strlen(SYSTEM_DIRECTORY), &ret[count]))
        count++;
    ret[count++] = default_tcp();
    return count;
}
