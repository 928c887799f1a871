// See run_child.h.
#include "client/run_child.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool
run_child_is_meant(char *const *argv)
{
    return argv[0] != NULL && argv[1] != NULL && strcmp(argv[1], RUN_CHILD_WORD) == 0 &&
           argv[2] == NULL;
}

static void __attribute__((noreturn, format(printf, 2, 3)))
give_up(int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("offload: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("\n", stderr);
    va_end(arguments);
    _exit(status);
}

// The whole of a file that tells no size. malloc, NUL-terminated; NULL on failure.
static char *
read_all(int fd, size_t *ret_length)
{
    size_t room = 65536, length = 0;
    char *text = malloc(room);
    ssize_t got;

    while (text != NULL && (got = read(fd, text + length, room - length - 1)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return NULL;
        length += (size_t)got;
        if (room - length < 2)
            text = realloc(text, room *= 2);
    }
    if (text != NULL)
        text[length] = '\0';
    *ret_length = length;
    return text;
}

// The client's own environment, and the number of the job.
static void
take_environment(long client, long long seq)
{
    char path[64], number[32];
    size_t length;
    char *text;
    int fd;

    snprintf(path, sizeof(path), "/proc/%ld/environ", client);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    text = fd >= 0 ? read_all(fd, &length) : NULL;
    if (text == NULL)
        give_up(RUN_CHILD_NOT_RUN, "cannot read the environment: %s", strerror(errno));
    snprintf(number, sizeof(number), "%s",
             getenv("OFFLOAD_SLOT") != NULL ? getenv("OFFLOAD_SLOT") : "0");
    clearenv();
    for (char *at = text; at < text + length; at += strlen(at) + 1)
        if (strchr(at, '=') != NULL)
            putenv(at);
    setenv("OFFLOAD_SLOT", number, 1);
    snprintf(number, sizeof(number), "%lld", seq);
    setenv("OFFLOAD_SEQ", number, 1);
}

// Opens a file of the client's anew: it has its own place then, at the end.
static void
take_file(long client, json_t *number, int target)
{
    char path[64];
    int fd;

    snprintf(path, sizeof(path), "/proc/%ld/fd/%lld", client,
             (long long)json_integer_value(number));
    fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0 || dup2(fd, target) < 0)
        give_up(RUN_CHILD_NOT_RUN, "cannot open %s: %s", path, strerror(errno));
}

static char **
make_argv(const json_t *words)
{
    size_t count = json_array_size(words);
    char **argv = calloc(count + 1, sizeof(char *));

    for (size_t i = 0; argv != NULL && i < count; i++)
        argv[i] = (char *)(uintptr_t)json_string_value(json_array_get(words, i));
    return count > 0 ? argv : NULL;
}

void
run_child(void)
{
    size_t length = 0;
    char *text = read_all(STDIN_FILENO, &length);
    json_t *told = text != NULL ? json_loadb(text, length, 0, NULL) : NULL;
    json_t *files = json_object_get(told, "files");
    long client = (long)json_integer_value(json_object_get(told, "client"));
    char **argv = make_argv(json_object_get(told, "argv"));
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (argv == NULL || null < 0 || dup2(null, STDIN_FILENO) < 0)
        give_up(RUN_CHILD_NOT_RUN, "%s is for 'offload run' alone", RUN_CHILD_WORD);
    take_file(client, json_array_get(files, 1), STDERR_FILENO);
    take_file(client, json_array_get(files, 0), STDOUT_FILENO);
    take_environment(client, (long long)json_integer_value(json_object_get(told, "seq")));
    execvp(argv[0], argv);
    give_up(errno == ENOENT ? RUN_CHILD_NOT_FOUND : RUN_CHILD_NOT_RUN, "%s: %s", argv[0],
            strerror(errno));
}
