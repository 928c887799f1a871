// See log.h. It keeps the level and nothing else: whether stderr is the journal is looked up for
// each line, which costs less than the write and stays right when stderr is redirected.
#include "common/log.h"

#include "common/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE 2048 // of a whole line, its newline included
#define ELLIPSIS  "..."

// The worker program logs from its threads.
static _Atomic enum log_level threshold = LOG_LEVEL_INFO;

static const struct {
    enum log_level level;
    const char *name;
} level_names[] = {
    {LOG_LEVEL_ERROR, "error"}, {LOG_LEVEL_WARNING, "warning"}, {LOG_LEVEL_NOTICE, "notice"},
    {LOG_LEVEL_INFO, "info"},   {LOG_LEVEL_DEBUG, "debug"},
};
#define LEVELS (sizeof(level_names) / sizeof(level_names[0]))

void
log_set_level(enum log_level level)
{
    threshold = level;
}

enum log_level
log_get_level(void)
{
    return threshold;
}

bool
log_parse_level(const char *text, enum log_level *ret)
{
    for (size_t i = 0; i < LEVELS; i++)
        if (strcmp(level_names[i].name, text) == 0) {
            *ret = level_names[i].level;
            return true;
        }
    return false;
}

const char *
log_level_name(enum log_level level)
{
    for (size_t i = 0; i < LEVELS; i++)
        if (level_names[i].level == level)
            return level_names[i].name;
    return "unknown";
}

