// See process.h.
#include "daemon/process.h"

#include "common/log.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORKER_NAME "offload-worker"

static void
libevent_log_cb(int severity, const char *message)
{
    if (severity >= EVENT_LOG_WARN)
        log_warning("libevent", "%s", message);
    else
        log_debug("libevent", "%s", message);
}

static int
keep_standard_descriptors(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd < 0)
        return -errno;
    close(fd);
    return 0;
}

static void
prepare_signals(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static unsigned long
raise_open_files(void)
{
    struct rlimit limit;
    unsigned long before;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return before;
}

int
process_prepare(unsigned long *ret_open_files)
{
    int error = keep_standard_descriptors();

    if (error != 0)
        return error;
    prepare_signals();
    event_set_log_callback(libevent_log_cb);
    *ret_open_files = raise_open_files();
    return 0;
}

bool
process_find_worker(char *path, size_t size)
{
    // Beside this program (a build tree); where an installation puts it, wherever that was moved
    // to; where it was configured to be.
    static const char *const places[] = {"", "../libexec/offload/"};
    char self[4096];
    const char *folder;
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (length > 0) {
        self[length] = '\0';
        folder = dirname(self);
        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
            snprintf(path, size, "%s/%s" WORKER_NAME, folder, places[i]);
            if (access(path, X_OK) == 0)
                return true;
        }
    }
    snprintf(path, size, "%s/%s", OFFLOAD_LIBEXECDIR, WORKER_NAME);
    return access(path, X_OK) == 0;
}

// Each worker has four pipes, of which twice as many ends are open while it is being started.
unsigned
process_sessions_max(const struct config *config)
{
    unsigned sessions_max = config->limits.sessions_max;
    unsigned long reserve = 32 + config->listen_count;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return sessions_max;
    for (size_t i = 0; i < config->pool_count; i++)
        reserve += 8UL * config->pools[i].processes;
    if (limit.rlim_cur >= reserve + sessions_max)
        return sessions_max;
    sessions_max = limit.rlim_cur > reserve ? (unsigned)(limit.rlim_cur - reserve) : 1;
    log_warning("server",
                "at most %u sessions: the process may open %lu descriptors, workers need %lu",
                sessions_max, (unsigned long)limit.rlim_cur, reserve);
    return sessions_max;
}

static int
write_all(int fd, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        ssize_t n = write(fd, text, left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        text += n;
        left -= (size_t)n;
    }
    return 0;
}

int
process_write_file(const char *path, const char *lines)
{
    char *temporary;
    int error;
    int fd;

    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return -ENOMEM;
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        error = -errno;
        goto out;
    }
    error = fchmod(fd, 0644) == 0 ? write_all(fd, lines) : -errno;
    close(fd);
    if (error == 0 && rename(temporary, path) != 0)
        error = -errno;
    if (error != 0)
        unlink(temporary);
out:
    free(temporary);
    return error;
}
