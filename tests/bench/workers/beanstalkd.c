// bench_worker_beanstalkd: a worker of beanstalkd. Debian has no library for C; the protocol is a
// few lines of text. It puts the answer, deletes the job and reserves the next with one write.
//
//     bench_worker_beanstalkd PORT echo|burn
#include "../buffer.h"
#include "../digits.h"
#include "../work.h"

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define READ_MAX 262144

struct worker {
    int fd;
    bool burn;
    char tube[32]; // that is in use
    struct buffer in;
    struct buffer out;
};

// The next line, without its end; good until the next call.
static const char *
line(struct worker *worker)
{
    char *end;

    while (buffer_length(&worker->in) == 0 ||
           (end = memchr(buffer_at(&worker->in), '\n', buffer_length(&worker->in))) == NULL)
        if (buffer_read(&worker->in, worker->fd, READ_MAX) <= 0)
            errx(1, "beanstalkd has closed the connection");
    const char *text = buffer_at(&worker->in);
    end[-1] = '\0';
    buffer_take(&worker->in, (size_t)(end + 1 - text));
    return text;
}

static void
expect(struct worker *worker, const char *word)
{
    const char *text = line(worker);

    if (strncmp(text, word, strlen(word)) != 0)
        errx(1, "beanstalkd says %s, not %s", text, word);
}

static void
send_all(struct worker *worker)
{
    while (buffer_length(&worker->out) > 0)
        if (buffer_write(&worker->out, worker->fd) < 0)
            err(1, "write");
}

static void
put_number(struct buffer *out, uint64_t number)
{
    char digits[DIGITS_MAX];

    buffer_put(out, digits, (size_t)(digits_write(digits, number) - digits));
}

// A job is "TUBE PARAMS", and the answer goes to that tube. Returns whether the tube was changed.
static bool
put_answer(struct worker *worker, const char *job, size_t length)
{
    char scratch[WORK_ANSWER_MAX];
    const char *space = memchr(job, ' ', length), *answer;
    size_t tube = space == NULL ? 0 : (size_t)(space - job), answer_length;
    bool changed = strncmp(worker->tube, job, tube) != 0 || worker->tube[tube] != '\0';

    if (tube == 0 || tube >= sizeof(worker->tube))
        errx(1, "no job: %.*s", (int)length, job);
    answer = work_answer(worker->burn, space + 1, length - tube - 1, scratch, &answer_length);
    if (answer == NULL)
        errx(1, "no job: %.*s", (int)length, job);
    if (changed) {
        memcpy(worker->tube, job, tube);
        worker->tube[tube] = '\0';
        buffer_puts(&worker->out, "use ");
        buffer_puts(&worker->out, worker->tube);
        buffer_puts(&worker->out, "\r\n");
    }
    buffer_puts(&worker->out, "put 0 0 100 ");
    put_number(&worker->out, answer_length);
    buffer_puts(&worker->out, "\r\n");
    buffer_put(&worker->out, answer, answer_length);
    buffer_puts(&worker->out, "\r\n");
    return changed;
}

static void
serve_one(struct worker *worker)
{
    const char *text = line(worker);
    unsigned long long id;
    size_t length;

    if (sscanf(text, "RESERVED %llu %zu", &id, &length) != 2)
        errx(1, "beanstalkd says %s", text);
    while (buffer_length(&worker->in) < length + 2)
        if (buffer_read(&worker->in, worker->fd, READ_MAX) <= 0)
            errx(1, "beanstalkd has closed the connection");
    bool changed = put_answer(worker, buffer_at(&worker->in), length);
    buffer_take(&worker->in, length + 2);
    buffer_puts(&worker->out, "delete ");
    put_number(&worker->out, id);
    buffer_puts(&worker->out, "\r\nreserve\r\n");
    send_all(worker);
    if (changed)
        expect(worker, "USING");
    expect(worker, "INSERTED");
    expect(worker, "DELETED");
}

static int
connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
        err(1, "connecting to port %d", port);
    return fd;
}

int
main(int argc, char **argv)
{
    struct worker worker = {.tube = ""};

    if (argc != 3)
        errx(2, "usage: bench_worker_beanstalkd PORT echo|burn");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    worker.burn = strcmp(argv[2], "burn") == 0;
    worker.fd = connect_to(atoi(argv[1]));
    buffer_puts(&worker.out, "watch jobs\r\nignore default\r\nreserve\r\n");
    send_all(&worker);
    expect(&worker, "WATCHING");
    expect(&worker, "WATCHING");
    puts("ready");
    fflush(stdout);
    for (;;)
        serve_one(&worker);
}
