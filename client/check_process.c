// See check_process.h. The process is not reaped before its group was killed, so that its number
// cannot mean anybody else.
#include "client/check_process.h"

#include "client/check_spawn.h"
#include "common/clock.h"
#include "common/limits.h"
#include "common/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STDERR_MAX    1024
#define LOOK_MS       5 // between two looks at whether it has ended, which no descriptor tells
#define LAST_WORDS_US 20000
#define PENDING_MAX   (4 * LIMIT_LINE_MAX) // output that nobody read yet

struct check_process {
    struct check_spawned spawned;
    struct lines lines;
    bool output_ended;
    char errors[STDERR_MAX];
    size_t errors_length;
};

static void
close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int
check_process_start(char *const *argv, struct check_process **ret)
{
    struct check_process *process = calloc(1, sizeof(*process));
    int error;

    if (process == NULL)
        return -ENOMEM;
    error = check_spawn(argv, &process->spawned);
    if (error != 0) {
        free(process);
        return error;
    }
    lines_init(&process->lines, LIMIT_LINE_MAX);
    *ret = process;
    return 0;
}

void
check_process_free(struct check_process *process)
{
    if (process == NULL)
        return;
    check_spawn_kill(process->spawned.pid);
    close_fd(&process->spawned.input);
    close_fd(&process->spawned.output);
    close_fd(&process->spawned.errors);
    lines_done(&process->lines);
    free(process);
}

static void
take_output(struct check_process *process)
{
    size_t size;
    char *room = lines_room(&process->lines, 65536, &size);
    ssize_t got = room != NULL ? read(process->spawned.output, room, size) : 0;

    if (got > 0)
        lines_filled(&process->lines, (size_t)got);
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        process->output_ended = true;
}

// Keeps the end of it.
static void
take_errors(struct check_process *process)
{
    char piece[STDERR_MAX];
    ssize_t got = read(process->spawned.errors, piece, sizeof(piece));
    size_t length = got > 0 ? (size_t)got : 0;
    size_t keep = STDERR_MAX - length;

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        close_fd(&process->spawned.errors);
        return;
    }
    if (process->errors_length < keep)
        keep = process->errors_length;
    memmove(process->errors, process->errors + process->errors_length - keep, keep);
    memcpy(process->errors + keep, piece, length);
    process->errors_length = keep + length;
}

enum waiting {
    FOR_LINES,
    FOR_ROOM, // in its stdin
    FOR_ITS_END,
};

static int
left_ms(int64_t deadline_us)
{
    int64_t left_us = deadline_us - clock_us();

    return left_us <= 0 ? 0 : (int)((left_us + 999) / 1000);
}

// Waits until something happens and takes in what there is. False at the deadline.
static bool
turn(struct check_process *process, enum waiting waiting, int64_t deadline_us)
{
    bool full = lines_pending(&process->lines) > PENDING_MAX;
    struct pollfd fds[] = {
        {.fd = process->output_ended || full ? -1 : process->spawned.output, .events = POLLIN},
        {.fd = process->spawned.errors, .events = POLLIN},
        {.fd = waiting == FOR_ROOM ? process->spawned.input : -1, .events = POLLOUT},
    };
    int left = left_ms(deadline_us);
    int found;

    // One that talks without end must not keep the deadline away.
    if (left == 0)
        return false;
    if (waiting == FOR_ITS_END && left > LOOK_MS)
        left = LOOK_MS;
    found = poll(fds, sizeof(fds) / sizeof(fds[0]), left);
    if (found < 0)
        return errno == EINTR;
    if (fds[0].revents != 0)
        take_output(process);
    if (fds[1].revents != 0)
        take_errors(process);
    return found > 0 || left_ms(deadline_us) > 0;
}

enum check_io
check_process_write(struct check_process *process, struct span text, int64_t deadline_us)
{
    while (text.length > 0) {
        ssize_t written = write(process->spawned.input, text.at, text.length);

        if (written > 0) {
            text.at += written;
            text.length -= (size_t)written;
        } else if (errno != EAGAIN && errno != EINTR) {
            return CHECK_IO_END;
        } else if (!turn(process, FOR_ROOM, deadline_us)) {
            return CHECK_IO_LATE;
        }
    }
    return CHECK_IO_OK;
}

enum check_io
check_process_read(struct check_process *process, int64_t deadline_us, char **ret_line,
                   size_t *ret_length)
{
    for (;;) {
        enum lines_result found = lines_next(&process->lines, ret_line, ret_length);

        if (found == LINES_MORE && process->output_ended)
            found = lines_last(&process->lines, ret_line, ret_length);
        if (found == LINES_LINE)
            return CHECK_IO_OK;
        if (found == LINES_TOO_LONG)
            return CHECK_IO_TOO_LONG;
        if (process->output_ended)
            return CHECK_IO_END;
        if (!turn(process, FOR_LINES, deadline_us))
            return CHECK_IO_LATE;
    }
}

void
check_process_close_input(struct check_process *process)
{
    close_fd(&process->spawned.input);
}

void
check_process_signal(struct check_process *process, int number)
{
    kill(-process->spawned.pid, number);
}

// True if it has ended.
static bool
look(const struct check_process *process, bool *ret_killed, int *ret_number)
{
    siginfo_t info = {0};

    if (waitid(P_PID, (id_t)process->spawned.pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid == 0)
        return false;
    *ret_killed = info.si_code != CLD_EXITED;
    *ret_number = info.si_status;
    return true;
}

bool
check_process_await_end(struct check_process *process, int64_t deadline_us, bool *ret_killed,
                        int *ret_number)
{
    int64_t last_us;

    while (!look(process, ret_killed, ret_number))
        if (!turn(process, FOR_ITS_END, deadline_us))
            return look(process, ret_killed, ret_number);
    // Its last words are in the pipe already. Who holds that and goes on talking is not waited for.
    last_us = clock_us() + LAST_WORDS_US;
    while (process->spawned.errors >= 0 && turn(process, FOR_LINES, last_us))
        ;
    return true;
}

struct span
check_process_stderr(const struct check_process *process)
{
    return (struct span){process->errors, process->errors_length};
}
