// See activation.h. Own code rather than libsystemd: the protocol is three variables with a promise
// of stability (systemd.io/PORTABILITY_AND_STABILITY), and the library brings decompressors and
// more into a process that must stay small.
#include "daemon/activation.h"

#include "common/units.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_FD 3 // SD_LISTEN_FDS_START

static bool
number_in(const char *variable, uint64_t max, uint64_t *ret)
{
    const char *text = getenv(variable);

    return text != NULL && units_parse_number(text, 0, max, ret);
}

// The names stand in one text, a colon between two.
static void
name_sockets(struct activation *activation, const char *names)
{
    for (size_t i = 0; i < activation->count; i++) {
        size_t length = names != NULL ? strcspn(names, ":") : 0;

        if (length < ACTIVATION_NAME_SIZE)
            memcpy(activation->sockets[i].name, names != NULL ? names : "", length);
        if (names != NULL)
            names = names[length] == ':' ? names + length + 1 : NULL;
    }
}

static int
take(struct activation *activation)
{
    uint64_t pid;
    uint64_t count;

    // They survive an exec: then they are for the process before.
    if (!number_in("LISTEN_PID", INT32_MAX, &pid) || pid != (uint64_t)getpid())
        return 0;
    if (!number_in("LISTEN_FDS", INT32_MAX, &count))
        return -EINVAL;
    if (count > ACTIVATION_SOCKETS_MAX)
        return -E2BIG;
    for (size_t i = 0; i < count; i++) {
        activation->sockets[i].fd = FIRST_FD + (int)i;
        if (fcntl(FIRST_FD + (int)i, F_SETFD, FD_CLOEXEC) != 0)
            return -errno;
    }
    activation->count = count;
    name_sockets(activation, getenv("LISTEN_FDNAMES"));
    return 0;
}

int
activation_take(struct activation *ret)
{
    static const char *const variables[] = {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"};
    int error;

    memset(ret, 0, sizeof(*ret));
    error = take(ret);
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        unsetenv(variables[i]);
    return error;
}

void
activation_close(struct activation *activation)
{
    for (size_t i = 0; i < activation->count; i++) {
        if (activation->sockets[i].fd >= 0)
            close(activation->sockets[i].fd);
        activation->sockets[i].fd = -1;
    }
}

bool
activation_is(const struct activation *activation, size_t index, const char *which)
{
    uint64_t number;

    if (strcmp(activation->sockets[index].name, which) == 0)
        return true;
    return units_parse_number(which, 1, ACTIVATION_SOCKETS_MAX, &number) && number == index + 1;
}
