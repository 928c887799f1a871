// A worker that is played by a test: it connects to the Unix socket that it is given, passes on
// what comes on its standard input, and writes to its standard output what comes from there.
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// Moves what is there. False at the end.
static bool
pass_on(int from, int to)
{
    char bytes[65536];
    ssize_t got = read(from, bytes, sizeof(bytes));

    for (ssize_t at = 0; at < got;) {
        ssize_t n = write(to, bytes + at, (size_t)(got - at));

        if (n <= 0)
            return false;
        at += n;
    }
    return got > 0;
}

int
main(int argc, char *argv[])
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (argc != 2)
        return 2;
    snprintf(name.sun_path, sizeof(name.sun_path), "%s", argv[1]);
    if (connect(fd, (struct sockaddr *)&name, sizeof(name)) != 0)
        return 1;
    for (;;) {
        struct pollfd wait[] = {{.fd = 0, .events = POLLIN}, {.fd = fd, .events = POLLIN}};

        if (poll(wait, 2, -1) < 0)
            return 1;
        if ((wait[0].revents != 0 && !pass_on(0, fd)) || (wait[1].revents != 0 && !pass_on(fd, 1)))
            break;
    }
    close(fd);
    return 0;
}
