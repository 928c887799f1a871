// See run_files.h.
#include "client/run_files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE ((size_t)65536)

// In memory where the folder's file system has no files without a name.
static int
make_file(void)
{
    const char *folder = getenv("TMPDIR");
    int fd = open(folder != NULL && folder[0] == '/' ? folder : "/tmp",
                  O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);

    if (fd < 0 && errno != EMFILE && errno != ENFILE)
        fd = memfd_create("offload-output", MFD_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

int
run_files_open(struct job *job)
{
    for (int i = 0; i < 2; i++) {
        int fd = make_file();

        if (fd < 0)
            return fd;
        job->files[i] = fd;
    }
    return 0;
}

void
run_files_clear(struct job *job)
{
    for (int i = 0; i < 2; i++)
        if (ftruncate(job->files[i], 0) != 0 || lseek(job->files[i], 0, SEEK_SET) != 0)
            return; // then the output of both tries is there
}

static void
write_errors(struct span text)
{
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};

    while (text.length > 0) {
        ssize_t wrote = write(STDERR_FILENO, text.at, text.length);

        if (wrote > 0)
            text = (struct span){text.at + wrote, text.length - (size_t)wrote};
        else if (errno == EAGAIN)
            poll(&ready, 1, -1);
        else if (errno != EINTR)
            return; // nobody can be told
    }
}

static void
put(struct output *output, struct span text)
{
    if (output == NULL) {
        write_errors(text);
        return;
    }
    output_add(output, text);
    output_finish(output);
}

// Text that begins at the start of a line unless `inside`; *inside is then that of what follows.
static void
put_tagged(struct output *output, struct span tag, struct span text, bool *inside)
{
    while (text.length > 0) {
        const char *newline = memchr(text.at, '\n', text.length);
        size_t length = newline != NULL ? (size_t)(newline - text.at) + 1 : text.length;

        if (!*inside) {
            put(output, tag);
            put(output, SPAN("\t"));
        }
        put(output, (struct span){text.at, length});
        *inside = newline == NULL;
        text = (struct span){text.at + length, text.length - length};
    }
}

// How much of it ends in a newline.
static size_t
whole_lines(struct span text)
{
    const char *newline = memrchr(text.at, '\n', text.length);

    return newline != NULL ? (size_t)(newline - text.at) + 1 : 0;
}

// The place of the file is where printing goes on.
static void
print_file(int fd, struct span tag, struct output *output, bool ended)
{
    char *piece = malloc(PIECE);
    bool inside = false; // of a line
    ssize_t got;

    while (piece != NULL && (got = read(fd, piece, PIECE)) > 0) {
        struct span text = {piece, (size_t)got};

        // A line longer than the piece is printed as it comes.
        if (!ended && text.length < PIECE)
            text.length = whole_lines(text);
        if (span_present(tag))
            put_tagged(output, tag, text, &inside);
        else
            put(output, text);
        if (text.length < (size_t)got) {
            lseek(fd, (off_t)text.length - got, SEEK_CUR);
            break;
        }
    }
    free(piece);
}

static bool
has_more(int fd)
{
    struct stat about;

    return fd > 0 && fstat(fd, &about) == 0 && about.st_size > lseek(fd, 0, SEEK_CUR);
}

bool
run_files_speak(const struct job *job)
{
    return has_more(job->files[1]) || (has_more(job->files[0]) && isatty(STDOUT_FILENO));
}

void
run_files_print(struct job *job, struct output *output, bool ended)
{
    if (job->files[0] <= 0 || job->files[1] <= 0)
        return;
    print_file(job->files[0], job_span(job->tag), output, ended);
    print_file(job->files[1], job_span(job->tag), NULL, ended);
}
