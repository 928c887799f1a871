// See output.h.
#include "builtin/output.h"

#include "common/errors.h"
#include "common/message.h"

#include <errno.h>
#include <unistd.h>

void
output_init(struct output *output, int fd)
{
    output->fd = fd;
    pthread_mutex_init(&output->lock, NULL);
}

void
output_done(struct output *output)
{
    pthread_mutex_destroy(&output->lock);
}

// All of it, or an error.
static int
write_pieces(int fd, struct iovec *iov, int count)
{
    while (count > 0) {
        ssize_t n = writev(fd, iov, count);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        for (; count > 0 && (size_t)n >= iov->iov_len; iov++, count--)
            n -= (ssize_t)iov->iov_len;
        if (count > 0) {
            iov->iov_base = (char *)iov->iov_base + n;
            iov->iov_len -= (size_t)n;
        }
    }
    return 0;
}

void
output_line(struct output *output, struct iovec *iov, int count)
{
    int error;

    iov[count++] = (struct iovec){.iov_base = (char *)"\n", .iov_len = 1};
    pthread_mutex_lock(&output->lock);
    error = write_pieces(output->fd, iov, count);
    pthread_mutex_unlock(&output->lock);
    if (error != 0)
        _exit(EXIT_STATUS_UNAVAILABLE);
}

void
output_answer(struct output *output, struct span id, bool failed, struct span body)
{
    struct iovec iov[MESSAGE_IOV_MAX + 1];
    int count = failed ? message_error_iov(iov, id, body) : message_result_iov(iov, id, body);

    output_line(output, iov, count);
}