// How many bytes the UTF-8 sequence of this first byte has, by RFC 3629; 0 if it begins none. The
// second byte's range is where overlong forms, surrogates and too large values differ.
static size_t
sequence_shape(unsigned char first, unsigned char *ret_low, unsigned char *ret_high)
{
    *ret_low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    *ret_high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

// The length of the printable character that begins here; 0 if it is a control character (those of
// ISO 6429's second set included, which terminals obey) or no UTF-8.
static size_t
printable_length(const char *text, size_t available)
{
    const unsigned char *at = (const unsigned char *)text;
    unsigned char low;
    unsigned char high;
    size_t length = sequence_shape(at[0], &low, &high);

    if (length == 1)
        return at[0] >= 0x20 && at[0] != 0x7f;
    if (length == 0 || length > available || at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return at[0] == 0xc2 && at[1] < 0xa0 ? 0 : length;
}

// Overwrites whatever could forge a line or steer a terminal.
static void
disarm(char *text, size_t length)
{
    size_t step;

    for (size_t i = 0; i < length; i += step) {
        step = printable_length(text + i, length - i);
        if (step == 0) {
            text[i] = '?';
            step = 1;
        }
    }
}

// The largest length up to `length` that cuts no UTF-8 sequence in two.
static size_t
cut_between_characters(const char *text, size_t length)
{
    size_t start = length;
    unsigned char ignored;

    while (start > 0 && length - start < 3 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start > 0 &&
        sequence_shape((unsigned char)text[start - 1], &ignored, &ignored) > length - start + 1)
        return start - 1;
    return length;
}

enum destination {
    PLAIN,  // a terminal, a file, a pipe
    PREFIX, // somebody who reads <N> at the beginning of a line
    JOURNAL,
};

// systemd.exec(5): JOURNAL_STREAM names the device and inode of the stream that goes to the
// journal. The journal's own is a socket.
static enum destination
find_destination(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    uintmax_t device;
    uintmax_t inode;
    struct stat status;

    if (stream == NULL || sscanf(stream, "%" SCNuMAX ":%" SCNuMAX, &device, &inode) != 2 ||
        fstat(STDERR_FILENO, &status) != 0 || status.st_dev != device || status.st_ino != inode)
        return PLAIN;
    return S_ISSOCK(status.st_mode) ? JOURNAL : PREFIX;
}

static int
format_head(enum destination to, enum log_level level, const char *subject, char *into, size_t size)
{
    struct timespec now;
    struct tm local;

    if (to != PLAIN)
        return snprintf(into, size, "<%d>%s: ", (int)level, subject);
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &local);
    return snprintf(into, size, "%02d:%02d:%02d.%03ld %s %s: ", local.tm_hour, local.tm_min,
                    local.tm_sec, now.tv_nsec / 1000000, log_level_name(level), subject);
}

// One write per line, so that lines of several processes do not mix. What a full non-blocking
// stderr does not take is lost: the log must never hold up the loop. The journal's stream blocks,
// but a socket can be told not to.
static void
write_line(enum destination to, const char *line, size_t length)
{
    ssize_t written;

    while (length > 0) {
        written = to == JOURNAL ? send(STDERR_FILENO, line, length, MSG_DONTWAIT | MSG_NOSIGNAL)
                                : write(STDERR_FILENO, line, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        line += written;
        length -= (size_t)written;
    }
}

static void log_line(enum log_level level, const char *subject, const char *format, va_list list)
    __attribute__((format(printf, 3, 0)));

static void
log_line(enum log_level level, const char *subject, const char *format, va_list list)
{
    char line[LINE_SIZE + 1]; // and the NUL, which becomes the newline
    const size_t most = LINE_SIZE - 1;
    const int saved_errno = errno;
    enum destination to;
    size_t length;
    size_t head;
    int wanted;

    if (level > threshold)
        return;
    to = find_destination();
    wanted = format_head(to, level, subject, line, most + 1);
    length = wanted < 0 ? 0 : (size_t)wanted;
    head = length < most ? length : most;
    errno = saved_errno; // for %m
    if (length < most) {
        wanted = vsnprintf(line + length, most + 1 - length, format, list);
        length += wanted < 0 ? 0 : (size_t)wanted;
    }
    if (length > most) {
        length = cut_between_characters(line, most - strlen(ELLIPSIS));
        memcpy(line + length, ELLIPSIS, strlen(ELLIPSIS));
        length += strlen(ELLIPSIS);
    }
    disarm(line, length);
    if (to != JOURNAL ||
        !journal_send(
            JOURNAL_SOCKET, (int)level, subject,
            (struct span){.at = line + head, .length = length > head ? length - head : 0})) {
        line[length++] = '\n';
        write_line(to, line, length);
    }
    errno = saved_errno;
}

#define DEFINE_LEVEL(name, level)                           \
    void name(const char *subject, const char *format, ...) \
    {                                                       \
        va_list list;                                       \
                                                            \
        va_start(list, format);                             \
        log_line(level, subject, format, list);             \
        va_end(list);                                       \
    }

DEFINE_LEVEL(log_error, LOG_LEVEL_ERROR)
DEFINE_LEVEL(log_warning, LOG_LEVEL_WARNING)
DEFINE_LEVEL(log_notice, LOG_LEVEL_NOTICE)
DEFINE_LEVEL(log_info, LOG_LEVEL_INFO)
DEFINE_LEVEL(log_debug, LOG_LEVEL_DEBUG)

// The next character of the text in its safe form, and how many bytes of the text it took.
static size_t
escape_character(const char *text, size_t available, char form[8])
{
    size_t length = printable_length(text, available);

    if (length == 0) {
        snprintf(form, 8, "\\x%02x", (unsigned char)text[0]);
        return 1;
    }
    if (text[0] == '\\') {
        strcpy(form, "\\\\");
        return 1;
    }
    memcpy(form, text, length);
    form[length] = '\0';
    return length;
}

const char *
log_escape(struct span text, char *into, size_t size)
{
    size_t used = 0;
    size_t cut = 0; // where "..." still fits
    size_t step;
    char form[8];

    for (size_t i = 0; i < text.length; i += step) {
        step = escape_character(text.at + i, text.length - i, form);
        if (used + sizeof(ELLIPSIS) <= size)
            cut = used;
        if (used + strlen(form) + 1 > size) {
            memcpy(into + cut, ELLIPSIS, sizeof(ELLIPSIS));
            return into;
        }
        memcpy(into + used, form, strlen(form));
        used += strlen(form);
    }
    into[used] = '\0';
    return into;
}
