// See joblog.h.
#include "client/joblog.h"

#include "client/report.h"
#include "common/errors.h"
#include "common/member.h"
#include "common/scanner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct joblog {
    int fd;
    char *kept; // lines to be written
    size_t length;
    size_t capacity;
};

char *
joblog_format(const struct job *job, size_t *ret_length)
{
    char *line;
    int length =
        asprintf(&line,
                 "{\"seq\":%llu,\"start\":%.3f,\"runtime\":%.6f,\"exit\":%d,\"attempt\":%u,"
                 "\"params\":%s}",
                 (unsigned long long)job->seq, job->start_seconds,
                 (double)(job->ended_us - job->started_us) / 1e6, job->exit, job->attempt,
                 job->params.at != NULL ? job->params.at : "null");

    if (length < 0)
        return NULL;
    *ret_length = (size_t)length;
    return line;
}

static bool
read_seq(struct span raw, uint64_t *ret)
{
    uint64_t number = 0;

    if (raw.length == 0 || raw.length > 18)
        return false;
    for (size_t i = 0; i < raw.length; i++) {
        if (raw.at[i] < '0' || raw.at[i] > '9')
            return false;
        number = number * 10 + (uint64_t)(raw.at[i] - '0');
    }
    *ret = number;
    return number > 0;
}

bool
joblog_parse(struct span line, uint64_t *ret_seq, int *ret_exit)
{
    uint64_t seq;

    if (scanner_check(line, SCANNER_DEPTH_LIMIT) != SCAN_OK ||
        !read_seq(member_find(line, "seq"), &seq) ||
        !member_int(member_find(line, "exit"), ret_exit))
        return false;
    *ret_seq = seq;
    return true;
}

// The last line of a job counts: it may have been tried again.
static bool
note(struct done_set *done, enum joblog_mode mode, uint64_t seq, int exit)
{
    if (mode == JOBLOG_RESUME_FAILED && exit != 0)
        return done_set_remove(done, seq);
    return done_set_add(done, seq);
}

// Reads the lines; *ret_whole says where the last whole line ends.
static int
read_lines(FILE *file, const char *path, enum joblog_mode mode, struct done_set *done,
           off_t *ret_whole)
{
    char *line = NULL;
    size_t capacity = 0;
    uint64_t number = 0;
    ssize_t length;
    int status = 0;

    *ret_whole = 0;
    while (status == 0 && (length = getline(&line, &capacity, file)) > 0 &&
           line[length - 1] == '\n') {
        uint64_t seq;
        int exit;

        number++;
        *ret_whole += length;
        if (!joblog_parse((struct span){line, (size_t)length - 1}, &seq, &exit)) {
            report_problem("%s:%llu: no line of a job log; nothing was run", path,
                           (unsigned long long)number);
            status = EXIT_STATUS_USAGE;
        } else if (!note(done, mode, seq, exit)) {
            status = report_no_memory();
        }
    }
    if (status == 0 && ferror(file)) {
        report_problem("cannot read %s: %s", path, strerror(errno));
        status = REPORT_STATUS_IO;
    }
    free(line);
    return status;
}

static int
read_log(int fd, const char *path, enum joblog_mode mode, struct done_set *done)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    FILE *file = copy >= 0 ? fdopen(copy, "r") : NULL;
    off_t whole;
    int status;

    if (file == NULL) {
        if (copy >= 0)
            close(copy);
        return report_no_memory();
    }
    status = read_lines(file, path, mode, done, &whole);
    fclose(file);
    if (status == 0 && ftruncate(fd, whole) != 0) {
        report_problem("cannot write to %s: %s", path, strerror(errno));
        status = REPORT_STATUS_IO;
    }
    return status;
}

int
joblog_open(const char *path, enum joblog_mode mode, struct done_set *done, struct joblog **ret)
{
    struct joblog *log = calloc(1, sizeof(*log));
    struct stat about;
    int status = 0;

    if (log == NULL)
        return report_no_memory();
    log->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
    if (log->fd < 0 || fstat(log->fd, &about) != 0 ||
        (mode == JOBLOG_NEW && S_ISREG(about.st_mode) && ftruncate(log->fd, 0) != 0)) {
        report_problem("cannot open %s: %s", path, strerror(errno));
        status = REPORT_STATUS_IO;
    } else if (mode != JOBLOG_NEW) {
        status = read_log(log->fd, path, mode, done);
    }
    if (status == 0)
        *ret = log;
    else
        joblog_close(log);
    return status;
}

bool
joblog_add(struct joblog *log, const struct job *job)
{
    size_t length;
    char *line = joblog_format(job, &length);

    if (line == NULL)
        return false;
    while (log->length + length + 1 > log->capacity) {
        size_t capacity = log->capacity > 0 ? 2 * log->capacity : 4096;
        char *kept = realloc(log->kept, capacity);

        if (kept == NULL) {
            free(line);
            return false;
        }
        log->kept = kept;
        log->capacity = capacity;
    }
    memcpy(log->kept + log->length, line, length);
    log->kept[log->length + length] = '\n';
    log->length += length + 1;
    free(line);
    return true;
}

int
joblog_flush(struct joblog *log)
{
    size_t written = 0;

    while (written < log->length) {
        ssize_t size = write(log->fd, log->kept + written, log->length - written);

        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return errno;
        written += (size_t)size;
    }
    log->length = 0;
    return 0;
}

void
joblog_close(struct joblog *log)
{
    if (log == NULL)
        return;
    if (log->fd >= 0)
        close(log->fd);
    free(log->kept);
    free(log);
}
