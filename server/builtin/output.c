// See output.h.
#include "builtin/output.h"

#include "common/clock.h"
#include "common/errors.h"
#include "common/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HELD_MAX  65536 // bytes
#define SMALL_MAX 4096  // longer lines are not worth the copy

void
output_init(struct output *output, int fd)
{
    *output = (struct output){.fd = fd};
    pthread_mutex_init(&output->lock, NULL);
}

void
output_done(struct output *output)
{
    output_flush(output);
    free(output->held);
    pthread_mutex_destroy(&output->lock);
}

void
output_hold(struct output *output)
{
    output->held = malloc(HELD_MAX);
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

static void
write_or_exit(const struct output *output, struct iovec *iov, int count)
{
    if (write_pieces(output->fd, iov, count) != 0)
        _exit(EXIT_STATUS_UNAVAILABLE);
}

static void
write_held(struct output *output)
{
    struct iovec held = {.iov_base = output->held, .iov_len = output->held_length};

    if (output->held_length > 0)
        write_or_exit(output, &held, 1);
    output->held_length = 0;
}

static void
keep(struct output *output, const struct iovec *iov, int count)
{
    if (output->held_length == 0)
        output->held_since_us = clock_us();
    for (int i = 0; i < count; i++) {
        memcpy(output->held + output->held_length, iov[i].iov_base, iov[i].iov_len);
        output->held_length += iov[i].iov_len;
    }
}

void
output_line(struct output *output, struct iovec *iov, int count)
{
    size_t length = 1;

    for (int i = 0; i < count; i++)
        length += iov[i].iov_len;
    iov[count++] = (struct iovec){.iov_base = (char *)"\n", .iov_len = 1};
    pthread_mutex_lock(&output->lock);
    if (output->held_length + length > HELD_MAX || length > SMALL_MAX)
        write_held(output);
    if (output->held != NULL && length <= SMALL_MAX)
        keep(output, iov, count);
    else
        write_or_exit(output, iov, count);
    pthread_mutex_unlock(&output->lock);
}

void
output_answer(struct output *output, struct span id, bool failed, struct span body)
{
    struct iovec iov[MESSAGE_IOV_MAX + 1];
    int count = failed ? message_error_iov(iov, id, body) : message_result_iov(iov, id, body);

    output_line(output, iov, count);
}

void
output_flush(struct output *output)
{
    pthread_mutex_lock(&output->lock);
    write_held(output);
    pthread_mutex_unlock(&output->lock);
}

void
output_look(struct output *output, int64_t now_us)
{
    if (output->held_length > 0 && now_us - output->held_since_us >= OUTPUT_HOLD_US)
        output_flush(output);
}
