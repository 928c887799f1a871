// See streams.h.
#include "builtin/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void
streams_close(struct streams *streams)
{
    if (streams->input >= 0)
        close(streams->input);
    if (streams->output >= 0)
        close(streams->output);
    streams->input = streams->output = -1;
}

static int
replace_standard_streams(void)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int error = 0;

    if (null < 0)
        return -errno;
    if (dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        error = -errno;
    close(null);
    return error;
}

int
streams_take(struct streams *streams)
{
    struct streams taken = {
        .input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1),
        .output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1),
    };
    int error = taken.input < 0 || taken.output < 0 ? -errno : replace_standard_streams();

    if (error == 0)
        *streams = taken;
    else
        streams_close(&taken);
    return error;
}
