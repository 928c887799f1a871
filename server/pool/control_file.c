// See control_file.h.
#include "pool/control_file.h"

#include "common/units.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX 4096

int
control_write(int directory, const char *name, const char *text)
{
    int fd = openat(directory, name, O_WRONLY | O_CLOEXEC);
    int error = 0;

    if (fd < 0)
        return -errno;
    if (write(fd, text, strlen(text)) < 0)
        error = -errno;
    close(fd);
    return error;
}

int
control_read(int directory, const char *name, char *text, size_t size)
{
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    ssize_t n;
    int error;

    if (fd < 0)
        return -errno;
    do {
        n = read(fd, text + length, size - length);
        length += n > 0 ? (size_t)n : 0;
    } while (n > 0 && length < size);
    error = n < 0 ? -errno : length == size ? -EFBIG : 0;
    close(fd);
    if (error == 0)
        text[length] = '\0';
    return error;
}

// The text of a line, which is cut there.
static int
parse(char *line, uint64_t *ret)
{
    line[strcspn(line, "\n")] = '\0';
    return units_parse_number(line, 0, UINT64_MAX, ret) ? 0 : -EBADMSG;
}

int
control_read_number(int directory, const char *name, uint64_t *ret)
{
    char text[64];
    int error = control_read(directory, name, text, sizeof(text));

    return error == 0 ? parse(text, ret) : error;
}

int
control_read_entry(int directory, const char *name, const char *key, uint64_t *ret)
{
    char text[FILE_MAX];
    int error = control_read(directory, name, text, sizeof(text));
    size_t length = strlen(key);
    char *line = text;

    if (error != 0)
        return error;
    while (strncmp(line, key, length) != 0 || line[length] != ' ') {
        line = strchr(line, '\n');
        if (line == NULL)
            return -EBADMSG;
        line++;
    }
    return parse(line + length + 1, ret);
}
