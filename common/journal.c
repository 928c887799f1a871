// See journal.h. It keeps nothing: a socket per line costs less than the line, and a journal that
// was restarted, or has gone, needs no care.
#include "common/journal.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define FIELDS_SIZE 512

// What the words of a subject are called in the journal.
static const struct {
    const char *word;
    const char *field;
} names[] = {
    {"pool", "POOL"},       {"worker", "WORKER"}, {"pid", "WORKER_PID"},
    {"session", "SESSION"}, {"job", "JOB"},
};
#define NAMES (sizeof(names) / sizeof(names[0]))

// Adds "NAME=value\n" whole or not at all. Only for values that hold no newline.
static void
add_field(char *fields, const char *name, const char *value, size_t length)
{
    size_t used = strlen(fields);

    if (used + strlen(name) + length + 3 <= FIELDS_SIZE)
        snprintf(fields + used, FIELDS_SIZE - used, "%s=%.*s\n", name, (int)length, value);
}

static void
add_pair(char *fields, const char *word, size_t word_length, const char *value, size_t length)
{
    for (size_t i = 0; i < NAMES; i++)
        if (strlen(names[i].word) == word_length && memcmp(names[i].word, word, word_length) == 0)
            add_field(fields, names[i].field, value, length);
    // A worker is POOL/NUMBER.
    if (word_length == 6 && memcmp(word, "worker", 6) == 0 && memchr(value, '/', length) != NULL)
        add_field(fields, "POOL", value, (size_t)((char *)memchr(value, '/', length) - value));
}

static void
add_subject(char *fields, const char *subject)
{
    const char *at = strchr(subject, '\n') == NULL ? subject : "";

    while (*at != '\0') {
        size_t word_length = strcspn(at, " ");
        const char *value = at + word_length + strspn(at + word_length, " ");
        size_t length = strcspn(value, " ");

        if (length > 0)
            add_pair(fields, at, word_length, value, length);
        at = value + length + strspn(value + length, " ");
    }
}

static bool
send_parts(const char *socket_path, struct iovec *parts, size_t count)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct msghdr message = {
        .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = parts, .msg_iovlen = count};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool sent;

    if (fd < 0)
        return false;
    snprintf(to.sun_path, sizeof(to.sun_path), "%s", socket_path);
    sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
    close(fd);
    return sent;
}

bool
journal_send(const char *socket_path, int priority, const char *subject, struct span message)
{
    char fields[FIELDS_SIZE];
    // By its length, so that no byte of it can begin another field.
    const uint64_t length = htole64(strlen(subject) + 2 + message.length);
    struct iovec parts[] = {
        {.iov_base = fields},
        {.iov_base = (void *)"MESSAGE\n", .iov_len = 8},
        {.iov_base = (void *)&length, .iov_len = sizeof(length)},
        {.iov_base = (void *)subject, .iov_len = strlen(subject)},
        {.iov_base = (void *)": ", .iov_len = 2},
        {.iov_base = (void *)message.at, .iov_len = message.length},
        {.iov_base = (void *)"\n", .iov_len = 1},
    };

    snprintf(fields, sizeof(fields), "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\n", priority,
             program_invocation_short_name);
    add_subject(fields, subject);
    parts[0].iov_len = strlen(fields);
    return send_parts(socket_path, parts, sizeof(parts) / sizeof(parts[0]));
}
